"""How much of what was said the page inlines: budgets over all of it, and words for the rest."""

from __future__ import annotations

from collections.abc import Iterable

from harness.model.base import Record
from harness.model.result import Output, TestRecord
from harness.report.text import both_ends, clip_lines, size

LINE = 2_000
"""Characters of a line; the rest of a longer one is counted."""
_MESSAGE = 8_000
_BAD_TESTS = 40


class Shown(Record, frozen=True, omit_defaults=False):
    """A text as far as its budget let it through; `note` says what was left off."""

    text: str = ""
    note: str = ""


class Budget:
    """Characters left to inline, over all texts of one sort."""

    def __init__(self, total: int) -> None:
        """Begin with all of them."""
        self.left = total

    def show(self, output: Output, most: int) -> Shown:
        """As much of both ends as is left; a note when that is not everything."""
        text = output.text.strip("\n")
        room = min(most, self.left)
        if not text:
            return Shown()
        if room < 200:
            return Shown(note=f"{size(output.total_bytes)} of output, kept in report.json")
        text = clip_lines(text, LINE)
        shown = both_ends(text, room)
        self.left -= len(shown)
        whole = shown is text and not output.dropped_bytes
        return Shown(text=shown, note="" if whole else f"Both ends of {size(output.total_bytes)}")


class Texts:
    """Characters and tests left to tell, over all that did not pass."""

    def __init__(self, characters: int, tests: int) -> None:
        """Begin with all of them."""
        self._characters, self._tests = characters, tests

    def bounded(self, text: str) -> str:
        """Both ends of the text, in what is left; at least a line of it."""
        room = min(_MESSAGE, max(self._characters, 300))
        shown = both_ends(clip_lines(text.strip("\n"), LINE), room)
        self._characters -= len(shown)
        return shown

    def tests(self, bad: Iterable[TestRecord]) -> list[TestRecord]:
        """The first tests, as many as are left."""
        chosen = list(bad)[: min(_BAD_TESTS, max(self._tests, 1))]
        self._tests -= len(chosen)
        return chosen
