"""Problems of definition files: where, what, what to do. Collected, never raised one by one."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable

from harness.errors import DefinitionError
from harness.model.base import Record
from harness.model.spec import Position

MAX_PER_FILE = 100


class Problem(Record, frozen=True):
    """One thing that is wrong at one place."""

    position: Position
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.position}: {self.what}; {self.remedy}"


class Problems:
    """Everything found so far, over all files."""

    def __init__(self) -> None:
        # Keys only: the same problem seen through several aliases is one problem.
        self._found: dict[Problem, None] = {}

    def __len__(self) -> int:
        return len(self._found)

    def add(self, position: Position, what: str, remedy: str) -> None:
        """Note one problem. Texts from files are shown on one line, without control characters."""
        problem = Problem(position=position, what=printable(what), remedy=printable(remedy))
        self._found[problem] = None

    def error(self) -> DefinitionError:
        """Everything found as one error, by file, line and column.

        A file with more than `MAX_PER_FILE` problems is not the result of slips: the rest is
        counted, so that a wrong file cannot flood the terminal.
        """
        by_file: dict[str, list[Problem]] = {}
        for problem in sorted(self._found, key=_order):
            by_file.setdefault(problem.position.file, []).append(problem)
        texts: list[str] = []
        for file, found in by_file.items():
            texts += [str(problem) for problem in found[:MAX_PER_FILE]]
            if (more := len(found) - MAX_PER_FILE) > 0:
                last = found[MAX_PER_FILE].position
                texts.append(
                    f"{file}:{last.line}:{last.column}: {more} more problems from here on; "
                    "mend those above first"
                )
        return DefinitionError(texts)


def _order(problem: Problem) -> tuple[str, int, int, str]:
    position = problem.position
    return position.file, position.line, position.column, problem.what


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was most likely meant."""
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return matches[0] if matches else None


def choose(name: str, known: Collection[str], *, otherwise: str = "remove it") -> str:
    """What to do about an unknown name: the nearest one, or the list when it is short."""
    if (near := nearest(name, known)) is not None:
        return f'did you mean "{near}"?'
    if 0 < len(known) <= 12:
        return f"choose one of {', '.join(sorted(known))}"
    return otherwise


def shown(text: str) -> str:
    """A text from a file, quoted and short enough for one line."""
    return f'"{text if len(text) <= 60 else text[:57] + "..."}"'


def printable(text: str) -> str:
    """Control characters and line breaks made visible, so that no file can forge a message."""
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)
