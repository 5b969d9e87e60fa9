"""A run as a trace: the pure half. Ids follow from the run, spans from its journal."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from harness.judge import judge
from harness.model.event import RunResumed, decode, encode
from harness.model.result import Status, TestRecord
from harness.model.run import Run, fold
from harness.model.trace import Span, SpanIds, SpanKind, Trace, TraceExport, received
from harness.report import trace as report_trace
from harness.report.trace import as_trace
from suites.harness.run_builder import WAIVER, RunBuilder, alike
from suites.harness.sample_extremes import hostile, large
from suites.harness.sample_runs import approved, blocked, incomplete

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
ZERO = 1_795_420_000_123_456_789


def trace_of(run: Run) -> TraceExport:
    return as_trace(run, judge(run))


def traced(builder: RunBuilder, trace: Trace, **how: str) -> TraceExport:
    header, *events = builder.all_events(**how)
    return trace_of(fold([replace(header, trace=trace), *events]))


def by_check(trace: TraceExport) -> dict[str, list[Span]]:
    found: dict[str, list[Span]] = {}
    for span in trace.spans:
        if name := span.attributes.get("release_manager.check"):
            found.setdefault(str(name), []).append(span)
    return found


def spans_of_tests(trace: TraceExport) -> list[Span]:
    return [span for span in trace.spans if "test.case.name" in span.attributes]


@pytest.mark.parametrize("builder", [approved(), blocked(), incomplete(), hostile(), RunBuilder()])
def test_spans_are_one_tree_within_their_parents(builder: RunBuilder) -> None:
    trace = trace_of(builder.run())
    assert re.fullmatch("[0-9a-f]{32}", trace.trace_id)
    root, *others = trace.spans
    assert (root.parent, root.kind) == ("", SpanKind.SERVER)
    seen = {root.span_id: root}
    for span in others:
        parent = seen[span.parent]  # parents before children, no orphan
        assert re.fullmatch("[0-9a-f]{16}", span.span_id)
        assert span.span_id not in seen
        assert parent.start_ns <= span.start_ns <= span.end_ns <= parent.end_ns, span.name
        assert span.kind is SpanKind.INTERNAL
        seen[span.span_id] = span


@pytest.mark.parametrize("builder", [approved(), blocked(), incomplete(), hostile()])
def test_every_check_of_the_plan_has_its_span_and_result(builder: RunBuilder) -> None:
    run = builder.run()
    found = by_check(trace_of(run))
    assert len(found) == len(run.results)
    for result, (span, *_) in zip(run.results, found.values(), strict=True):
        assert span.attributes["release_manager.status"] == result.status.value
        assert span.attributes["cicd.pipeline.task.run.result"] in {
            "success", "failure", "error", "timeout", "cancellation", "skip",
        }  # fmt: skip
        assert (span.error is not None) == (result.status in {Status.FAILED, Status.ERRORED})
        assert ("error.type" in span.attributes) == (span.error is not None)


@pytest.mark.parametrize(
    ("builder", "how", "result", "kind"),
    [
        (approved(), {}, "success", None),
        (blocked(), {}, "failure", "failed"),
        (incomplete(), {}, "error", "precluded"),
        (incomplete(), {"interrupted": "SIGINT"}, "cancellation", None),
    ],
)
def test_the_run_carries_the_verdict(
    builder: RunBuilder, how: dict[str, str], result: str, kind: str | None
) -> None:
    root = trace_of(builder.run(**how)).spans[0]
    assert root.name == "RUN Convergio"
    assert root.attributes["cicd.pipeline.result"] == result
    assert (root.error is None) == (result == "success")
    if kind:
        assert root.attributes["error.type"] == kind


def test_overrides_reuse_and_advice_stand_beside_a_result() -> None:
    builder = RunBuilder()
    builder.check("p/waived", Status.FAILED, message="no", override=WAIVER)
    builder.check("p/reused", reused_from="20261101-000000-aaaa")
    builder.check("p/advice", Status.FAILED, advisory=True)
    found = by_check(trace_of(builder.run()))
    (waived,), (reused,), (advice,) = found["p/waived"], found["p/reused"], found["p/advice"]
    assert waived.attributes["cicd.pipeline.task.run.result"] == "failure"
    assert waived.attributes["release_manager.override"] == "waived"
    assert waived.attributes["release_manager.override.owner"] == "Ada Lovelace"
    assert reused.attributes["release_manager.reused_from"] == "20261101-000000-aaaa"
    assert "process.exit.code" not in reused.attributes
    assert advice.attributes["release_manager.advisory"] is True


def test_one_attempt_is_the_check_and_several_stand_inside_it() -> None:
    builder = RunBuilder()
    builder.check("p/once", tests=alike("s", 2))
    builder.check("p/twice", Status.FAILED, message="no", tests=alike("s", 1, Status.FAILED))
    builder.check("p/twice", attempt=2, tests=alike("s", 1))
    run = builder.run()
    ids = SpanIds(run.header.run_id, None)
    trace = trace_of(run)
    found = by_check(trace)
    (once,) = found["p/once"]
    assert once.span_id == ids.attempt("p/once", 1)
    whole, first, second = found["p/twice"]
    assert whole.span_id == ids.check("p/twice")
    assert (first.parent, second.parent) == (whole.span_id, whole.span_id)
    assert [first.span_id, second.span_id] == [ids.attempt("p/twice", n) for n in (1, 2)]
    assert whole.attributes["cicd.pipeline.task.run.result"] == "success"
    assert whole.attributes["release_manager.status"] == "flaky"
    assert first.attributes["cicd.pipeline.task.run.result"] == "failure"
    assert {span.parent for span in spans_of_tests(trace)} == {
        once.span_id, first.span_id, second.span_id,
    }  # fmt: skip


def test_a_deadline_is_a_timeout() -> None:
    builder = RunBuilder()
    builder.check("p/slow", Status.FAILED, timed_out=True, signal="SIGKILL", tests=alike("s", 1))
    ((span,),) = by_check(trace_of(builder.run())).values()
    assert span.attributes["cicd.pipeline.task.run.result"] == "timeout"
    assert span.attributes["test.suite.run.status"] == "timed_out"


def test_a_failed_test_has_its_message_as_an_exception() -> None:
    builder = RunBuilder()
    test = TestRecord(
        id="s::a", status=Status.FAILED, message="assert 1 == 2\nmore", file="t.py", line=7
    )
    builder.check("p/x", Status.FAILED, tests=[test, *alike("s", 1), replace(test, id="s::b",
                  status=Status.SKIPPED)])  # fmt: skip
    failed, passed, skipped = spans_of_tests(trace_of(builder.run()))
    assert failed.error == "assert 1 == 2"
    assert failed.events[0].attributes["exception.message"] == "assert 1 == 2\nmore"
    assert (failed.attributes["code.file.path"], failed.attributes["code.line.number"]) == (
        "t.py", 7,
    )  # fmt: skip
    assert failed.attributes["test.case.result.status"] == "fail"
    assert passed.attributes["test.case.result.status"] == "pass"
    assert "test.case.result.status" not in skipped.attributes


def test_tests_in_a_row_follow_each_other_and_tests_side_by_side_begin_together() -> None:
    builder = RunBuilder()
    builder.check("p/row", took=1.0, tests=alike("s", 3))
    builder.check("p/side", took=0.02, tests=alike("s", 3))
    spans = spans_of_tests(trace_of(builder.run()))
    row, side = spans[:3], spans[3:]
    assert [span.start_ns for span in row[1:]] == [span.end_ns for span in row[:2]]
    assert len({span.start_ns for span in side}) == 1
    assert all(span.attributes["release_manager.time.inferred"] is True for span in spans)


def test_tests_are_bounded_and_failures_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_trace, "MOST_TESTS", 10)
    trace = trace_of(large(8, 5, failed=8).run())
    shown = spans_of_tests(trace)
    assert Counter(span.attributes["release_manager.status"] for span in shown) == {
        "failed": 8, "passed": 2,
    }  # fmt: skip
    left = [spans[0].attributes.get("release_manager.tests.left_off", 0)
            for spans in by_check(trace).values()]  # fmt: skip
    assert sum(int(count) for count in left if not isinstance(count, tuple)) == 30


def test_a_trace_is_the_same_every_time_and_follows_from_the_journal() -> None:
    events = [decode(encode(event)) for event in blocked().all_events()]
    assert trace_of(fold(events)) == trace_of(blocked().run())


def test_the_parent_of_a_run_is_who_started_it() -> None:
    trace = traced(approved(), received(PARENT, "vendor=1", ZERO))
    assert trace.trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert trace.spans[0].parent == trace.remote_parent == "00f067aa0ba902b7"
    assert trace.state == "vendor=1"
    assert trace.spans[0].start_ns == ZERO


@pytest.mark.parametrize(
    "parent",
    [
        "", "x", PARENT.upper(), PARENT[:-1], PARENT + "-more", "ff" + PARENT[2:],
        "00-" + "0" * 32 + PARENT[35:], PARENT[:36] + "0" * 16 + "-01", PARENT + "\n",
    ],
)  # fmt: skip
def test_a_malformed_parent_is_as_if_it_were_not_there(parent: str) -> None:
    assert received(parent, "vendor=1", ZERO) == Trace(zero_ns=ZERO)


def test_a_later_version_may_say_more() -> None:
    assert received("01" + PARENT[2:] + "-more", "", 0).parent


@pytest.mark.parametrize("state", ["x" * 513, "a=\n", "a=é"])
def test_a_state_that_cannot_be_handed_on_is_dropped(state: str) -> None:
    assert received(PARENT, state, 0) == Trace(zero_ns=0, parent=PARENT)


def test_a_process_is_told_the_span_that_is_written_later() -> None:
    run = approved().run()
    ids = SpanIds(run.header.run_id, received(PARENT, "vendor=1", 0))
    told = ids.environment(ids.attempt("v7-0/core", 1))
    assert told["TRACESTATE"] == "vendor=1"
    version, trace_id, span_id, flags = told["TRACEPARENT"].split("-")
    assert (version, trace_id, flags) == ("00", ids.trace_id, "01")
    (span,) = by_check(trace_of(run))["v7-0/core"]
    assert span.span_id == span_id


def test_a_resumed_run_has_the_gap_in_it() -> None:
    builder = RunBuilder()
    builder.check("p/a", at=0.0, took=1.0)
    events = builder.all_events(finished=False)
    at = max(event.at for event in events)
    builder.events.append(
        RunResumed(at=at, resumed_at="2026-11-24T00:00:00Z", harness_version="7", command="again")
    )
    builder.check("p/b", at=at + 0.5, took=1.0)
    trace = trace_of(builder.run())
    (first,), (second,) = by_check(trace).values()
    assert second.start_ns - first.end_ns > 3_600 * 10**9


@given(st.text(), st.text(), st.integers(1, 1_000))
def test_ids_differ_where_anything_does(run: str, check: str, number: int) -> None:
    ids = SpanIds(run, None)
    found = [
        ids.run(), ids.phase(check), ids.service(check), ids.check(check),
        ids.attempt(check, number), ids.attempt(check, number + 1), ids.test(check, number, 0),
        SpanIds(run + "x", None).check(check),
    ]  # fmt: skip
    assert len(set(found)) == len(found)
