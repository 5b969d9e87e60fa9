"""How much of the machine is held, and what still fits. Pure."""

from __future__ import annotations

from harness.model.plan import Host
from harness.model.spec import Resources


class Ledger:
    """Books what running checks hold.

    Capacity: `cpus` cores, the host's memory (0 = unknown, not bound), one browser slot for every
    two cores, one GPU. A check that wants more of something than there is runs alone.
    """

    def __init__(self, host: Host, jobs: int | None) -> None:
        """Take the host's capacity; `jobs` replaces its number of cores."""
        self.cpus = jobs or host.cpus or 1
        self._capacity = Resources(
            cpu=self.cpus, memory_mb=host.memory_mb, browser=max(1, self.cpus // 2), gpu=1
        )
        self._holders = 0
        self._cpu = 0.0
        self._memory_mb = 0
        self._browser = 0
        self._gpu = 0

    def fits(self, wanted: Resources) -> bool:
        """Whether a check may start now."""
        if not self._holders:
            return True
        have = self._capacity
        return (
            self._cpu + wanted.cpu <= have.cpu
            and (not have.memory_mb or self._memory_mb + wanted.memory_mb <= have.memory_mb)
            and (not wanted.browser or self._browser + wanted.browser <= have.browser)
            and (not wanted.gpu or self._gpu + wanted.gpu <= have.gpu)
        )

    def lacks_a_slot(self, wanted: Resources) -> bool:
        """Whether only a browser or GPU slot is missing, so that others may overtake the check.

        Cores and memory are not overtaken: a stream of small checks would starve a large one.
        """
        return self.fits(Resources(cpu=wanted.cpu, memory_mb=wanted.memory_mb))

    def take(self, wanted: Resources) -> None:
        """Book a check's share."""
        self._book(wanted, 1)

    def give_back(self, wanted: Resources) -> None:
        """Return a check's share."""
        self._book(wanted, -1)

    def share(self, wanted: Resources) -> int:
        """How many processes a check may run: what it asked for, at most what there is."""
        return max(1, min(int(wanted.cpu), self.cpus))

    def _book(self, wanted: Resources, sign: int) -> None:
        self._holders += sign
        self._cpu += sign * wanted.cpu
        self._memory_mb += sign * wanted.memory_mb
        self._browser += sign * wanted.browser
        self._gpu += sign * wanted.gpu
