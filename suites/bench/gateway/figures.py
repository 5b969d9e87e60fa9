"""What windows of measurement come to. Pure: numbers in, numbers out.

A busy machine only ever adds time. So of interleaved windows the best one counts, for everybody.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """One stretch of load on one contender. Times in microseconds, of each answer or summed up.

    `cpu_us` is what the contender's processes used per answer, kernel included. `totals` are the
    single times, where they are kept.
    """

    answers: int
    p50: float
    p99: float
    cpu_us: float
    per_second: float = 0.0
    first_p50: float = 0.0
    totals: Sequence[float] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """Every window of one contender under one kind of load."""

    windows: Sequence[Window]

    @property
    def p50(self) -> float:
        """The best median of a window."""
        return min(window.p50 for window in self.windows)

    @property
    def p99(self) -> float:
        """The best 99th percentile of a window."""
        return min(window.p99 for window in self.windows)

    @property
    def cpu_us(self) -> float:
        """The least CPU per answer."""
        return min(window.cpu_us for window in self.windows)

    @property
    def per_second(self) -> float:
        """The most answers a second."""
        return max(window.per_second for window in self.windows)

    @property
    def first_p50(self) -> float:
        """The best median until the first event."""
        return min(window.first_p50 for window in self.windows)

    @property
    def totals(self) -> list[float]:
        """The single times of all windows."""
        return [total for window in self.windows for total in window.totals]


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of all, 0 to 1, do not exceed (nearest rank, never interpolated)."""
    if not values:
        raise ValueError("no values have no percentile")
    return sorted(values)[max(math.ceil(share * len(values)), 1) - 1]


def share_between(values: Sequence[float], low: float, high: float) -> float:
    """Which share of all, 0 to 1, lies from `low` up to, but not at, `high`."""
    return sum(low <= value < high for value in values) / len(values) if values else 0.0


def summed_up(answers: Sequence[tuple[float, float]], cpu_us: float) -> Window:
    """A window from each answer's microseconds to its first content and to its end."""
    totals = [total for _, total in answers]
    return Window(
        answers=len(answers),
        totals=totals,
        p50=percentile(totals, 0.5),
        p99=percentile(totals, 0.99),
        first_p50=percentile([first for first, _ in answers], 0.5),
        cpu_us=cpu_us / len(answers),
    )
