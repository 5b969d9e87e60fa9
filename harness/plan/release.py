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

Past = Callable[[str, str], Iterable[PastCheck]]
"""The ends of a check since a day (ISO date), oldest first."""


def with_clean_passes(plan: Plan, past: Past) -> Plan:
    """The plan, each override of it that clean passes end knowing how many there are."""
    return msgspec.structs.replace(plan, checks=tuple(_counted(one, past) for one in plan.checks))


def ends_by_passing(plan: Plan) -> bool:
    """Whether anything in the plan ends after clean passes, so that the past must be asked."""
    return any(one.override is not None and one.override.release_after for one in plan.checks)


def _counted(check: PlannedCheck, past: Past) -> PlannedCheck:
    given = check.override
    if given is None or not given.release_after:
        return check
    count = clean_passes(given, past(check.id, given.created))
    return msgspec.structs.replace(
        check, override=msgspec.structs.replace(given, clean_passes=count)
    )


def clean_passes(given: Override, ends: Iterable[PastCheck]) -> int:
    """Clean passes in a row, up to the first time there were enough of them.

    What was not executed (reused, skipped, precluded) neither counts nor breaks the row.
    """
    count = 0
    for end in ends:
        if end.reused or end.status in _NO_END:
            continue
        count = count + 1 if end.status is Status.PASSED else 0
        if count >= given.release_after:
            break
    return count
