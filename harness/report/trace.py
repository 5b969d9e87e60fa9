"""A run as a trace, by OpenTelemetry's conventions for CI/CD, tests and version control.

    run (RUN project)
      phase
        check              one attempt: the check's span is the attempt's
          test             at most `MOST_TESTS` of a run, failures first, then the slowest
        check              several attempts: one span for each, inside
          attempt
            test
      service

Every check of the plan has its span: one that did not execute has a span without duration and says
why. A runner tells how long a test took and not when, so tests stand one behind the other and say
`release_manager.time.inferred`. What the conventions have no word for is `release_manager.*`.
https://opentelemetry.io/docs/specs/semconv/cicd/cicd-spans/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from harness.model.event import CheckFinished
from harness.model.plan import PlannedCheck
from harness.model.result import Conclusion, Status, TestRecord, Verdict
from harness.model.run import CheckResult, Run, ServiceRecord
from harness.model.trace import Attribute, Span, SpanEvent, SpanIds, SpanKind, TraceExport
from harness.report.text import both_ends, clip, first_line, plain

MOST_TESTS = 5_000
_NAME = 300
_TEXT = 1_000
_MESSAGE = 4_000
_SECOND = 1_000_000_000
_RESULT = {
    Conclusion.APPROVED: "success",
    Conclusion.BLOCKED: "failure",
    Conclusion.INCOMPLETE: "error",
}
_TASK_RESULT = {
    Status.PASSED: "success",
    Status.FAILED: "failure",
    Status.ERRORED: "error",
    Status.SKIPPED: "skip",
    Status.PRECLUDED: "skip",
}
_BROKEN = (Status.FAILED, Status.ERRORED)
_ARCH = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64"}
_TESTING = frozenset({"pytest", "cargo-test", "c-tests", "junit", "sanitizers"})

_Wall = Callable[[float], int]


def as_trace(run: Run, verdict: Verdict) -> TraceExport:
    """The trace of a run; the same journal always gives the same one."""
    header = run.header
    ids = SpanIds(header.run_id, header.trace)
    wall = _wall(run)
    chosen = _chosen_tests(run)
    spans = [_run_span(run, verdict, ids, wall)]
    for phase in header.plan.phases:
        results = [result for result in run.results if result.check.phase == phase.id]
        if not results:
            continue
        inside = [
            span for result in results for span in _check_spans(run, result, ids, wall, chosen)
        ]
        spans.append(
            Span(
                name=clip(plain(phase.title) or phase.id, _NAME),
                span_id=ids.phase(phase.id),
                parent=ids.run(),
                start_ns=min(span.start_ns for span in inside),
                end_ns=max(span.end_ns for span in inside),
                attributes={"release_manager.phase": phase.id},
            )
        )
        spans.extend(inside)
    spans.extend(_service_span(run, service, ids, wall) for service in run.services)
    return TraceExport(
        trace_id=ids.trace_id,
        remote_parent=ids.parent,
        state=header.trace.state if header.trace else "",
        resource=_resource(run),
        spans=tuple(spans),
    )


def _wall(run: Run) -> _Wall:
    """From seconds of the run to the wall clock; a resumed run has a gap in it."""
    header = run.header
    zero = header.trace.zero_ns if header.trace else 0
    first = zero or _nanoseconds(header.started_at) - int(header.at * _SECOND)
    steps = [
        (resumed.at, _nanoseconds(resumed.resumed_at) - int(resumed.at * _SECOND))
        for resumed in run.resumed
    ]

    def at(seconds: float) -> int:
        base = next((base for since, base in reversed(steps) if seconds > since), first)
        return base + int(seconds * _SECOND)

    return at


def _nanoseconds(moment: str) -> int:
    """ISO 8601 in UTC to nanoseconds since 1970; 0 for what is no moment."""
    try:
        return int(datetime.fromisoformat(moment).timestamp()) * _SECOND
    except ValueError:
        return 0


def _resource(run: Run) -> dict[str, Attribute]:
    header, source = run.header, run.header.source
    branch = source.get("branch", "")
    known: dict[str, Attribute] = {
        "service.name": "release-manager",
        "service.version": header.harness_version,
        "cicd.pipeline.name": clip(plain(header.plan.project), _NAME),
        "cicd.pipeline.run.id": header.run_id,
        "host.arch": _ARCH.get(header.plan.host.machine, header.plan.host.machine),
        "os.type": header.plan.host.system,
        "vcs.ref.head.revision": plain(source.get("commit", "")),
    }
    if branch and not branch.startswith("("):
        known["vcs.ref.head.name"] = plain(branch)
        known["vcs.ref.head.type"] = "branch"
    return {name: value for name, value in known.items() if value}


def _run_span(run: Run, verdict: Verdict, ids: SpanIds, wall: _Wall) -> Span:
    header, plan = run.header, run.header.plan
    result = _RESULT[verdict.conclusion]
    if run.interrupted and verdict.conclusion is Conclusion.INCOMPLETE:
        result = "cancellation"
    attributes: dict[str, Attribute] = {
        "cicd.pipeline.action.name": "RUN",
        "cicd.pipeline.result": result,
        "release_manager.verdict": verdict.conclusion.value,
        "release_manager.profile": verdict.profile,
        "release_manager.selection": clip(plain(plan.selection), _TEXT),
        "release_manager.command": clip(plain(header.command), _TEXT),
        "release_manager.event": plan.host.event,
        "release_manager.checks": len(run.results),
        "release_manager.deselected": len(plan.deselected),
    }
    error = None
    if result != "success":
        first = verdict.reasons[0] if verdict.reasons else None
        condition = first.condition if first else None
        attributes["error.type"] = (
            condition.value if condition else verdict.conclusion.value.lower()
        )
        error = clip(plain(first.text), _TEXT) if first else verdict.conclusion.value
    return Span(
        name=f"RUN {clip(plain(plan.project), _NAME)}".strip(),
        span_id=ids.run(),
        parent=ids.parent,
        start_ns=wall(0.0),
        end_ns=wall(run.duration),
        attributes=attributes,
        kind=SpanKind.SERVER,
        error=error,
    )


def _check_spans(
    run: Run, result: CheckResult, ids: SpanIds, wall: _Wall, chosen: dict[str, set[int]]
) -> Iterator[Span]:
    """The span of a check; of its attempts, where it has several; of their tests."""
    check, attempts = result.check, result.attempts
    several = len(attempts) > 1
    number = attempts[0].attempt if attempts else 1
    span_id = ids.check(check.id) if several else ids.attempt(check.id, number)
    begin, end = _times(run, result)
    yield Span(
        name=clip(plain(check.title) or check.id, _NAME),
        span_id=span_id,
        parent=ids.phase(check.phase),
        start_ns=wall(begin),
        end_ns=wall(end),
        attributes=_check_attributes(run, result, chosen),
        error=_error(result.status, result.reason),
    )
    for attempt in attempts:
        parent = span_id
        if several:
            parent = ids.attempt(check.id, attempt.attempt)
            yield _attempt_span(check, attempt, parent, span_id, wall)
        yield from _test_spans(check, attempt, parent, ids, wall, chosen)


def _times(run: Run, result: CheckResult) -> tuple[float, float]:
    """When a check began and ended; what never began stands where that was decided."""
    if result.start is not None:
        return result.start, run.duration if result.end is None else result.end
    moment = 0.0 if result.status is Status.SKIPPED else run.duration
    return moment, moment


def _check_attributes(
    run: Run, result: CheckResult, chosen: dict[str, set[int]]
) -> dict[str, Attribute]:
    check, last = result.check, result.last
    started = result.start is not None
    known: dict[str, Attribute | None] = {
        "cicd.pipeline.task.name": clip(plain(check.title) or check.id, _NAME),
        "cicd.pipeline.task.run.id": f"{run.header.run_id}/{plain(check.id)}",
        "cicd.pipeline.task.run.result": _task_result(result.status, last, started=started),
        "cicd.pipeline.task.type": _task_type(check),
        "error.type": result.status.value if result.status in _BROKEN else None,
        "process.command_line": clip(plain(result.command), _TEXT),
        "release_manager.check": plain(check.id),
        "release_manager.phase": check.phase,
        "release_manager.kind": check.kind,
        "release_manager.status": result.status.value,
        "release_manager.reason": clip(plain(result.reason or check.reason), _TEXT),
        "release_manager.skip": result.skip.value if result.skip else None,
        "release_manager.reused_from": result.reused_from,
        "release_manager.advisory": check.advisory or None,
        "release_manager.attempts": len(result.attempts) or None,
        "release_manager.failure": next(
            (one.outcome.failure.value for one in result.attempts if one.outcome.failure), None
        ),
        "release_manager.leaked": tuple(clip(plain(name), _NAME) for name in result.leaked),
        "release_manager.findings": len(result.findings) or None,
    }
    if check.test_overrides:
        known["release_manager.test_overrides"] = tuple(
            clip(plain(f"{one.test} {one.kind.value} until {one.expires} by {one.owner}"), _NAME)
            for one in check.test_overrides
        )
    if result.override is not None:
        given = result.override
        known |= {
            "release_manager.override": given.kind.value,
            "release_manager.override.reason": clip(plain(given.reason), _TEXT),
            "release_manager.override.owner": clip(plain(given.owner), _NAME),
            "release_manager.override.issue": clip(plain(given.issue), _NAME),
            "release_manager.override.expires": plain(given.expires),
        }
    if result.tests:
        bad = sum(test.status in _BROKEN for test in result.tests)
        shown = sum(len(chosen.get(_key(check.id, one), ())) for one in result.attempts)
        every = sum(len(one.outcome.tests) for one in result.attempts)
        known |= {
            "test.suite.name": plain(check.id),
            "test.suite.run.status": _suite_status(result.status, last),
            "release_manager.tests": len(result.tests),
            "release_manager.tests.failed": bad,
            "release_manager.tests.left_off": every - shown or None,
        }
    if last is not None and not result.reused_from:
        known |= _process(last)
    return {name: value for name, value in known.items() if value not in (None, "", ())}


def _process(attempt: CheckFinished) -> dict[str, Attribute | None]:
    usage = attempt.usage
    return {
        "process.exit.code": attempt.exit_code,
        "release_manager.signal": plain(attempt.signal),
        "release_manager.timed_out": attempt.timed_out or None,
        "release_manager.cpu_seconds": round(usage.user_seconds + usage.system_seconds, 3),
        "release_manager.max_rss_kib": usage.max_rss_kib or None,
    }


def _task_result(status: Status, last: CheckFinished | None, *, started: bool) -> str:
    """The convention's word; a flaky check's is how it ended at last."""
    if last is not None and last.timed_out and status is not Status.PASSED:
        return "timeout"
    if status is Status.FLAKY:
        final = last.outcome.status if last else status
        return "success" if final in (Status.PASSED, Status.FLAKY) else "failure"
    if status is Status.PRECLUDED and started:
        return "cancellation"
    return _TASK_RESULT[status]


def _task_type(check: PlannedCheck) -> str | None:
    if check.kind == "build":
        return "build"
    return "test" if check.kind in _TESTING or "test" in check.tags else None


def _suite_status(status: Status, last: CheckFinished | None) -> str:
    if last is not None and last.timed_out:
        return "timed_out"
    if status is Status.ERRORED:
        return "aborted"
    return "failure" if status is Status.FAILED else "success"


def _error(status: Status, reason: str) -> str | None:
    return clip(plain(reason) or status.value, _TEXT) if status in _BROKEN else None


def _attempt_span(
    check: PlannedCheck, attempt: CheckFinished, span_id: str, parent: str, wall: _Wall
) -> Span:
    status = attempt.outcome.status
    known: dict[str, Attribute | None] = {
        "cicd.pipeline.task.run.result": _task_result(status, attempt, started=True),
        "error.type": status.value if status in _BROKEN else None,
        "release_manager.check": plain(check.id),
        "release_manager.attempt": attempt.attempt,
        "release_manager.status": status.value,
        **_process(attempt),
    }
    return Span(
        name=f"attempt {attempt.attempt}",
        span_id=span_id,
        parent=parent,
        start_ns=wall(attempt.started),
        end_ns=wall(attempt.at),
        attributes={name: value for name, value in known.items() if value not in (None, "")},
        error=_error(status, attempt.outcome.message),
    )


def _key(check: str, attempt: CheckFinished) -> str:
    return f"{attempt.attempt}\0{check}"


def _chosen_tests(run: Run) -> dict[str, set[int]]:
    """The places of the tests that get a span, by attempt: failures first, then the slowest."""
    every = [
        (test, _key(result.check.id, attempt), place)
        for result in run.results
        for attempt in result.attempts
        for place, test in enumerate(attempt.outcome.tests)
    ]
    if len(every) > MOST_TESTS:
        every.sort(key=lambda one: (one[0].status not in _BROKEN, -(one[0].duration or 0.0)))
    chosen: dict[str, set[int]] = {}
    for _, key, place in every[:MOST_TESTS]:
        chosen.setdefault(key, set()).add(place)
    return chosen


def _test_spans(
    check: PlannedCheck,
    attempt: CheckFinished,
    parent: str,
    ids: SpanIds,
    wall: _Wall,
    chosen: dict[str, set[int]],
) -> Iterator[Span]:
    wanted = chosen.get(_key(check.id, attempt), set())
    tests = attempt.outcome.tests
    # Tests that ran side by side took longer together than their attempt did: all begin with it.
    in_a_row = sum(test.duration or 0.0 for test in tests) <= attempt.at - attempt.started
    begin = attempt.started
    for place, test in enumerate(tests):
        took = test.duration or 0.0
        if place in wanted:
            times = wall(begin), wall(min(begin + took, max(attempt.at, begin)))
            yield _test_span(check, test, ids.test(check.id, attempt.attempt, place), parent, times)
        if in_a_row:
            begin += took


def _test_span(
    check: PlannedCheck, test: TestRecord, span_id: str, parent: str, times: tuple[int, int]
) -> Span:
    known: dict[str, Attribute] = {
        "test.case.name": clip(plain(test.id), _TEXT),
        "test.suite.name": plain(check.id),
        "code.file.path": clip(plain(test.file), _TEXT),
        "release_manager.status": test.status.value,
        "release_manager.time.inferred": True,
    }
    if test.status is not Status.SKIPPED:
        known["test.case.result.status"] = "fail" if test.status in _BROKEN else "pass"
    if test.line:
        known["code.line.number"] = test.line
    if test.attempts > 1:
        known["release_manager.attempts"] = test.attempts
    events: tuple[SpanEvent, ...] = ()
    if test.status in _BROKEN:
        known["error.type"] = test.status.value
        said = both_ends(plain(test.message), _MESSAGE)
        # A span event that backends show as what went wrong.
        events = (
            SpanEvent(
                name="exception",
                at_ns=times[1],
                attributes={"exception.type": test.status.value, "exception.message": said},
            ),
        )
    return Span(
        name=clip(plain(test.id), _NAME),
        span_id=span_id,
        parent=parent,
        start_ns=times[0],
        end_ns=times[1],
        attributes={name: value for name, value in known.items() if value != ""},
        error=_error(test.status, first_line(test.message)),
        events=events,
    )


def _service_span(run: Run, service: ServiceRecord, ids: SpanIds, wall: _Wall) -> Span:
    end = run.duration if service.stopped is None else service.stopped
    ready: tuple[SpanEvent, ...] = ()
    if service.ready is not None:
        ready = (SpanEvent(name="ready", at_ns=wall(service.ready)),)
    attributes: dict[str, Attribute] = {"release_manager.service": plain(service.name)}
    if service.command:
        attributes["process.command_line"] = clip(plain(service.command), _TEXT)
    for port, number in service.ports.items():
        attributes[f"release_manager.port.{plain(port)}"] = number
    return Span(
        name=f"service {clip(plain(service.name), _NAME)}",
        span_id=ids.service(service.name),
        parent=ids.run(),
        start_ns=wall(service.started),
        end_ns=wall(end),
        attributes=attributes,
        error=None if service.expected else clip(plain(service.reason) or "ended", _TEXT),
        events=ready,
    )
