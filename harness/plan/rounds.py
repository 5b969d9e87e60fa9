"""What a round of `verify --watch` has to run, and which changes are the checks' own. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import PurePosixPath

from harness.model.plan import Plan
from harness.model.result import Status
from harness.plan.affected import affected
from harness.plan.selection import Narrowed

_OWN_AFTER = 3
_JUDGED_BY = ("policy", "waivers")
_CAME_THROUGH = (Status.PASSED, Status.SKIPPED)


def to_run(plan: Plan, changed: Collection[str], pending: Collection[str]) -> Narrowed:
    """The checks of a plan that a change can touch, and those that have not passed since.

    How a run is judged decides about every check, so a change of that runs them all; what is as it
    was is reused.
    """
    reasons = dict.fromkeys(
        (check.id for check in plan.checks if check.id in pending), "has not passed yet"
    )
    reasons.update(affected(plan, changed))
    judging = next((path for path in sorted(changed) if _judges(path)), "")
    if judging:
        reasons = {check.id: f"{judging} says how runs are judged" for check in plan.checks}
    return Narrowed(words="what changed since the last round", reasons=reasons)


def _judges(path: str) -> bool:
    place = PurePosixPath(path)
    return (
        place.parent == PurePosixPath("phases")
        and place.stem in _JUDGED_BY
        and place.suffix in (".yaml", ".yml")
    )


class Pending:
    """The checks that a session has still to see pass."""

    def __init__(self) -> None:
        """Nothing ran yet."""
        self._ids: set[str] = set()

    def take(self, ends: Iterable[tuple[str, Status]]) -> None:
        """Learn how checks ended in a round; the others stay as they are."""
        for name, status in ends:
            if status in _CAME_THROUGH:
                self._ids.discard(name)
            else:
                self._ids.add(name)

    @property
    def ids(self) -> frozenset[str]:
        """Their ids."""
        return frozenset(self._ids)


class OwnWrites:
    """Files that change with every round, because a check writes them.

    A round must not cause the next one for ever. Such a file counts again when it changes while
    nothing runs.
    """

    def __init__(self) -> None:
        """No round ended yet."""
        self._streaks: dict[str, int] = {}

    def during(self, changed: Collection[str]) -> tuple[set[str], list[str]]:
        """Of what changed during a round, what is somebody's edit, and what is newly told apart."""
        self._streaks = {path: self._streaks.get(path, 0) + 1 for path in sorted(changed)}
        edits = {path for path, count in self._streaks.items() if count < _OWN_AFTER}
        return edits, [path for path, count in self._streaks.items() if count == _OWN_AFTER]

    def between(self, changed: Collection[str]) -> None:
        """Learn what changed while nothing ran."""
        for path in changed:
            self._streaks.pop(path, None)
