"""What people's words about a check and its tests do to a failure, and when they must be renewed.

An override lifts only what was seen to fail: a test that could not run gave no answer, and neither
did a check of which more is wrong than its failing tests.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.judge.words import listed, one
from harness.model.base import Record
from harness.model.event import CheckFinished
from harness.model.result import Override, Severity, Status, TestRecord
from harness.model.run import CheckResult

NOTICE_DAYS = 14
"""How many days ahead of its end an override begins to be announced."""

_BAD = (Status.FAILED, Status.ERRORED, Status.PRECLUDED, Status.FLAKY)
_NO_ANSWER = (Status.ERRORED, Status.PRECLUDED)


class Borne(Record, frozen=True):
    """An override in force, and the failing tests it covers."""

    override: Override
    tests: tuple[TestRecord, ...]


class Coverage(Record, frozen=True):
    """How far overrides of tests answer for a failure.

    `uncovered` are the failing tests that none of them covers, `ended` those overrides that would
    and are over. `beyond` says what is wrong that no failing test explains, empty when nothing is.
    """

    borne: tuple[Borne, ...] = ()
    uncovered: tuple[TestRecord, ...] = ()
    ended: tuple[Override, ...] = ()
    beyond: str = ""

    @property
    def whole(self) -> bool:
        """Whether they answer for all of it."""
        return bool(self.borne) and not self.uncovered and not self.beyond


def cover(result: CheckResult, today: str) -> Coverage:
    """What the overrides of single tests make of a failed or flaky result.

    A test that failed in any attempt counts: with a retry the check is flaky because of it.
    """
    given = result.check.test_overrides
    if not given:
        return Coverage()
    bad = _troubled(result)
    borne = []
    covered: set[str] = set()
    for override in given:
        if not override.in_force(today):
            continue
        own = tuple(
            test for test in bad if override.covers(test.id) and test.status not in _NO_ANSWER
        )
        if own:
            borne.append(Borne(override=override, tests=own))
            covered.update(test.id for test in own)
    return Coverage(
        borne=tuple(borne),
        uncovered=tuple(test for test in bad if test.id not in covered),
        ended=tuple(
            override
            for override in given
            if not override.in_force(today) and any(override.covers(test.id) for test in bad)
        ),
        beyond=next(filter(None, map(_beyond, result.attempts)), ""),
    )


def _troubled(result: CheckResult) -> list[TestRecord]:
    """Tests that did not pass in some attempt, each once; no answer outweighs a failure."""
    found: dict[str, TestRecord] = {}
    for attempt in result.attempts:
        for test in attempt.outcome.tests:
            if test.status not in _BAD:
                continue
            before = found.get(test.id)
            if before is None or before.status not in _NO_ANSWER:
                found[test.id] = test
    return list(found.values())


def _beyond(attempt: CheckFinished) -> str:
    """What is wrong with an attempt that none of its tests tells; empty when nothing is."""
    outcome = attempt.outcome
    if outcome.failure is not None:
        return outcome.failure.value
    for finding in outcome.findings:
        if finding.severity is Severity.ERROR:
            return one(finding.message)
    if outcome.status is not Status.PASSED and not outcome.only_tests:
        return one(outcome.message) or f"{outcome.status.value} without a message"
    return ""


def uncovered_words(coverage: Coverage) -> str:
    """Why overrides of tests do not lift a failure, to follow its own words; empty for none."""
    said = []
    if coverage.uncovered:
        silent = [test.id for test in coverage.uncovered if test.status in _NO_ANSWER]
        failed = [test.id for test in coverage.uncovered if test.status not in _NO_ANSWER]
        if failed:
            said.append(f"no override covers {listed(failed)}")
        if silent:
            said.append(f"no override can cover {listed(silent)}, which gave no answer")
    elif coverage.borne:
        covered = [test.id for borne in coverage.borne for test in borne.tests]
        said.append(
            f"the overrides of {listed(list(dict.fromkeys(covered)))} do not lift it,"
            f" for more is wrong: {coverage.beyond}"
        )
    said += [
        f"{one(override.test)} is {override.kind} by {one(override.owner)}"
        f" ({one(override.issue)}), but {ended(override)}"
        for override in coverage.ended
    ]
    return "".join(f"; {text}" for text in said)


def ended(override: Override) -> str:
    """Why an override lifts nothing any more, to follow "but"."""
    if override.released:
        return f"{passes(override.release_after)}: released; remove the entry{_place(override)}"
    return f"only until {one(override.expires) or 'a date that is not given'}"


def passes(count: int) -> str:
    """`1 clean pass`, `3 clean passes`."""
    return f"{count} clean pass{'es' * (count != 1)}"


def reminders(result: CheckResult, status: Status, today: str) -> Iterator[str]:
    """What to do about the check's overrides: their end is near or over, or they match nothing.

    However the check ended (`status`): an override that nobody needs any more must go, and one that
    ends soon must not surprise a release. A failure tells by itself that its override is over.
    """
    if result.override is not None:
        yield from _reminder(result, result.override, result.check.id, status, today)
    if not result.check.test_overrides:
        return
    failed = status in (Status.FAILED, Status.FLAKY)
    coverage = cover(result, today) if failed else Coverage()
    whole = result.override is not None and result.override.in_force(today)
    told = () if coverage.whole or whole else coverage.ended
    for override in result.check.test_overrides:
        name = f"{one(override.test)} of {result.check.id}"
        if _matches_nothing(result, override, status):
            count = len(result.tests)
            known = f"none of its {count:,} tests is called so" if count else "it reports no tests"
            yield (
                f"{name} is {override.kind} by {one(override.owner)} ({one(override.issue)}),"
                f" but matches nothing: {known}; correct it or remove it{_place(override)}"
            )
        elif override not in told:
            own = status
            if status in (Status.PASSED, Status.FAILED, Status.FLAKY):
                own = _status_of_tests(result, override)
            yield from _reminder(result, override, name, own, today)


def _matches_nothing(result: CheckResult, override: Override, status: Status) -> bool:
    """Whether a check that ended by itself has no test that the override is about."""
    if status not in (Status.PASSED, Status.FAILED, Status.FLAKY):
        return False
    if any(attempt.outcome.failure is not None for attempt in result.attempts):
        return False  # a crash or a timeout may have kept the test from being told
    tests = (test for attempt in result.attempts for test in attempt.outcome.tests)
    return not any(override.covers(test.id) for test in tests)


def _status_of_tests(result: CheckResult, override: Override) -> Status:
    """How the tests that an override is about ended, all attempts taken together."""
    bad = any(override.covers(test.id) for test in _troubled(result))
    return Status.FAILED if bad else Status.PASSED


def _reminder(
    result: CheckResult, override: Override, name: str, status: Status, today: str
) -> Iterator[str]:
    left, place = override.days_left(today), _place(override)
    failed = status in (Status.FAILED, Status.FLAKY)
    said = f"{name} is {override.kind} by {one(override.owner)} ({one(override.issue)})"
    if override.released:
        if not failed or override.test:
            yield f"{said}, but {ended(override)}"
        return
    if _is_the_last_one(result, override, status) and (left or 0) >= 0:
        count = passes(override.release_after)
        yield f"{said}; with this run {count}: released from the next on; remove the entry{place}"
        return
    if left is not None and left > NOTICE_DAYS:
        return
    if left is not None and left >= 0:
        when = f"for {left} day{'s' * (left != 1)} more" if left else "today for the last time"
        yield f"{said} {when}, until {override.expires}: mend it or decide anew{place}"
        return
    over = f"only until {one(override.expires) or 'a date that is not given'}"
    if status is Status.PASSED:
        yield f"{said}, but {over}, and it passes: remove it{place}"
    elif not failed or override.test:
        yield f"{said}, but {over}, so that lifts nothing any more: remove it or decide anew{place}"


def _is_the_last_one(result: CheckResult, override: Override, status: Status) -> bool:
    """Whether this is the clean pass that releases the check, or the tests."""
    executed = status is Status.PASSED and not result.reused_from
    return executed and 0 < override.release_after == override.clean_passes + 1


def _place(override: Override) -> str:
    return f" ({one(str(override.position))})" if override.position is not None else ""
