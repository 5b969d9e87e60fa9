"""Rows under aligned heads that fit the terminal; whole where no terminal asks for less."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence

import click

from harness.model.base import Record

_GAP = "  "
_LEAST = 12


class Column(Record, frozen=True):
    """A head and how its cells stand.

    When a line is too long, `spare` columns are left out, and `flexible` ones give way.
    """

    head: str
    right: bool = False
    flexible: bool = False
    spare: bool = False
    paint: Callable[[str], str] | None = None


def print_table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """Print the rows, as wide as the terminal is."""
    for line in lines(columns, rows, width()):
        click.echo(line)


def width() -> int | None:
    """The terminal's columns; None when the output goes elsewhere and nothing must be cut."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def lines(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], room: int | None
) -> Iterator[str]:
    """The heads and the rows; no line is longer than `room`, as far as columns allow that."""
    table = [(column, [column.head, *cells]) for column, *cells in zip(columns, *rows, strict=True)]
    widths = [max(map(len, cells)) for _, cells in table]
    for number in reversed(range(len(table))):
        if room is not None and _length(widths) > room and table[number][0].spare:
            del table[number], widths[number]
    over = 0 if room is None else _length(widths) - room
    for number, (column, _) in enumerate(table):
        if over > 0 and column.flexible:
            given = min(over, max(0, widths[number] - _LEAST))
            widths[number] -= given
            over -= given
    columns = [column for column, _ in table]
    for number, row in enumerate(zip(*(cells for _, cells in table), strict=True)):
        yield _line(columns, row, widths, is_head=not number)


def _length(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def _line(
    columns: Sequence[Column], row: Sequence[str], widths: Sequence[int], *, is_head: bool
) -> str:
    cells = []
    for column, cell, wide in zip(columns, row, widths, strict=True):
        text = shortened(cell, wide)
        padded = text.rjust(wide) if column.right else text.ljust(wide)
        cells.append(column.paint(padded) if column.paint and not is_head else padded)
    return _GAP.join(cells).rstrip()


def shortened(text: str, most: int) -> str:
    """The text in at most so many characters: its end says more than its middle."""
    if len(text) <= most:
        return text
    mark = "…" if can_print("…") else "..."
    kept = max(0, most - len(mark))
    head = kept // 3
    return f"{text[:head]}{mark}{text[len(text) - (kept - head) :]}"


def can_print(text: str) -> bool:
    """Whether the output's encoding has these characters."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True
