"""When a quarantine ends by itself: after so many clean passes in a row since it was given. Pure.

Once released it stays so, whatever the check does next: the entry must go, and whoever wants the
check in quarantine again writes a new one, with a new day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from harness.model.history import PastCheck
from harness.model.plan import Plan, PlannedCheck
from harness.model.result import Override, Status

_NO_END = (Status.SKIPPED, Status.PRECLUDED)
_NOT_CLEAN = (Status.FAILED, Status.FLAKY, Status.ERRORED)

Past = Callable[[str, str], Iterable[PastCheck]]
"""The ends of a check since a day (ISO date), oldest first."""


def with_clean_passes(plan: Plan, past: Past) -> Plan:
    """The plan, each override of it that clean passes end knowing how many there are."""
    return msgspec.structs.replace(plan, checks=tuple(_counted(one, past) for one in plan.checks))


def ends_by_passing(plan: Plan) -> bool:
    """Whether anything in the plan ends after clean passes, so that the past must be asked."""
    return any(given.release_after for check in plan.checks for given in check.overrides)


def _counted(check: PlannedCheck, past: Past) -> PlannedCheck:
    if not any(given.release_after for given in check.overrides):
        return check

    def counted(given: Override) -> Override:
        if not given.release_after:
            return given
        count = clean_passes(given, past(check.id, given.created))
        return msgspec.structs.replace(given, clean_passes=count)

    return msgspec.structs.replace(
        check,
        override=None if check.override is None else counted(check.override),
        test_overrides=tuple(counted(given) for given in check.test_overrides),
    )


def clean_passes(given: Override, ends: Iterable[PastCheck]) -> int:
    """Clean passes in a row, up to the first time there were enough of them.

    What was not executed (reused, skipped, precluded) neither counts nor breaks the row; nor, of an
    override of tests, does a pass of the check without any of them.
    """
    count = 0
    for end in ends:
        if end.reused or end.status in _NO_END:
            continue
        clean = _clean_tests(given, end) if given.test else end.status is Status.PASSED
        if clean is None:
            continue
        count = count + 1 if clean else 0
        if count >= given.release_after:
            break
    return count


def _clean_tests(given: Override, end: PastCheck) -> bool | None:
    """Whether all tests that an override is about passed at once; None when there was none."""
    own = [test.status for name, test in end.tests.items() if given.covers(name)]
    ran = [status for status in own if status is not Status.SKIPPED]
    if not ran:
        return None if end.status is Status.PASSED else False
    if any(status is not Status.PASSED for status in ran):
        return False
    # The tests kept are those of the last attempt. When none of the others tells why the check did
    # not simply pass, it may have been one of these, in an attempt before.
    others = [test.status for name, test in end.tests.items() if not given.covers(name)]
    return end.status is Status.PASSED or any(status in _NOT_CLEAN for status in others)
