"""Passed results by the key of what they depend on, and each check's last manifest.

One SQLite file: whole writes, many processes at once, one read for thousands of keys. Every entry
carries a digest of itself; one that does not match is a miss and is said. It is bounded: what was
used longest ago goes first. The folder can be deleted at any time.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from harness.model.base import Record
from harness.model.event import CheckFinished

FILE = "results.db"
_T = TypeVar("_T", "Kept", "Last")
MOST_BYTES = 256 * 1024 * 1024
_CHUNK = 500
_SCHEMA = """
CREATE TABLE IF NOT EXISTS result(
  key TEXT PRIMARY KEY, digest BLOB NOT NULL, payload BLOB NOT NULL, used INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS last(
  name TEXT PRIMARY KEY, digest BLOB NOT NULL, payload BLOB NOT NULL
) WITHOUT ROWID;
PRAGMA user_version = 1;
"""


class Kept(Record, frozen=True):
    """A pass that may stand again: how the check ended, in which run, and what it had made.

    `outputs` are digests by path of the files that a build made; `folder` is the run's folder.
    """

    event: CheckFinished
    run_id: str
    folder: str
    outputs: dict[str, str] = {}


class Last(Record, frozen=True):
    """What a check's latest execution depended on, and why its result was not kept, if it was not.

    `manifest` is the plan's, as data: this module knows nothing of what is in it.
    """

    key: str
    run_id: str
    manifest: dict[str, Any]
    not_kept: str = ""


class Stats(Record, frozen=True):
    """How much the cache holds; sizes in bytes, times in seconds since 1970 (0 when empty)."""

    entries: int
    bytes: int
    limit: int
    oldest_use: int = 0
    newest_use: int = 0


class ResultCache:
    """The cache in one folder. No method raises for a damaged or unwritable cache.

    `troubles` collects what was found wrong, for people.
    """

    def __init__(self, folder: Path, *, most_bytes: int = MOST_BYTES) -> None:
        """Name the folder; it is made when something is kept."""
        self._path = folder / FILE
        self._most = most_bytes
        self.troubles: list[str] = []

    def get(self, keys: Iterable[str]) -> dict[str, Kept]:
        """The entries there are of some keys, marked as used now."""
        wanted = list(keys)
        found: dict[str, Kept] = {}
        if not wanted or not self._path.exists():
            return found
        try:
            with closing(self._open()) as db:
                for start in range(0, len(wanted), _CHUNK):
                    part = wanted[start : start + _CHUNK]
                    marks = ",".join("?" * len(part))
                    rows = db.execute(
                        f"SELECT key, digest, payload FROM result WHERE key IN ({marks})",  # noqa: S608 - marks only
                        part,
                    )
                    for key, digest, payload in rows:
                        kept = self._read(key, digest, payload, Kept)
                        if kept is not None:
                            found[key] = kept
                self._touch(db, found)
        except sqlite3.Error as error:
            self._trouble(error)
            return {}
        return found

    def last(self, name: str) -> Last | None:
        """What is known of a check's latest execution."""
        if not self._path.exists():
            return None
        try:
            with closing(self._open()) as db:
                row = db.execute(
                    "SELECT digest, payload FROM last WHERE name = ?", (name,)
                ).fetchone()
        except sqlite3.Error as error:
            self._trouble(error)
            return None
        return None if row is None else self._read(name, row[0], row[1], Last)

    def put(self, results: Mapping[str, Kept], last: Mapping[str, Last]) -> bool:
        """Keep results by key and manifests by check id, all or none; False when refused."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._put(results, last)
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError as error:
                self._trouble(error)
                self._discard()
                self._put(results, last)
        except (sqlite3.Error, OSError) as error:
            self.troubles.append(f"{self._path}: results cannot be kept ({error})")
            return False
        return True

    def stats(self) -> Stats:
        """How much there is."""
        if not self._path.exists():
            return Stats(entries=0, bytes=0, limit=self._most)
        try:
            with closing(self._open()) as db:
                row = db.execute(
                    "SELECT count(*), coalesce(sum(length(payload)), 0),"
                    " coalesce(min(used), 0), coalesce(max(used), 0) FROM result"
                ).fetchone()
        except sqlite3.Error as error:
            self._trouble(error)
            return Stats(entries=0, bytes=0, limit=self._most)
        return Stats(
            entries=row[0], bytes=row[1], limit=self._most, oldest_use=row[2], newest_use=row[3]
        )

    def verify(self) -> tuple[int, list[str]]:
        """How many entries are sound, and what is wrong with the others, which are removed."""
        sound, damaged = 0, []
        if not self._path.exists():
            return 0, []
        try:
            with closing(self._open()) as db:
                for key, digest, payload in db.execute("SELECT key, digest, payload FROM result"):
                    if self._read(key, digest, payload, Kept) is None:
                        damaged.append(key)
                    else:
                        sound += 1
                with db:
                    db.executemany("DELETE FROM result WHERE key = ?", [(one,) for one in damaged])
        except sqlite3.OperationalError as error:
            self._trouble(error)
        except sqlite3.DatabaseError as error:
            self._trouble(error)
            self._discard()
        return sound, self.troubles

    def prune(self, most_bytes: int) -> int:
        """Remove what was used longest ago until the rest fits; how many entries went."""
        if not self._path.exists():
            return 0
        try:
            with closing(self._open()) as db, db:
                return _prune(db, most_bytes)
        except sqlite3.Error as error:
            self._trouble(error)
            return 0

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, timeout=20)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            if db.execute("PRAGMA user_version").fetchone()[0] == 0:
                db.executescript(_SCHEMA)
        except sqlite3.Error:
            db.close()
            raise
        return db

    def _put(self, results: Mapping[str, Kept], last: Mapping[str, Last]) -> None:
        now = int(time.time())
        with closing(self._open()) as db, db:
            db.execute("BEGIN IMMEDIATE")
            db.executemany(
                "INSERT OR REPLACE INTO result VALUES (?, ?, ?, ?)",
                [(key, *_sealed(key, kept), now) for key, kept in results.items()],
            )
            db.executemany(
                "INSERT OR REPLACE INTO last VALUES (?, ?, ?)",
                [(name, *_sealed(name, one)) for name, one in last.items()],
            )
            _prune(db, self._most)

    def _touch(self, db: sqlite3.Connection, found: Iterable[str]) -> None:
        now = int(time.time())
        try:
            with db:
                # Once an hour is exact enough to know what was used longest ago.
                db.executemany(
                    "UPDATE result SET used = ? WHERE key = ? AND used < ?",
                    [(now, key, now - 3600) for key in found],
                )
        except sqlite3.OperationalError:
            return  # a cache that can only be read serves all the same

    def _read(self, name: str, digest: bytes, payload: bytes, wanted: type[_T]) -> _T | None:
        # A damaged file may hold any type in any column.
        if isinstance(payload, bytes) and _seal(name, payload) == digest:
            try:
                return msgspec.json.decode(payload, type=wanted)
            except msgspec.MsgspecError:
                pass
        self.troubles.append(f"{self._path}: the entry {name[:16]} is damaged; it is not used")
        return None

    def _trouble(self, error: sqlite3.Error) -> None:
        self.troubles.append(f"{self._path}: the cache of results cannot be used ({error})")

    def _discard(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            self._path.with_name(FILE + suffix).unlink(missing_ok=True)


def _seal(name: str, payload: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\0" + payload).digest()


def _sealed(name: str, value: Kept | Last) -> tuple[bytes, bytes]:
    payload = msgspec.json.encode(value)
    return _seal(name, payload), payload


def _prune(db: sqlite3.Connection, most_bytes: int) -> int:
    """Within the caller's transaction: drop the longest unused beyond the limit."""
    total = db.execute("SELECT coalesce(sum(length(payload)), 0) FROM result").fetchone()[0]
    gone: list[tuple[str]] = []
    if total > most_bytes:
        for key, size in db.execute("SELECT key, length(payload) FROM result ORDER BY used, key"):
            if total <= most_bytes:
                break
            total -= size
            gone.append((key,))
        db.executemany("DELETE FROM result WHERE key = ?", gone)
    return len(gone)
