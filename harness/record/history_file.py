"""The history's SQLite file: in the hands of one process at a time, set aside when damaged.

SQLite alone answers "database is locked" at once where waiting could end in a deadlock: when two
processes turn a new file to write-ahead logging, or recover what a killed one left. And a file that
is renamed while others have it open loses the log of the file that takes its place. So whoever has
the file open, which is never for long, holds a lock beside it, and the system takes that back from
the dead. Other programs may look at the file meanwhile: what is busy is asked again for a while.
"""

from __future__ import annotations

import contextlib
import fcntl
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TextIO, TypeVar

from harness.errors import EvidenceError
from harness.record.folder import make_ignored
from harness.record.history_schema import NewerHistoryError, migrate

_T = TypeVar("_T")
_PATIENCE_SECONDS = 60.0
_BUSY_SECONDS = 20.0
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL})
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class HistoryFile:
    """An open file of the newest schema. Every method raises `EvidenceError`."""

    def __init__(
        self, path: Path, refill: Callable[[sqlite3.Connection], None] | None = None
    ) -> None:
        """Open or create the file. `refill` fills a new one after a damaged one was set aside.

        `set_aside` then names where the damaged file went; without `refill` it is left and refused.
        """
        self.path = path
        self.set_aside = ""
        self._refill = refill
        self._db: sqlite3.Connection | None = None
        self._lock: TextIO | None = None
        try:
            with self._refusing():
                make_ignored(path.parent)
                self._lock = _locked(Path(f"{path}.lock"))
                try:
                    self._db = _connect(path)
                except sqlite3.DatabaseError as error:
                    if not self._is_damage(error):
                        raise
                    self._begin_again()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close it and let others have it; nothing can be asked of it any more."""
        self._disconnect()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _disconnect(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def read(self, asked: Callable[[sqlite3.Connection], _T]) -> _T:
        """What `asked` finds."""
        with self._refusing():
            try:
                return _patiently(lambda: asked(self._open))
            except sqlite3.DatabaseError as error:
                if not self._is_damage(error):
                    raise
            self._begin_again()
            return _patiently(lambda: asked(self._open))

    def write(self, change: Callable[[sqlite3.Connection], None]) -> None:
        """Let `change` do all it does or nothing of it."""
        self.read(lambda db: transaction(db, partial(change, db)))

    @property
    def _open(self) -> sqlite3.Connection:
        if self._db is None:
            raise ValueError("it is closed")
        return self._db

    def _is_damage(self, error: sqlite3.DatabaseError) -> bool:
        """Whether the file is beyond repair and there is something to fill a new one with."""
        return self._refill is not None and _code(error) in _DAMAGED

    def _begin_again(self) -> None:
        self._disconnect()
        self.set_aside = _set_aside(self.path)
        self._db = _connect(self.path)
        if self._refill is not None:
            self._refill(self._db)

    @contextlib.contextmanager
    def _refusing(self) -> Iterator[None]:
        """Say what cannot be done with the file, and what to do."""
        try:
            yield
        except NewerHistoryError as error:
            raise EvidenceError(
                f"{self.path}: written by a newer release manager ({error})",
                next_step="update this one, or move the file away: the next run begins another",
            ) from error
        except (sqlite3.Error, OSError, ValueError) as error:
            raise EvidenceError(
                f"{self.path}: the history cannot be used ({error})",
                next_step="no verdict depends on it; move the file away and the next run begins"
                " another",
            ) from error


def transaction(connection: sqlite3.Connection, change: Callable[[], None]) -> None:
    """All of `change`, or nothing when it raises."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        change()
    except BaseException:
        if connection.in_transaction:  # a grave error has rolled it back already
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _locked(path: Path) -> TextIO:
    """The lock, held until it is closed. Raises `TimeoutError` after a minute."""
    lock = path.open("w", encoding="utf-8")
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                lock.close()
                raise TimeoutError(
                    f"another process has held it for {_PATIENCE_SECONDS:.0f} s"
                ) from None
            _rest()
        except BaseException:
            lock.close()
            raise
        else:
            return lock


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    try:
        _patiently(lambda: _set_up(connection))
    except BaseException:
        connection.close()
        raise
    return connection


def _set_up(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    migrate(connection)


def _patiently(attempt: Callable[[], _T]) -> _T:
    """The first answer that is not "busy"; the last error when a minute brought none."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return attempt()
        except sqlite3.OperationalError as error:
            if _code(error) not in _BUSY or time.monotonic() > deadline:
                raise
            _rest()


def _code(error: sqlite3.Error) -> int:
    """The primary result code; extended codes tell more than is asked here."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF


def _rest() -> None:
    """A short pause of no fixed length, so that those who wait do not all come back at once."""
    time.sleep(random.uniform(0.002, 0.02))  # noqa: S311 - no secret


def _set_aside(path: Path) -> str:
    """Rename the file and what SQLite keeps beside it; the new name."""
    number = 1
    while (target := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    path.rename(target)
    for suffix in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(target.with_name(target.name + suffix))
    return str(target)
