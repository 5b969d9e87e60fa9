"""Which checks and tests flip and which take long, from how they ended in the past; pure.

What is ranked is named by check and test; the test is empty when it is the check itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median

from harness.model.base import Record
from harness.model.history import PastCheck
from harness.model.result import Status

SHOWN_ENDS = 20
Name = tuple[str, str]


class Flips(Record, frozen=True, omit_defaults=False):
    """How often an end was flaky or another than the time before; `share` of all it could.

    `last` are its last ends, newest last.
    """

    check: str
    test: str
    flips: int
    runs: int
    share: float
    last: tuple[Status, ...]


class Slow(Record, frozen=True, omit_defaults=False):
    """What it takes, in seconds: the median and the longest of its executed passes.

    `share` is of what all that is ranked takes together.
    """

    check: str
    test: str
    seconds: float
    longest: float
    share: float
    runs: int


def flakiest(ends: Mapping[Name, Sequence[PastCheck]]) -> list[Flips]:
    """What flips, the worst first; `ends` by name, oldest first."""
    found = []
    for (check, test), line in ends.items():
        flips = sum(
            after.status is Status.FLAKY or after.status is not before.status
            for before, after in pairwise(line)
        )
        if flips:
            last = tuple(end.status for end in line[-SHOWN_ENDS:])
            found.append(
                Flips(
                    check=check,
                    test=test,
                    flips=flips,
                    runs=len(line),
                    share=round(flips / (len(line) - 1), 4),
                    last=last,
                )
            )
    return sorted(found, key=lambda one: (-one.share, -one.flips, one.check, one.test))


def slowest(ends: Mapping[Name, Sequence[PastCheck]]) -> list[Slow]:
    """What everything takes, the slowest first; `ends` by name."""
    taken = passes(ends)
    medians = {name: median(took) for name, took in taken.items()}
    whole = sum(medians.values())
    found = [
        Slow(
            check=name[0],
            test=name[1],
            seconds=medians[name],
            longest=max(took),
            share=round(medians[name] / whole, 4) if whole else 0.0,
            runs=len(took),
        )
        for name, took in taken.items()
    ]
    return sorted(found, key=lambda one: (-one.seconds, one.check, one.test))


def passes(ends: Mapping[Name, Sequence[PastCheck]]) -> dict[Name, list[float]]:
    """Seconds of the executed passes by name, oldest first."""
    found = {
        name: [
            end.seconds
            for end in line
            if end.status is Status.PASSED and end.seconds is not None and not end.reused
        ]
        for name, line in ends.items()
    }
    return {name: took for name, took in found.items() if took}
