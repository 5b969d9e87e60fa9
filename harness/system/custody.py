"""Knows every child this process has, and whose each one is.

A child is *spawned* until it is reaped, and *open* until nothing of it is left: in between, what it
left behind is in its `orphans`.
"""

from __future__ import annotations

import os
import signal

from harness.system import orphans
from harness.system.child import Child


class Custody:
    """The books of one supervisor. `trace` begins the trace of all it spawns; see `orphans`."""

    def __init__(self, trace: str, notes: list[str]) -> None:
        """`notes` takes what belongs to no child."""
        self.census = orphans.Census()
        self.open: dict[int, Child] = {}
        """Children with something left to wait for, by their number."""
        self._prefix = f"{trace}."
        self._notes = notes
        self._spawned: dict[int, Child] = {}
        self._own: set[int] = set()
        self._unclaimed: dict[int, frozenset[int]] = {}
        self._dying: set[int] = set()

    def own(self, pid: int) -> None:
        """A process that serves the supervisor itself."""
        self._own.add(pid)

    def take(self, child: Child) -> None:
        """A child was spawned."""
        self._spawned[child.pid] = child
        self.open[child.number] = child

    def reaped(self, child: Child) -> None:
        """A child's own process is gone."""
        del self._spawned[child.pid]

    def close(self, child: Child) -> None:
        """Nothing more is awaited of a child; orphans that would not die are only watched."""
        del self.open[child.number]
        self._dying |= child.orphans

    @property
    def dying(self) -> bool:
        """Whether processes that were killed are still there."""
        return bool(self._dying)

    def take_census(self) -> None:
        """Give every stranger among our children to the child it stems from."""
        if self._dying:
            self._dying = {pid for pid in self._dying if not orphans.reap(pid)}
        for pid in self.census.strangers(self._known()):
            owner = self._owner(pid)
            if owner is not None:
                owner.orphans.add(pid)
            elif orphans.reap(pid):
                self._unclaimed.pop(pid, None)
            elif self._is_nobodys(pid):
                self._notes.append(
                    f"{orphans.describe(pid)} outlived its check, and which one that was cannot be"
                    " told; it was killed"
                )
                orphans.kill_family(pid, signal.SIGKILL)
                self._unclaimed.pop(pid, None)
                self._dying.add(pid)

    def _known(self) -> set[int]:
        known = self._spawned.keys() | self._dying | self._own
        for child in self.open.values():
            if child.orphans:
                known |= child.orphans
        return known

    def _owner(self, pid: int) -> Child | None:
        try:
            group = os.getpgid(pid)
        except ProcessLookupError:
            return None
        for child in self.open.values():
            if child.pid == group:
                return child
        trace = orphans.trace_of(pid)
        if trace.startswith(self._prefix):
            number = trace.removeprefix(self._prefix).split("/", 1)[0]
            if number.isdigit():
                return self.open.get(int(number))
        # It hid its origin: it can only be of a child that was open when it was first seen.
        suspects = self._unclaimed.setdefault(pid, frozenset(self.open))
        if len(suspects) == 1:
            return self.open.get(next(iter(suspects)))
        return None

    def _is_nobodys(self, pid: int) -> bool:
        """Whether every child it could stem from is closed."""
        return not any(number in self.open for number in self._unclaimed.get(pid, ()))
