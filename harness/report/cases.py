"""What counts as one case for readers who know nothing but tests: JUnit and CTRF share it.

Every test is a case. A check speaks for itself where no test can: when it has none, when it ended
worse than all of them, and when an earlier attempt broke in a way no test of the last one tells.
The verdict is a case too, so that a reader who sees only such a file cannot take an empty or
interrupted run for a green one.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.model.base import Record
from harness.model.result import Attachment, Conclusion, Status, TestRecord
from harness.report.shape import View, ViewAttempt, ViewCheck

BROKEN = frozenset((Status.FAILED, Status.ERRORED, Status.PRECLUDED))
_TROUBLED = BROKEN | {Status.FLAKY}
_VERDICT = {
    Conclusion.APPROVED: Status.PASSED,
    Conclusion.BLOCKED: Status.FAILED,
    Conclusion.INCOMPLETE: Status.ERRORED,
}
VERDICT = "verdict"
"""The name of the case, and of the suite, that says the verdict."""


class Interim(Record, frozen=True):
    """How an earlier attempt at a case ended; `number` counts from 1, `duration` in seconds."""

    number: int
    status: Status
    message: str
    detail: str = ""
    duration: float | None = None


class Case(Record, frozen=True):
    """One case: `scope` is what `name` is unique in; `earlier` holds attempts that broke.

    `attempts` counts all of them, also those of which nothing else is known. `test` tells a test
    from a check that speaks for itself; `id` is the test's own.
    """

    name: str
    scope: str
    status: Status
    message: str
    test: bool
    detail: str = ""
    duration: float | None = None
    file: str = ""
    line: int = 0
    attempts: int = 1
    earlier: tuple[Interim, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    id: str = ""


def cases(check: ViewCheck) -> Iterator[Case]:
    """The check's cases, its tests first."""
    broke = _broken_before(check)
    for test in check.records:
        scope, _, name = test.id.rpartition("::")
        earlier = broke.get(test.id, ()) if broke else ()
        yield Case(
            name=name or test.id or "(no name)",
            scope=scope or check.id,
            status=test.status,
            message=test.message,
            test=True,
            detail=test.output,
            duration=test.duration,
            file=test.file,
            line=test.line,
            attempts=max(test.attempts, len(check.earlier) + 1 if earlier else 1),
            earlier=tuple(earlier),
            attachments=test.attachments,
            id=test.id,
        )
    untold = tuple(_attempt(attempt) for attempt in check.earlier if not _is_told(attempt, check))
    worse = check.status in BROKEN and not any(test.status in BROKEN for test in check.records)
    if not check.records or worse or untold:
        yield Case(
            name=check.title or check.id,
            scope=check.id,
            status=check.status,
            message=check.reason,
            test=False,
            detail=_findings(check),
            duration=check.duration,
            attempts=len(check.earlier) + 1,
            earlier=untold,
            attachments=check.attachments,
        )


def verdict_case(view: View) -> Case:
    """The verdict, its sentence and its reasons."""
    verdict = view.verdict
    return Case(
        name=VERDICT,
        scope="release-manager",
        status=_VERDICT[verdict.conclusion],
        message=f"{verdict.conclusion.value}: {verdict.sentence}",
        test=False,
        detail="\n".join(f"{reason.effect.value}: {reason.text}" for reason in verdict.reasons),
    )


def _broken_before(check: ViewCheck) -> dict[str, list[Interim]]:
    """What earlier attempts said of tests, by test id, oldest first."""
    broke: dict[str, list[Interim]] = {}
    for attempt in check.earlier:
        for test in attempt.tests:
            if test.status in _TROUBLED:
                broke.setdefault(test.id, []).append(_test_before(attempt, test))
    return broke


def _test_before(attempt: ViewAttempt, test: TestRecord) -> Interim:
    return Interim(
        number=attempt.number,
        status=test.status,
        message=test.message,
        detail=test.output,
        duration=test.duration,
    )


def _attempt(attempt: ViewAttempt) -> Interim:
    return Interim(
        number=attempt.number,
        status=attempt.status,
        message=attempt.message,
        detail=attempt.output.text,
        duration=attempt.duration,
    )


def _is_told(attempt: ViewAttempt, check: ViewCheck) -> bool:
    """Whether the attempt did not break, or its broken tests all stand among the last one's."""
    if attempt.status not in _TROUBLED:
        return True
    broken = {test.id for test in attempt.tests if test.status in _TROUBLED}
    return bool(broken) and broken <= {test.id for test in check.records}


def _findings(check: ViewCheck) -> str:
    return "\n".join(
        f"{found.file}:{found.line}: {found.message}" if found.file else found.message
        for found in check.findings
    )
