"""What is true of one check's result, as conditions with a sentence each.

Says nothing about what a condition does; that is `policy`. Where a result contradicts itself (it
says passed, and holds a failed test) the worse half is believed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from harness.model.base import Record
from harness.model.fault import Catch
from harness.model.result import Override, OverrideKind, Severity, SkipReason, Status
from harness.model.run import CheckResult
from harness.model.spec import Condition

_LONGEST = 300
NOTICE_DAYS = 14
"""How many days ahead of its end an override begins to be announced."""

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
            yield _wrong(result, status, why, today)
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


def _wrong(result: CheckResult, status: Status, why: str, today: str) -> Observed:
    """A failed or flaky result: as it stands, advisory, or answered for by an override."""
    check, override = result.check, result.override
    what = "failed" if status is Status.FAILED else _flaky(result)
    told = _tell(result, why)
    if override is not None and in_force(override, today):
        return Observed(
            condition=_OVERRIDDEN[override.kind],
            text=f"{check.id} {what}, {override.kind} until {override.expires} by "
            f"{one(override.owner)} ({one(override.issue)}: {one(override.reason)}): {told}",
        )
    if override is not None:
        told += f"; it is {override.kind} by {one(override.owner)} ({one(override.issue)}),"
        told += f" but {_ended(override)}"
    if status is Status.FLAKY:
        return Observed(condition=Condition.FLAKY, text=f"{check.id} {what}: {told}")
    # A failure somebody answered for until a day that is over blocks, advisory or not: otherwise
    # `continue-on-error` would lift what the override no longer does.
    if check.advisory and override is None:
        return Observed(
            condition=Condition.ADVISORY_FAILED, text=f"{check.id} {what} (advisory): {told}"
        )
    return Observed(condition=Condition.FAILED, text=f"{check.id} {what}: {told}")


def _flaky(result: CheckResult) -> str:
    """How it is flaky: saved by a retry, or passed some of its attempts and not others."""
    statuses = [attempt.outcome.status for attempt in result.attempts]
    passed = statuses.count(Status.PASSED)
    saved = passed == 1 and statuses[-1] is Status.PASSED
    if saved or passed in (0, len(statuses)):
        return "is flaky, it passed only on a retry"
    return f"is flaky, it passed {passed} of {len(statuses)} attempts"


def in_force(override: Override, today: str) -> bool:
    """Whether the override still counts on that day; the last day counts.

    What is no day of the calendar is no date, and lifts nothing; neither does what enough clean
    passes have released.
    """
    left = override.days_left(today)
    return left is not None and left >= 0 and not override.released


def _ended(override: Override) -> str:
    """Why an override lifts nothing any more, to follow "but"."""
    if override.released:
        place = f" ({one(str(override.position))})" if override.position is not None else ""
        return f"{_passes(override.release_after)}: released; remove the entry{place}"
    return f"only until {one(override.expires) or 'a date that is not given'}"


def _passes(count: int) -> str:
    return f"{count} clean pass{'es' * (count != 1)}"


def reminder(result: CheckResult, today: str) -> str:
    """What to do about the check's override, when its end is near or over; else nothing.

    However the check ended: an override that nobody needs any more must go, and one that ends soon
    must not surprise a release. A failure tells by itself that its override is over.
    """
    override = result.override
    if override is None:
        return ""
    left, status = override.days_left(today), believed(result)[0]
    place = f" ({one(str(override.position))})" if override.position is not None else ""
    said = f"{result.check.id} is {override.kind} by {one(override.owner)} ({one(override.issue)})"
    if override.released:
        failed = status in (Status.FAILED, Status.FLAKY)
        return "" if failed else f"{said}, but {_ended(override)}"
    if _is_the_last_one(result, override, status) and (left or 0) >= 0:
        passes = _passes(override.release_after)
        return f"{said}; with this run {passes}: released from the next on; remove the entry{place}"
    if left is not None and left > NOTICE_DAYS:
        return ""
    if left is not None and left >= 0:
        when = f"for {left} day{'s' * (left != 1)} more" if left else "today for the last time"
        return f"{said} {when}, until {override.expires}: mend it or decide anew{place}"
    if status in (Status.FAILED, Status.FLAKY):
        return ""
    over = f"only until {one(override.expires) or 'a date that is not given'}"
    if status is Status.PASSED:
        return f"{said}, but {over}, and it passes: remove it{place}"
    return f"{said}, but {over}, so that lifts nothing any more: remove it or decide anew{place}"


def _is_the_last_one(result: CheckResult, override: Override, status: Status) -> bool:
    """Whether this is the clean pass that releases the check."""
    executed = status is Status.PASSED and not result.reused_from
    return executed and 0 < override.release_after == override.clean_passes + 1


def _tell(result: CheckResult, why: str) -> str:
    """Why, and where to look: the first place the result names, or where the check is defined."""
    return f"{one(why) or 'no message'} ({_place(result)})"


def _place(result: CheckResult) -> str:
    for finding in result.findings:
        if finding.file:
            return one(f"{finding.file}:{finding.line}" if finding.line else finding.file)
    for test in result.tests:
        if test.status in (Status.FAILED, Status.ERRORED, Status.FLAKY):
            if not test.file:
                return one(test.id)
            return one(f"{test.file}:{test.line}" if test.line else test.file)
    return f"defined at {result.check.position}"


def one(text: str) -> str:
    """The text as one short line that is safe to print anywhere.

    Control and format characters (terminal escapes, right-to-left overrides) become spaces.
    """
    line = next((line for line in text.splitlines() if line.strip()), "")[: 4 * _LONGEST]
    line = " ".join("".join(c if c.isprintable() else " " for c in line).split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
