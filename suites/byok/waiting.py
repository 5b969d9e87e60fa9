"""Waiting for a condition instead of for a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
SECONDS = 15.0


def eventually(
    look: Callable[[], T], enough: Callable[[T], bool], what: str, seconds: float = SECONDS
) -> T:
    """What `look` sees as soon as it is enough; fails with the last of it after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if enough(seen):
            return seen
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s; last seen {seen!r}"
        time.sleep(0.02)
