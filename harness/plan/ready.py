"""The one rule of what a check's `needs` mean once they have ended. Pure; the dispatcher asks it.

A need **holds** when it
- passed, or passed on a retry (flaky: the verdict weighs that, dependents still run),
- was skipped as not applicable (there was nothing to prove here),
- or is advisory (`continue-on-error`) and ran.

Everything else blocks: failed, errored, precluded, and skipped for a missing capability, because
then what the check stands on is not proven. A check that is blocked is `precluded`, and names the
check where it began.

A need that was not selected (a person said so with `--no-needs` or `--exclude`) is no node of the
plan, so nobody waits for it; the dependent's reason names it, and the verdict counts it.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.model.base import Record
from harness.model.plan import PlannedCheck
from harness.model.result import SkipReason, Status


class Ended(Record, frozen=True):
    """How a check ended, as far as its dependents care.

    `root` is set on a precluded check: the id of the check that began it (its own, when the run
    was cut short before it).
    """

    status: Status
    skip: SkipReason | None = None
    advisory: bool = False
    root: str = ""


class Blocked(Record, frozen=True):
    """Why a check cannot run: which of its needs does not hold, and where that began."""

    need: str
    root: str
    reason: str


def waits_for(check: PlannedCheck, ended: Mapping[str, Ended]) -> tuple[str, ...]:
    """The needs that have not ended yet."""
    return tuple(need for need in check.needs if need not in ended)


def holds(end: Ended) -> bool:
    """Whether dependents of a check that ended this way may run."""
    match end.status:
        case Status.PASSED | Status.FLAKY:
            return True
        case Status.FAILED | Status.ERRORED:
            return end.advisory
        case Status.SKIPPED:
            return end.skip is SkipReason.NOT_APPLICABLE
        case Status.PRECLUDED:
            return False


def blocked_by(check: PlannedCheck, ended: Mapping[str, Ended]) -> Blocked | None:
    """The first need, in the plan's order, that has ended and does not hold.

    Needs that have not ended are not judged, so a check can be precluded as early as possible.
    """
    for need in check.needs:
        end = ended.get(need)
        if end is None or holds(end):
            continue
        root = end.root or need
        return Blocked(need=need, root=root, reason=_reason(need, root, end))
    return None


def _reason(need: str, root: str, end: Ended) -> str:
    if end.status is Status.SKIPPED:
        return f"needs {need}, which was skipped: a capability is missing"
    if end.status is Status.PRECLUDED and root != need:
        return f"needs {need}, which never ran because of {root}"
    if end.status is Status.PRECLUDED:
        return f"needs {need}, which never ran"
    return f"needs {need}, which {end.status.value}"
