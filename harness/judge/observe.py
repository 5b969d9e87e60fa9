"""What is true of one check's result, as conditions with a sentence each.

Says nothing about what a condition does; that is `policy`. Where a result contradicts itself (it
says passed, and holds a failed test) the worse half is believed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from harness.judge.override import Borne, cover, ended, uncovered_words
from harness.judge.place import place_of, place_of_test
from harness.judge.words import listed, one
from harness.model.base import Record
from harness.model.fault import Catch
from harness.model.result import Override, OverrideKind, Severity, SkipReason, Status
from harness.model.run import CheckResult
from harness.model.spec import Condition

_SKIPPED: dict[SkipReason | None, tuple[Condition, str]] = {
    SkipReason.NOT_APPLICABLE: (Condition.NOT_APPLICABLE, "does not apply here"),
    SkipReason.CAPABILITY_MISSING: (
        Condition.CAPABILITY_MISSING,
        "was skipped because this host lacks something",
    ),
}
_OVERRIDDEN: dict[OverrideKind, Condition] = {
    OverrideKind.WAIVED: Condition.WAIVED,
    OverrideKind.QUARANTINED: Condition.QUARANTINED,
}


class Observed(Record, frozen=True):
    """One condition met by one check, told in plain words that name the check and the place."""

    condition: Condition
    text: str


def observe(result: CheckResult, today: str) -> Iterator[Observed]:
    """Every condition the result meets. `today` is the ISO date of the run, for overrides' ends."""
    match believed(result):
        case Status.PASSED, _:
            pass
        case (Status.FAILED | Status.FLAKY) as status, why:
            yield from _wrong(result, status, why, today)
        case Status.ERRORED, why:
            yield Observed(
                condition=Condition.ERRORED,
                text=f"{result.check.id} could not give an answer: {_tell(result, why)}",
            )
        case Status.PRECLUDED, why:
            yield Observed(
                condition=Condition.PRECLUDED, text=f"{result.check.id} was precluded: {one(why)}"
            )
        case Status.SKIPPED, why:
            # `believed` answers SKIPPED only for a result with a typed reason, so the key is there.
            condition, words = _SKIPPED[result.skip]
            yield Observed(
                condition=condition,
                text=f"{result.check.id} {words}" + (f": {one(why)}" if why else ""),
            )
    if result.leaked:
        count = len(result.leaked)
        names = one(", ".join(result.leaked))
        yield Observed(
            condition=Condition.LEAKED,
            text=f"{result.check.id} left {count} process{'es' * (count != 1)} behind: {names}",
        )
    for proof in result.check.proofs:
        if proof.current and proof.catch is Catch.SURVIVED:
            yield Observed(
                condition=Condition.SURVIVED,
                text=f"{result.check.id} let the fault {one(proof.fault)} survive:"
                f" {one(proof.title)}",
            )
    if result.reused_from:
        yield Observed(
            condition=Condition.REUSED,
            text=f"{result.check.id} was not executed; its result is reused from run "
            f"{one(result.reused_from)}",
        )


def believed(result: CheckResult) -> tuple[Status, str]:
    """The status that the whole of the result supports, and why.

    A pass is believed only when nothing in the result speaks against it; a skip only with a typed
    reason.
    """
    status, last = result.status, result.last
    if status is Status.SKIPPED and result.skip is None:
        return Status.ERRORED, f"skipped without a typed reason: {result.reason or 'none given'}"
    if status not in (Status.PASSED, Status.FLAKY):
        return status, result.reason
    if last is None:
        return Status.ERRORED, f"says {status}, but no attempt finished"
    tests = Counter(test.status for test in last.outcome.tests)
    if broken := tests[Status.FAILED] + tests[Status.ERRORED] + tests[Status.PRECLUDED]:
        return Status.FAILED, f"says {status}, but {broken} of its {tests.total()} tests did not"
    if errors := sum(finding.severity is Severity.ERROR for finding in last.outcome.findings):
        return Status.FAILED, f"says {status}, but holds {errors} finding{'s' * (errors != 1)}"
    if last.timed_out or last.signal:
        how = "its deadline ended it" if last.timed_out else f"signal {last.signal} ended it"
        return Status.ERRORED, f"says {status}, but {how}"
    if tests and tests[Status.SKIPPED] == tests.total():
        return Status.ERRORED, f"says {status}, but all of its {tests.total()} tests were skipped"
    if tests[Status.FLAKY] and status is Status.PASSED:
        return Status.FLAKY, f"{tests[Status.FLAKY]} of its {tests.total()} tests needed a retry"
    if status is Status.FLAKY:
        return status, result.reason or _first_trouble(result)
    return status, result.reason


def _first_trouble(result: CheckResult) -> str:
    """What the first attempt that did not pass said."""
    for attempt in result.attempts:
        if attempt.outcome.status is not Status.PASSED:
            return f"attempt {attempt.attempt} {attempt.outcome.status}: {attempt.outcome.message}"
    return ""


def _wrong(result: CheckResult, status: Status, why: str, today: str) -> Iterator[Observed]:
    """A failed or flaky result: as it stands, advisory, or answered for by overrides."""
    check, override = result.check, result.override
    what = "failed" if status is Status.FAILED else _flaky(result)
    told = _tell(result, why)
    if override is not None and override.in_force(today):
        yield Observed(
            condition=_OVERRIDDEN[override.kind],
            text=f"{check.id} {what}, {_answer(override)}: {told}",
        )
        return
    coverage = cover(result, today)
    if coverage.whole:
        for borne in coverage.borne:
            yield Observed(
                condition=_OVERRIDDEN[borne.override.kind],
                text=f"{check.id} {what}, {_borne(borne)}",
            )
        return
    told += uncovered_words(coverage)
    if override is not None:
        told += f"; it is {override.kind} by {one(override.owner)} ({one(override.issue)}),"
        told += f" but {ended(override)}"
    if status is Status.FLAKY:
        yield Observed(condition=Condition.FLAKY, text=f"{check.id} {what}: {told}")
        return
    # A failure somebody answered for until a day that is over blocks, advisory or not: otherwise
    # `continue-on-error` would lift what the override no longer does.
    if check.advisory and override is None and not coverage.ended:
        yield Observed(
            condition=Condition.ADVISORY_FAILED, text=f"{check.id} {what} (advisory): {told}"
        )
        return
    yield Observed(condition=Condition.FAILED, text=f"{check.id} {what}: {told}")


def _answer(override: Override) -> str:
    """Who answers for a failure, until when, and why."""
    return (
        f"{override.kind} until {override.expires} by {one(override.owner)}"
        f" ({one(override.issue)}: {one(override.reason)})"
    )


def _borne(borne: Borne) -> str:
    """The failing tests that somebody answers for, what the first one said, and its place."""
    first, names = borne.tests[0], [test.id for test in borne.tests]
    place = place_of_test(first)
    where = f" ({place})" if place != one(first.id) else ""
    return f"{listed(names)} {_answer(borne.override)}: {one(first.message) or 'no message'}{where}"


def _flaky(result: CheckResult) -> str:
    """How it is flaky: saved by a retry, or passed some of its attempts and not others."""
    statuses = [attempt.outcome.status for attempt in result.attempts]
    passed = statuses.count(Status.PASSED)
    saved = passed == 1 and statuses[-1] is Status.PASSED
    if saved or passed in (0, len(statuses)):
        return "is flaky, it passed only on a retry"
    return f"is flaky, it passed {passed} of {len(statuses)} attempts"


def _tell(result: CheckResult, why: str) -> str:
    """Why, and where to look: the place of what is told, or where the check is defined."""
    place = place_of(result, why)
    said = one(why) or "no message"
    return f"{said} ({place})" if place else said
