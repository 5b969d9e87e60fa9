"""Result files that children of ours write, read whole or said why they cannot be believed."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from harness.model.ports import Completed
from harness.model.result import Outcome, Status
from harness.run.kinds.ending import how_it_ended, with_last_line

LARGEST = 64 * 1024 * 1024
"""Bytes; no honest result file comes near."""

T = TypeVar("T")


class UnreadableResultsError(Exception):
    """A result file is missing, empty, cut short or contradicts itself; the message says which."""


def results_of(completed: Completed, path: Path, of: type[T], *, hint: str = "") -> T | Outcome:
    """What a command that came to its end left at `path`, typed.

    Else the outcome (`errored`), with how it ended and what it last said; `hint` says what would
    have written the file.
    """
    try:
        return read_results(path, of)
    except UnreadableResultsError as error:
        message = f"{how_it_ended(completed)}, and {error}" + (f" ({hint})" if hint else "")
        return Outcome(status=Status.ERRORED, message=with_last_line(message, completed))


def read_results(path: Path, of: type[T]) -> T:
    """A JSON result file of ours, typed. Raises `UnreadableResultsError`."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise UnreadableResultsError("it left no result file") from None
    except OSError as error:
        raise UnreadableResultsError(f"its result file cannot be read ({error.strerror})") from None
    if len(content) > LARGEST:
        raise UnreadableResultsError(
            f"its result file has {len(content):,} bytes, more than is read"
        )
    if not content:
        raise UnreadableResultsError("its result file is empty")
    try:
        return msgspec.json.decode(content, type=of)
    except msgspec.MsgspecError as error:
        raise UnreadableResultsError(f"its result file is damaged ({error})") from error
