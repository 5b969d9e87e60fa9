"""The event journal: append-only JSON Lines, one event a line, each line chained to the one before.

A line is the event's JSON object with one more member, `chain`: the first 16 hex digits of
SHA-256(previous chain + the object without it). Reading checks every link, so an edited, removed or
reordered line is found. A torn last line is what a crash leaves: it is dropped and said. Damage
anywhere else is an `EvidenceError`, never skipped.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import threading
import time
from typing import TYPE_CHECKING

import msgspec

from harness.errors import EvidenceError, HostError, UsageError
from harness.model.base import Record
from harness.model.event import CheckFinished, Event, RunFinished, RunStarted, decode, encode

if TYPE_CHECKING:
    from pathlib import Path

JOURNAL_NAME = "journal.jsonl"
_CHAIN_DIGITS = 16
_REST_SECONDS = 0.02
_LOCK_SECONDS = 1.0
_LAST_LINE = 120  # more than the last line of a whole run takes
_SUFFIX_LENGTH = len(b',"chain":""}') + _CHAIN_DIGITS
_DURABLE = (RunStarted, CheckFinished, RunFinished)


def _link(previous: str, body: bytes) -> str:
    return hashlib.sha256(previous.encode() + body).hexdigest()[:_CHAIN_DIGITS]


def _lock(file: int) -> None:
    """Be the one writer. Raises `BlockingIOError` when there is another.

    Others hold it for a moment, too: `goes_on`, and what a writer was just starting when it was
    killed, until that has begun to be another program.
    """
    deadline = time.monotonic() + _LOCK_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(BlockingIOError):
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        time.sleep(_REST_SECONDS)
    return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


class JournalWriter:
    """Appends events to a new journal; an `EventSink`.

    Each event is handed to the system before `emit` returns, so the death of this process loses
    nothing. Against the death of the machine, a thread of its own flushes headers and finished
    checks to the disk within moments, without holding up the run; `close` returns when all is
    there. Any `OSError` (full disk, read-only folder) is the caller's to handle.
    """

    def __init__(self, path: Path) -> None:
        """Create the journal. Raises `HostError` when it exists already or cannot be made."""
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
        except OSError as error:
            raise HostError(
                f"{path}: the journal cannot be created ({error.strerror})",
                next_step="choose a writable folder with --output",
            ) from error
        self._chain = ""
        fcntl.flock(self._file, fcntl.LOCK_EX)  # whoever resumes a run must see that it goes on
        self._flusher = _Flusher(self._file)

    @classmethod
    def resume(cls, path: Path) -> tuple[JournalWriter, Journal]:
        """Open a journal to go on with it, a torn last line dropped; with what it holds.

        Raises `UsageError` when its run still goes on, here or in another process, and
        `EvidenceError` when it is damaged.
        """
        try:
            file = os.open(path, os.O_RDWR | os.O_APPEND)
        except OSError as error:
            raise EvidenceError(f"{path}: cannot be opened ({error.strerror})") from error
        try:
            _lock(file)
        except OSError as error:
            os.close(file)
            raise UsageError(
                f"{path.parent.name}: this run still goes on", next_step="wait for its end"
            ) from error
        try:
            content = path.read_bytes()
            journal = parse_journal(content, name=str(path))
            whole = content.rfind(b"\n") + 1
            os.ftruncate(file, whole)
        except BaseException:
            os.close(file)
            raise
        writer = cls.__new__(cls)
        writer._file = file
        writer._chain = content[whole - 3 - _CHAIN_DIGITS : whole - 3].decode()
        writer._flusher = _Flusher(file)
        return writer, journal

    def emit(self, event: Event) -> None:
        """Append one event. Raises `OSError` when it could not be kept whole."""
        body = encode(event)
        chain = _link(self._chain, body)
        line = b'%b,"chain":"%b"}\n' % (body[:-1], chain.encode())
        view = memoryview(line)
        while view:
            view = view[os.write(self._file, view) :]
        self._chain = chain
        if isinstance(event, _DURABLE):
            self._flusher.ask()

    def close(self) -> None:
        """Flush and close the file. Raises `OSError` when the disk refused something."""
        try:
            self._flusher.finish()
        finally:
            os.close(self._file)


def goes_on(path: Path) -> bool:
    """Whether some process still writes this journal. Raises `OSError` when it cannot be read."""
    file = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def is_finished(path: Path) -> bool:
    """Whether the last line ends a run; its link is not checked. Raises `OSError`."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _LAST_LINE))
        return b'\n{"event":"run-finished",' in file.read()


class _Flusher:
    """Flushes a file whenever asked, many requests at once, on a thread of its own."""

    def __init__(self, file: int) -> None:
        self._file = file
        self._asked = threading.Event()
        self._stop_resting = threading.Event()
        self._finished = False
        self._error: OSError | None = None
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
        self._thread.start()

    def ask(self) -> None:
        """Flush soon. Raises `OSError` when an earlier flush failed."""
        if self._error is not None:
            raise self._error
        self._asked.set()

    def finish(self) -> None:
        """Flush what was asked for and end. Raises `OSError` when any flush failed."""
        self._finished = True
        self._stop_resting.set()
        self._asked.set()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        while True:
            self._asked.wait()
            self._asked.clear()
            last = self._finished  # read after clearing: whoever finishes asks once more
            try:
                os.fdatasync(self._file)
            except OSError as error:
                self._error = error
            if last or self._error is not None:
                return
            # Requests that come during the rest are answered together by the next flush.
            self._stop_resting.wait(_REST_SECONDS)


class Journal(Record, frozen=True):
    """What a journal holds: its events, and what was wrong with its end (empty when nothing)."""

    events: tuple[Event, ...]
    torn: str = ""


def read_journal(path: Path) -> Journal:
    """Every event of a journal, links checked. Raises `EvidenceError`."""
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise EvidenceError(
            f"{path}: there is no journal", next_step="name a run folder; `release-manager report`"
        ) from error
    except OSError as error:
        raise EvidenceError(f"{path}: the journal cannot be read ({error.strerror})") from error
    return parse_journal(content, name=str(path))


def parse_journal(content: bytes, *, name: str) -> Journal:
    """Every event of a journal's bytes, links checked. Raises `EvidenceError` naming the line."""
    lines = content.split(b"\n")
    last = lines.pop()
    torn = f"{name}:{len(lines) + 1}: the last line is torn; it was dropped" if last else ""
    events: list[Event] = []
    chain = ""
    for number, line in enumerate(lines, start=1):
        body = line[:-_SUFFIX_LENGTH] + b"}"
        expected = _link(chain, body)
        if line[-_SUFFIX_LENGTH:] != b',"chain":"%b"}' % expected.encode():
            raise EvidenceError(
                f"{name}:{number}: the journal is damaged: this line does not follow from the one"
                " before",
                next_step="the run proves nothing; verify again",
            )
        chain = expected
        try:
            events.append(decode(body))
        except msgspec.MsgspecError as error:
            raise EvidenceError(
                f"{name}:{number}: not an event this version knows ({error})",
                next_step="read it with the version of the release manager that wrote it",
            ) from error
    if not events:
        raise EvidenceError(
            f"{name}: the journal is empty", next_step="the run ended before it began; verify again"
        )
    return Journal(events=tuple(events), torn=torn)
