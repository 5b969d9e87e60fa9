"""What every test runner's records come to: a status and a sentence. Pure.

Nothing executed is never a pass, and neither is less than was promised.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.model.result import Finding, Outcome, Status, TestRecord

_BAD = (Status.FAILED, Status.ERRORED)


def executed(tests: Sequence[TestRecord]) -> int:
    """How many tests ran; skipped ones did not."""
    return sum(1 for test in tests if test.status is not Status.SKIPPED)


def conclude_tests(
    tests: Sequence[TestRecord],
    *,
    at_least: int,
    findings: tuple[Finding, ...] = (),
    also_wrong: str = "",
) -> Outcome:
    """The outcome of a suite whose records are complete and agree with the runner's exit.

    `also_wrong` is anything else that keeps the suite from passing, which no failing test explains.
    """
    bad = [test for test in tests if test.status in _BAD]
    ran = executed(tests)
    beyond = problem = ""
    if also_wrong:
        beyond = also_wrong
    elif findings:
        beyond = findings[0].message if bad else f"no test failed, yet {findings[0].message}"
    elif not ran:
        beyond = "no test was executed" + (f": all {len(tests)} were skipped" if tests else "")
    elif ran < at_least:
        beyond = f"{ran} tests were executed, where at least {at_least} are expected"
    if bad:
        first = bad[0]
        said = f": {first.message}" if first.message else ""
        others = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
        problem = f"{first.id} {first.status.value}{said}{others}"
    problem = "; ".join(filter(None, (problem, beyond)))
    flaky = any(test.status is Status.FLAKY for test in tests)
    skipped = len(tests) - ran
    return Outcome(
        status=Status.FAILED if problem else Status.FLAKY if flaky else Status.PASSED,
        message=problem or f"{ran} tests passed" + (f", {skipped} skipped" if skipped else ""),
        tests=tuple(tests),
        findings=findings,
        metrics={"executed": ran, "failed": len(bad), "skipped": skipped},
        only_tests=not beyond and (bool(bad) or flaky),
    )
