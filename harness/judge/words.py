"""Words of programs and people inside the sentences of a verdict: short, and safe to print."""

from __future__ import annotations

from collections.abc import Sequence

_LONGEST = 300
_NAMED = 5


def one(text: str) -> str:
    """The text as one short line that is safe to print anywhere.

    Control and format characters (terminal escapes, right-to-left overrides) become spaces.
    """
    line = next((line for line in text.splitlines() if line.strip()), "")[: 4 * _LONGEST]
    line = " ".join("".join(c if c.isprintable() else " " for c in line).split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def listed(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    rest = len(names) - _NAMED
    more = f" and {rest:,} more" if rest > 0 else ""
    return ", ".join(one(name) for name in names[:_NAMED]) + more
