"""Which checks flip and which take long, from how they ended in the past; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median

from harness.model.base import Record
from harness.model.history import PastCheck
from harness.model.result import Status

SHOWN_ENDS = 20


class Flips(Record, frozen=True, omit_defaults=False):
    """How often a check's end was flaky or another than the time before; `share` of all it could.

    `last` are its last ends, newest last.
    """

    check: str
    flips: int
    runs: int
    share: float
    last: tuple[Status, ...]


class Slow(Record, frozen=True, omit_defaults=False):
    """What a check takes, in seconds: the median and the longest of its executed passes.

    `share` is of what all the checks take together.
    """

    check: str
    seconds: float
    longest: float
    share: float
    runs: int


def flakiest(ends: Mapping[str, Sequence[PastCheck]]) -> list[Flips]:
    """The checks that flip, the worst first; `ends` by check, oldest first."""
    found = []
    for check, line in ends.items():
        flips = sum(
            after.status is Status.FLAKY or after.status is not before.status
            for before, after in pairwise(line)
        )
        if flips:
            last = tuple(end.status for end in line[-SHOWN_ENDS:])
            share = round(flips / (len(line) - 1), 4)
            found.append(Flips(check=check, flips=flips, runs=len(line), share=share, last=last))
    return sorted(found, key=lambda one: (-one.share, -one.flips, one.check))


def slowest(ends: Mapping[str, Sequence[PastCheck]]) -> list[Slow]:
    """What each check takes, the slowest first; `ends` by check."""
    taken = passes(ends)
    medians = {check: median(took) for check, took in taken.items()}
    whole = sum(medians.values())
    found = [
        Slow(
            check=check,
            seconds=medians[check],
            longest=max(took),
            share=round(medians[check] / whole, 4) if whole else 0.0,
            runs=len(took),
        )
        for check, took in taken.items()
    ]
    return sorted(found, key=lambda one: (-one.seconds, one.check))


def passes(ends: Mapping[str, Sequence[PastCheck]]) -> dict[str, list[float]]:
    """Seconds of the executed passes by check, oldest first."""
    found = {
        check: [
            end.seconds
            for end in line
            if end.status is Status.PASSED and end.seconds is not None and not end.reused
        ]
        for check, line in ends.items()
    }
    return {check: took for check, took in found.items() if took}
