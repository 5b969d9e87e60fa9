"""At the limits of a job: ten annotations of a kind for a step, a summary of at most 1 MiB."""

from __future__ import annotations

import pytest

from harness.judge import judge
from harness.model.result import Finding, Severity, Status, TestRecord
from harness.report import as_summary, build
from harness.report.github import MOST_OF_A_KIND, annotations
from harness.report.shape import View
from suites.harness.run_builder import RunBuilder
from suites.harness.sample_extremes import large

SUMMARY_LIMIT = 1024 * 1024
"""Bytes; GitHub drops a step's summary above it whole."""


def view_of(builder: RunBuilder) -> View:
    run = builder.run()
    return build(run, judge(run))


def kinds_of(lines: list[str]) -> list[str]:
    return [line[2:].split(" ", 1)[0] for line in lines]


@pytest.mark.parametrize("failing", [9, 10, 11])
def test_the_tenth_error_is_shown_and_the_eleventh_said(failing: int) -> None:
    builder = RunBuilder()
    for number in range(failing):
        builder.check(f"p/{number:02d}", Status.FAILED, message="no")
    lines = annotations(view_of(builder))
    shown = min(failing + 1, MOST_OF_A_KIND)  # the verdict is the first
    left_off = failing + 1 - shown
    assert kinds_of(lines) == ["error"] * shown + ["notice"] * bool(left_off)
    if left_off:
        more = "1 more error" if left_off == 1 else f"{left_off} more errors"
        assert lines[-1].split("::")[2].startswith(f"{more} of this run")


@pytest.mark.parametrize("warned", [10, 11])
def test_warnings_have_ten_places_of_their_own(warned: int) -> None:
    warnings = [
        Finding(message=f"unused {number}", severity=Severity.WARNING, file="a.c", line=number + 1)
        for number in range(warned)
    ]
    builder = RunBuilder()
    for number in range(30):
        builder.check(f"p/{number:02d}", Status.FAILED, message="no")
    builder.check("p/warned", findings=warnings)
    lines = annotations(view_of(builder))
    assert kinds_of(lines) == ["error"] * 10 + ["warning"] * 10 + ["notice"]
    assert ("1 more warning" in lines[-1]) == (warned == 11)
    assert lines[-1].count("::notice ") == 1


def test_the_tenth_place_goes_to_the_gravest_whatever_order_they_ended_in() -> None:
    builder = RunBuilder()
    for number in range(20):
        note = Finding(message="careful", severity=Severity.WARNING, file=f"{number}.c", line=1)
        builder.check(f"p/warned-{number:02d}", findings=[note])
    builder.check("p/docs", Status.FAILED, message="no docs", advisory=True)
    builder.check("p/broken", Status.FAILED, message="broke")
    lines = annotations(view_of(builder))
    assert "title=p/broken%3A" in lines[1]
    assert "title=p/docs%3A" in lines[2]


def test_a_summary_of_ten_thousand_failing_tests_is_kept() -> None:
    text = as_summary(view_of(failing(100, 100)))
    assert len(text.encode()) <= 100_000 < SUMMARY_LIMIT
    assert "Left off for length" in text
    assert "10,000" in text


def test_a_summary_may_use_the_whole_limit_and_no_byte_more() -> None:
    view = view_of(failing(500, 11))
    text = as_summary(view, SUMMARY_LIMIT)
    size = len(text.encode())
    # A piece more would not have fitted: what is left is less than one check takes.
    assert SUMMARY_LIMIT - 20_000 < size <= SUMMARY_LIMIT
    assert "Left off for length" in text
    shorter = as_summary(view, size - 1)
    assert len(shorter.encode()) < size


def failing(checks: int, tests_each: int) -> RunBuilder:
    """Checks all of whose tests fail, with words of several bytes a character."""
    builder = large(0)
    for number in range(checks):
        tests = [
            TestRecord(
                id=f"s{number}.py::test_{one:04d}",
                status=Status.FAILED,
                message="größer als 漢字\n" * 9,
            )
            for one in range(tests_each)
        ]
        builder.check(f"p/check-{number:04d}", Status.FAILED, message="failed", tests=tests)
    return builder
