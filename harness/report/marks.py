"""Earlier ends of a check as a small drawing: a bar for each run, newest last, taller is worse."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from harness.model.base import Record
from harness.model.history import Mark
from harness.report.payload import MARKS

WIDTH, HEIGHT = 7, 14
_TALL = {"passed": 6, "flaky": 10, "skipped": 2, "precluded": 2}


class Marks(Record, frozen=True):
    """What the template draws; `paths` holds one outline for all bars of a status."""

    said: str
    width: int
    height: int
    paths: tuple[tuple[str, str], ...]


def marks(ends: Sequence[Mark]) -> Marks | None:
    """The last twelve; None when there are none."""
    words = [mark.status.value for mark in ends[-MARKS:]]
    if not words:
        return None
    bars: dict[str, list[str]] = {}
    for number, word in enumerate(words):
        tall = _TALL.get(word, HEIGHT)
        bars.setdefault(word, []).append(f"M{number * WIDTH} {HEIGHT - tall}h5v{tall}h-5z")
    runs = [(word, len(list(group))) for word, group in groupby(words)]
    told = ", ".join(word if count == 1 else f"{count} {word}" for word, count in runs)
    return Marks(
        said=f"Earlier runs, newest last: {told}",
        width=len(words) * WIDTH,
        height=HEIGHT,
        paths=tuple((word, "".join(parts)) for word, parts in bars.items()),
    )
