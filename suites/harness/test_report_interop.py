"""JUnit and the job summary: what other readers make of them, and that hostile text stays text."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped, xunit2
from markdown_it import MarkdownIt

from harness.judge import judge
from harness.model.result import Output, Status, TestRecord
from harness.report import as_junit, as_summary, build
from harness.report.markdown import block, code, inline
from harness.report.shape import View
from suites.harness.run_builder import RunBuilder, alike
from suites.harness.sample_extremes import HOSTILE, hostile, large
from suites.harness.sample_runs import approved, blocked, incomplete


def view_of(builder: RunBuilder, **how: object) -> View:
    run = builder.run(**how)  # type: ignore[arg-type]
    return build(run, judge(run))


def totals(xml: JUnitXml) -> tuple[int, int, int, int]:
    """Counted from the cases themselves, not from the attributes."""
    found: Counter[type] = Counter()
    tests = 0
    for suite in xml:
        for case in suite:
            tests += 1
            found.update(type(result) for result in case.result)
    return tests, found[Failure], found[Error], found[Skipped]


# JUnit


@pytest.mark.parametrize("example", [approved, blocked, incomplete])
def test_junit_is_as_agreed(
    example: Callable[[], RunBuilder], golden: Callable[[str, bytes], None]
) -> None:
    golden(f"{example.__name__}.xml", as_junit(view_of(example())))


@pytest.mark.parametrize("builder", [approved(), blocked(), incomplete(), hostile(), large(50, 4)])
def test_junit_read_back_gives_the_same_counts(builder: RunBuilder) -> None:
    view = view_of(builder)
    xml = JUnitXml.fromstring(as_junit(view))
    assert totals(xml) == (xml.tests, xml.failures, xml.errors, xml.skipped)
    again = JUnitXml.fromstring(xml.tostring())
    again.update_statistics()
    assert totals(again) == (again.tests, again.failures, again.errors, again.skipped)
    assert totals(again) == totals(xml)
    for suite in xml:
        cases = list(suite)
        assert suite.tests == len(cases)


def test_a_check_with_tests_has_one_case_for_each_and_one_without_has_one() -> None:
    suites = {suite.name: suite for suite in JUnitXml.fromstring(as_junit(view_of(approved())))}
    assert suites["v7-1/unit"].tests == 24
    assert suites["v7-0/core"].tests == 1
    assert suites["v7-1/mlx"].skipped == 1


def test_what_is_not_a_pass_is_never_written_as_one() -> None:
    builder = RunBuilder()
    builder.check("p/errored", Status.ERRORED, message="no compiler")
    builder.preclude("p/precluded", "cut short")
    builder.check("p/crashed", Status.FAILED, message="crashed at exit", tests=alike("s", 3))
    suites = {suite.name: suite for suite in JUnitXml.fromstring(as_junit(view_of(builder)))}
    assert suites["p/errored"].errors == 1
    assert suites["p/precluded"].errors == 1
    # All of its tests passed and it failed all the same: the check says so in a case of its own.
    assert (suites["p/crashed"].tests, suites["p/crashed"].failures) == (4, 1)


@pytest.mark.parametrize(
    ("builder", "failures", "errors"),
    [(approved(), 0, 0), (blocked(), 1, 0), (incomplete(), 0, 1), (RunBuilder(), 0, 1)],
)
def test_the_verdict_is_a_case_of_its_own(builder: RunBuilder, failures: int, errors: int) -> None:
    *_, verdict = JUnitXml.fromstring(as_junit(view_of(builder)))
    assert (verdict.name, verdict.failures, verdict.errors) == ("verdict", failures, errors)
    facts = {item.name: item.value for item in verdict.properties()}
    assert facts["run"] == "20261123-074151-7f3a"


def test_a_waived_failure_is_a_failure_with_its_waiver_beside_it() -> None:
    suites = {suite.name: suite for suite in JUnitXml.fromstring(as_junit(view_of(blocked())))}
    facts = {item.name: item.value for item in suites["v7-1/vendor"].properties()}
    assert suites["v7-1/vendor"].failures == 1
    assert facts["waived"].startswith("Ada Lovelace, until 2026-12-31")


def attempts(builder: RunBuilder) -> dict[str, list[tuple[str, str, str]]]:
    """Of every case with attempts before its last: their elements, messages and traces."""
    document = as_junit(view_of(builder))
    xml = xunit2.JUnitXml.fromstring(document)
    again = JUnitXml.fromstring(document)
    again.update_statistics()
    assert totals(again) == (again.tests, again.failures, again.errors, again.skipped)
    assert sum(suite.tests for suite in xml) == again.tests
    return {
        case.name: [(one._tag, one.message, one.stack_trace) for one in case.interim_result]
        for suite in xml
        for case in suite
        if case.interim_result
    }


def test_a_test_that_passed_at_last_keeps_how_it_failed_before() -> None:
    failed = TestRecord(id="s::a", status=Status.FAILED, message="one\ntwo", output="printed")
    broken = TestRecord(id="s::a", status=Status.ERRORED, message="no room")
    builder = RunBuilder()
    builder.check("p/x", Status.FAILED, tests=[failed, *alike("s", 2)])
    builder.check("p/x", Status.FAILED, attempt=2, tests=[broken, *alike("s", 2)])
    builder.check("p/x", attempt=3, tests=[TestRecord(id="s::a", status=Status.PASSED)])
    assert attempts(builder) == {
        "a": [("flakyFailure", "one", "one\ntwo"), ("flakyError", "no room", "no room")]
    }
    case = next(iter(xunit2.JUnitXml.fromstring(as_junit(view_of(builder)))))
    (first, _) = next(iter(case)).interim_result
    assert first.system_out == "printed"


def test_a_test_that_failed_every_time_has_its_reruns() -> None:
    test = TestRecord(id="s::a", status=Status.FAILED, message="first")
    last = TestRecord(id="s::a", status=Status.FAILED, message="last")
    builder = RunBuilder()
    builder.check("p/x", Status.FAILED, tests=[test])
    builder.check("p/x", Status.FAILED, attempt=2, tests=[last])
    assert attempts(builder) == {"a": [("rerunFailure", "first", "first")]}
    xml = JUnitXml.fromstring(as_junit(view_of(builder)))
    assert totals(xml) == (2, 2, 0, 0)  # the test once, and the verdict


def test_an_attempt_that_no_test_tells_of_is_told_by_the_check() -> None:
    builder = RunBuilder()
    builder.check("p/x", Status.ERRORED, title="X holds", message="no answer in 30 s")
    builder.check("p/x", attempt=2, tests=alike("s", 3))
    builder.check("p/gone", Status.FAILED, title="Gone", message="1 failed", tests=[
        TestRecord(id="s::vanished", status=Status.FAILED, message="no"),
    ])  # fmt: skip
    builder.check("p/gone", attempt=2, tests=alike("s", 1))
    assert attempts(builder) == {
        "X holds": [("flakyError", "no answer in 30 s", "no answer in 30 s")],
        "Gone": [("flakyFailure", "1 failed", "1 failed")],
    }


def test_a_check_without_tests_keeps_its_attempts() -> None:
    builder = RunBuilder()
    builder.check("p/x", Status.FAILED, title="X", message="first")
    builder.check("p/x", Status.ERRORED, attempt=2, message="second")
    assert attempts(builder) == {"X": [("rerunFailure", "first", "first")]}


def test_a_runner_that_retried_by_itself_is_believed() -> None:
    builder = RunBuilder()
    test = TestRecord(id="s::a", status=Status.FLAKY, attempts=2, message="at first no")
    builder.check("p/x", Status.FLAKY, tests=[test])
    assert attempts(builder) == {"a": [("flakyFailure", "at first no", "at first no")]}


def test_hostile_text_stays_text_in_xml() -> None:
    document = as_junit(view_of(hostile()))
    root = ET.fromstring(document)
    assert {node.tag for node in root.iter()} == {
        "testsuites", "testsuite", "properties", "property", "testcase", "failure", "system-out",
    }  # fmt: skip
    assert b"\x1b" not in document
    assert b"]]>" not in document
    assert len(document) < 400_000
    failure = root.find(".//failure")
    assert failure is not None
    assert "<script>alert(1)</script>" in (failure.text or "")
    assert "\n# heading\n" in (failure.text or "")


def test_an_attribute_keeps_its_line_ends_and_quotes() -> None:
    builder = RunBuilder()
    builder.check("p/x", title="a \"b\" <c> & 'd'\n\te")
    root = ET.fromstring(as_junit(view_of(builder)))
    (title,) = [n.get("value") for n in root.iter("property") if n.get("name") == "title"]
    assert title == "a \"b\" <c> & 'd'\n\te"


# Summary


@pytest.mark.parametrize("example", [approved, blocked, incomplete])
def test_the_summary_is_as_agreed(
    example: Callable[[], RunBuilder], golden: Callable[[str, bytes], None]
) -> None:
    golden(f"{example.__name__}.md", as_summary(view_of(example())).encode())


def test_the_summary_says_how_to_repeat_every_failure() -> None:
    view = view_of(blocked())
    text = as_summary(view)
    for name in view.attention:
        assert view.checks()[name].reproduce in text
    assert "waived until 2026-12-31" in text


@pytest.mark.parametrize("limit", [4_000, 10_000, 100_000])
@pytest.mark.parametrize("builder", [large(400, 5, failed=400), hostile(), blocked()])
def test_the_summary_keeps_to_its_limit_and_says_what_it_left_off(
    builder: RunBuilder, limit: int
) -> None:
    view = view_of(builder)
    text = as_summary(view, limit)
    assert len(text.encode()) <= limit
    assert "BLOCKED" in text
    assert text.count("#### ") == len(view.attention) or "Left off for length" in text
    assert Elements(text).seen["h2"] == 1


class Elements(HTMLParser):
    """The elements of what a Markdown reader makes of a summary; unclosed ones fail."""

    def __init__(self, summary: str) -> None:
        super().__init__()
        self.seen: Counter[str] = Counter()
        self.open: list[str] = []
        self.feed(MarkdownIt("commonmark", {"html": True}).enable("table").render(summary))
        self.close()
        assert self.open == [], f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen[tag] += 1
        if tag not in {"br", "hr", "img"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag


def test_hostile_text_stays_text_in_markdown() -> None:
    text = as_summary(view_of(hostile()))
    elements = Elements(text).seen
    assert set(elements) <= {
        "h2", "h3", "h4", "p", "ul", "li", "strong", "em", "code", "pre", "details", "summary",
        "sub", "table", "thead", "tbody", "tr", "th", "td",
    }  # fmt: skip
    assert elements["h2"] == 1
    assert elements["details"] == elements["summary"] == 1
    # A row of the table for one phase and one for its head: no text made another.
    assert (elements["tr"], elements["th"], elements["td"]) == (2, 8, 8)
    # Readers that link bare addresses and names find none outside code.
    prose = re.sub(r"(?s)(?<!\\)(`+)(?!`).+?(?<!`)\1(?!`)", "", text)
    assert "http://" not in prose
    assert "@everyone" not in prose


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("plain words, 7.0.0", "plain words, 7.0.0"),
        ("*a* _b_ [c](d) `e`", "\\*a\\* \\_b\\_ \\[c\\](d) \\`e\\`"),
        ("<b>&amp;", "&lt;b&gt;&amp;amp;"),
        ("- item", "\\- item"),
        ("1. item", "1&#8203;. item"),
        ("see http://x.y and www.x.y", "see http&#58;//x.y and www&#46;x.y"),
        ("a\nb  c", "a b c"),
    ],
)
def test_inline_text_starts_no_markup(text: str, escaped: str) -> None:
    assert inline(text) == escaped


def test_code_cannot_be_closed_from_inside() -> None:
    assert code("a `b` c") == "``a `b` c``"
    assert code("`a`") == "`` `a` ``"
    assert code("a|b", in_table=True) == "`a\\|b`"
    assert block("x\n````\ny").startswith("`````text\n")
    assert block(HOSTILE).count("\n`````") == 1


def test_a_deselected_check_is_no_failure_in_the_summary() -> None:
    builder = RunBuilder()
    builder.check("p/ok")
    builder.deselect("p/other")
    assert "Look at these first" not in as_summary(view_of(builder))


def test_a_dropped_middle_of_an_output_is_said() -> None:
    builder = RunBuilder()
    output = Output(head="begin", tail="end", total_bytes=9_000_000, dropped_bytes=8_999_992)
    builder.check("p/x", Status.FAILED, message="no", output=output)
    assert "[... 8,999,992 bytes not kept ...]" in as_summary(view_of(builder))
