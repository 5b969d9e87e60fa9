"""The four measurements, each a table with what it says of the bars."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from suites.bench.gateway.doors import Door
from suites.bench.gateway.figures import Taken, Window, share_between
from suites.bench.gateway.loads import Loads
from suites.bench.measure import FailedContenderError

# The bars: microseconds, MiB, a share.
ADDED_P50, CPU, ADDED_P99, PEAK_MIB, PLATEAU = 500, 350, 2000, 300, 0.01
# Nagle's algorithm against delayed acknowledgements shows as a step of 40 ms.
PLATEAU_US = (35_000, 50_000)
RATE, PACED = 100, 400
# Events and milliseconds between them; the upstream adds two events at the end.
SHORT, SHORT_EVENTS, SHORT_COUNT = "8x1", 10, 100
LONG, LONG_EVENTS, MANY = "40x50", 42, 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """One table, and what it says of the bars."""

    title: str
    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    """Contenders, the first of them the bare upstream; `judged` names the one the bars are for."""

    loads: Loads
    doors: Sequence[Door]
    judged: str
    answered: Counter[str] = field(default_factory=Counter)

    def warm_up(self) -> None:
        """Lets caches, connection pools and compilers of all kinds get warm."""
        for door in self.doors:
            self.answered[door.name] += self.loads.closed(door, 16, 2 * door.seconds).answers

    def whole(self, rounds: int) -> Section:
        """Closed loops of whole answers, at one client and at 16."""
        one, failed = self._turns(rounds, lambda door: self.loads.closed(door, 1, door.seconds))
        many, too = self._turns(rounds, lambda door: self.loads.closed(door, 16, door.seconds))
        base, ours = one[self.doors[0].name], one[self.judged]
        peak = {door.name: door.program.peak_mib() for door in self.doors}
        rows = [
            (
                name,
                f"{one[name].p50:.0f}",
                f"{one[name].p50 - base.p50:+.0f}",
                _ratio(ours.p50 - base.p50, one[name].p50 - base.p50),
                f"{one[name].cpu_us:.0f}",
                f"{many[name].cpu_us:.0f}",
                _ratio(ours.cpu_us, one[name].cpu_us),
                f"{many[name].per_second:.0f}",
                f"{many[name].per_second / many[self.doors[0].name].per_second:.3f}",
                f"{peak[name]:.0f}",
            )
            for name in one
            if name in many
        ]
        columns = "door|p50 us, c=1|added|ours/its|CPU us, c=1|c=16|ours/its|RPS, c=16|of direct"
        return Section(
            title="a whole answer of 0.5 KB, best of windows that take turns",
            header=(*columns.split("|"), "peak MiB"),
            rows=rows,
            notes=[
                _bar("added p50 at one client", ours.p50 - base.p50, ADDED_P50, "us"),
                _bar("CPU per request at 16 clients", many[self.judged].cpu_us, CPU, "us"),
                _bar("CPU per request at one client", ours.cpu_us, CPU, "us"),
                *failed,
                *too,
                _load(),
            ],
        )

    def paced(self, rounds: int) -> Section:
        """An open loop of whole answers."""
        taken, failed = self._turns(rounds, lambda door: self.loads.paced(door, RATE, PACED))
        base, ours = taken[self.doors[0].name], taken[self.judged]
        rows = [
            (
                name,
                f"{its.p50:.0f}",
                f"{its.p50 - base.p50:+.0f}",
                f"{its.p99:.0f}",
                f"{its.p99 - base.p99:+.0f}",
                f"{its.cpu_us:.0f}",
            )
            for name, its in taken.items()
        ]
        return Section(
            title=f"open loop, {RATE} requests a second, timed from when each was due",
            header=("door", "p50 us", "added", "p99 us", "added", "CPU us"),
            rows=rows,
            notes=[
                _bar("added p50", ours.p50 - base.p50, ADDED_P50, "us"),
                _bar("added p99", ours.p99 - base.p99, ADDED_P99, "us"),
                *failed,
                _load(),
            ],
        )

    def short_streams(self, rounds: int) -> Section:
        """Streams of small events, one after the other on one kept connection."""
        taken, failed = self._turns(
            rounds, lambda door: self.loads.streamed(door, SHORT, 1, SHORT_COUNT)
        )
        base = taken[self.doors[0].name]
        shares = {name: share_between(its.totals, *PLATEAU_US) for name, its in taken.items()}
        rows = [
            (
                name,
                f"{its.first_p50:.0f}",
                f"{its.first_p50 - base.first_p50:+.0f}",
                f"{its.p50 / 1000:.2f}",
                f"{(its.p50 - base.p50) / 1000:+.2f}",
                f"{shares[name]:.1%}",
                f"{its.cpu_us / SHORT_EVENTS:.0f}",
            )
            for name, its in taken.items()
        ]
        columns = "door|first event p50 us|added|whole p50 ms|added|in 35-50 ms|CPU us/event"
        return Section(
            title=f"streams of {SHORT_EVENTS} events, 1 ms apart, one client, connection kept",
            header=tuple(columns.split("|")),
            rows=rows,
            notes=[
                _bar("streams on a 40 ms plateau", shares[self.judged] * 100, PLATEAU * 100, "%"),
                *failed,
                _load(),
            ],
        )

    def many_streams(self) -> Section:
        """Long streams, all at once: each is complete, or this raises."""
        for door in self.doors:
            door.program.forget_peak()
        taken, failed = self._turns(1, lambda door: self.loads.streamed(door, LONG, MANY, MANY))
        peaks = {door.name: door.program.peak_mib() for door in self.doors}
        rows = [
            (
                name,
                f"{len(its.totals)}/{MANY}",
                f"{its.first_p50 / 1000:.0f}",
                f"{its.p50 / 1e6:.2f}",
                f"{its.p99 / 1e6:.2f}",
                f"{its.cpu_us / LONG_EVENTS:.0f}",
                f"{peaks[name]:.0f}",
            )
            for name, its in taken.items()
        ]
        columns = "door|complete|first event p50 ms|whole p50 s|p99 s|CPU us/event|peak MiB"
        return Section(
            title=f"{MANY} streams at once, of {LONG_EVENTS} events in 2 s each",
            header=tuple(columns.split("|")),
            rows=rows,
            notes=[_bar("peak memory", peaks[self.judged], PEAK_MIB, "MiB"), *failed, _load()],
        )

    def _turns(
        self, rounds: int, window: Callable[[Door], Window]
    ) -> tuple[dict[str, Taken], list[str]]:
        """The windows of each contender, in turns. A peer that fails is left out, by name."""
        taken: dict[str, list[Window]] = {door.name: [] for door in self.doors}
        failed: dict[str, str] = {}
        for _ in range(rounds):
            for door in self.doors:
                if door.name in failed:
                    continue
                try:
                    found = window(door)
                except FailedContenderError as error:
                    if not door.peer:
                        raise
                    failed[door.name] = f"no figures: {error}"[:300].partition("\n")[0]
                    continue
                taken[door.name].append(found)
                self.answered[door.name] += found.answers
        whole = {name: Taken(windows=taken[name]) for name in taken if name not in failed}
        return whole, list(failed.values())


def _bar(what: str, value: float, at_most: float, unit: str) -> str:
    verdict = "met" if value <= at_most else "NOT MET"
    return f"{what}: {value:.0f} {unit}, at most {at_most:.0f}: {verdict}"


def _ratio(ours: float, its: float) -> str:
    return f"{ours / its:.2f}" if its > 0 else "-"


def _load() -> str:
    one, five, _ = os.getloadavg()
    return f"load average {one:.1f} (1 min), {five:.1f} (5 min) on {os.cpu_count()} cores"
