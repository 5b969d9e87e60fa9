"""Cards: the checks to look at first, each with its evidence, within budgets that all share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from harness.model.base import Record
from harness.model.result import Finding, Status, TestRecord
from harness.report.budget import Budget, Shown, Texts
from harness.report.cluster import signature
from harness.report.evidence import Evidence, Piece
from harness.report.shape import ViewAttempt, ViewCheck

_ALL_BAD_TESTS = 400
_FINDINGS = 100
_ALIKE = 2
_MESSAGES = 240_000
_CARD_OUTPUT, _CARD_OUTPUTS = 32_000, 200_000
_BROKEN = (Status.FAILED, Status.ERRORED, Status.PRECLUDED, Status.FLAKY)


class ShownTest(Record, frozen=True):
    """A test that did not pass, with what it said."""

    test: TestRecord
    message: str
    output: str
    attached: tuple[Piece, ...]


class ShownAttempt(Record, frozen=True):
    """An earlier attempt with its evidence."""

    attempt: ViewAttempt
    tests: tuple[ShownTest, ...]
    alike: tuple[ShownTest, ...]
    output: Shown
    attached: tuple[Piece, ...]


class Card(Record, frozen=True):
    """A check to look at first, with its evidence.

    `alike` are the tests that say the same as two of `tests`, which the page folds away.
    """

    check: ViewCheck
    message: str
    findings: tuple[Finding, ...]
    more_findings: int
    tests: tuple[ShownTest, ...]
    alike: tuple[ShownTest, ...]
    more_tests: int
    output: Shown
    attached: tuple[Piece, ...]
    earlier: tuple[ShownAttempt, ...]


def cards_of(checks: Iterable[ViewCheck], evidence: Evidence) -> tuple[Card, ...]:
    """A card for each check, in order."""
    said = _Said(Budget(_CARD_OUTPUTS), Texts(_MESSAGES, _ALL_BAD_TESTS), evidence)
    return tuple(said.card(check) for check in checks)


class _Said:
    """What cards tell, within the budgets that all of them share."""

    def __init__(self, outputs: Budget, texts: Texts, evidence: Evidence) -> None:
        self._outputs, self._texts, self._evidence = outputs, texts, evidence

    def card(self, check: ViewCheck) -> Card:
        """A check to look at first."""
        bad = [test for test in check.records if test.status in _BROKEN]
        told = self._tests(bad)
        tests, alike = _folded(told)
        return Card(
            check=check,
            message=self._texts.bounded(check.reason),
            findings=check.findings[:_FINDINGS],
            more_findings=max(0, len(check.findings) - _FINDINGS),
            tests=tests,
            alike=alike,
            more_tests=len(bad) - len(told),
            output=self._outputs.show(check.output, _CARD_OUTPUT),
            attached=self._evidence.of(check.attachments),
            earlier=tuple(self._attempt(attempt) for attempt in check.earlier),
        )

    def _attempt(self, attempt: ViewAttempt) -> ShownAttempt:
        tests, alike = _folded(self._tests(t for t in attempt.tests if t.status in _BROKEN))
        return ShownAttempt(
            attempt=attempt,
            tests=tests,
            alike=alike,
            output=self._outputs.show(attempt.output, _CARD_OUTPUT),
            attached=self._evidence.of(attempt.attachments),
        )

    def _tests(self, bad: Iterable[TestRecord]) -> tuple[ShownTest, ...]:
        return tuple(
            ShownTest(
                test=test,
                message=self._texts.bounded(test.message),
                output=self._texts.bounded(test.output),
                attached=self._evidence.of(test.attachments),
            )
            for test in self._texts.tests(bad)
        )


def _folded(
    told: Iterable[ShownTest],
) -> tuple[tuple[ShownTest, ...], tuple[ShownTest, ...]]:
    """Tests to show, and those that say what two of them say."""
    seen: Counter[str] = Counter()
    tests: list[ShownTest] = []
    alike: list[ShownTest] = []
    for item in told:
        said = signature(item.test.message)
        seen[said] += 1
        (alike if said and seen[said] > _ALIKE else tests).append(item)
    return tuple(tests), tuple(alike)
