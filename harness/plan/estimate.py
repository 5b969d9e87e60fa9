"""How long a run still takes, by what its checks took before. Pure; the clock is the caller's."""

from __future__ import annotations

from collections.abc import Iterable

from harness.model.plan import Plan
from harness.plan.graph import UNKNOWN_SECONDS, priority

_MOST_CHAINS = 2_000


class Estimate:
    """The rest of a run in seconds: its longest chain, or its work spread over the cores.

    Told of every start and end, at the run's own time in seconds. It knows nothing while less than
    half of the checks that run have a duration from earlier runs.
    """

    def __init__(self, plan: Plan, *, cpus: int, ended: Iterable[str] = ()) -> None:
        """Expect every check of the plan that runs, but those that had `ended` before."""
        self._cpus = max(1, cpus)
        self._chain = priority(plan)
        for name in ended:
            self._chain.pop(name, None)
        to_run = [check for check in plan.checks if check.id in self._chain]
        self._expected = {check.id: check.expected_seconds or UNKNOWN_SECONDS for check in to_run}
        self._cores = {
            check.id: min(max(check.resources.cpu, 0.0), float(self._cpus)) for check in to_run
        }
        self._work = sum(self._expected[name] * self._cores[name] for name in self._expected)
        self._running: dict[str, float] = {}
        known = sum(check.expected_seconds > 0 for check in to_run)
        self.is_known = bool(to_run) and 2 * known >= len(to_run)

    def started(self, check: str, at: float) -> None:
        """A check began, or began again."""
        if check in self._chain:
            self._running[check] = at

    def ended(self, check: str) -> None:
        """A check ended, or never will."""
        self._running.pop(check, None)
        if self._chain.pop(check, None) is not None:
            self._work -= self._expected[check] * self._cores[check]

    def remaining(self, now: float) -> float:
        """Seconds left; 0 when nothing is left, or when all that runs should have ended by now."""
        running = list(self._running.items())  # a copy: another thread may ask
        gone = {check: min(max(0.0, now - at), self._expected[check]) for check, at in running}
        work = self._work - sum(seconds * self._cores[check] for check, seconds in gone.items())
        chains = list(self._chain.items())
        if len(chains) > _MOST_CHAINS:  # so many that the work decides
            chains = [(check, self._chain.get(check, 0.0)) for check in gone]
        chain = max((left - gone.get(check, 0.0) for check, left in chains), default=0.0)
        return max(0.0, chain, work / self._cpus)
