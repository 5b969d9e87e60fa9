"""The history of runs, checks and tests: an SQLite file beside the project, many writers at once.

It remembers; it decides nothing. A verdict never depends on it, and it can be rebuilt from the run
folders. Whoever opens it gets a whole file: an older one is migrated, a damaged one is set aside.
"""

from __future__ import annotations

import contextlib
import fcntl
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Self

from harness.errors import EvidenceError
from harness.model.history import Mark, PastCheck, PastRun, PastTest
from harness.model.result import Conclusion, Status
from harness.record.history_schema import NewerHistoryError, migrate

HISTORY = Path(".release-manager/history.sqlite")
MARKS = 10
_TESTS_KEPT_RUNS = 200
_EXPECTED_FROM = 10
_BUSY_SECONDS = 20.0


class History:
    """An open history file. Every method raises `EvidenceError` when the file cannot be used."""

    def __init__(self, path: Path, *, past: Callable[[], Iterable[PastRun]] | None = None) -> None:
        """Open or create the file. `past` gives the runs to rebuild a damaged one from.

        `set_aside` then names where the damaged file went; without `past` it is left and refused.
        """
        self.path = path
        self.set_aside = ""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._db = _connect(path)
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:
                if past is None:
                    raise
                self._db = self._begin_again(past)
        except NewerHistoryError as error:
            raise EvidenceError(
                f"{path}: written by a newer release manager ({error})",
                next_step="update this one, or move the file away: the next run begins another",
            ) from error
        except (sqlite3.Error, OSError) as error:
            raise _unusable(path, error) from error

    def _begin_again(self, past: Callable[[], Iterable[PastRun]]) -> sqlite3.Connection:
        """Move the damaged file away, unless another process has, and fill a new one."""
        with Path(f"{self.path}.lock").open("w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                return _connect(self.path)
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:
                self.set_aside = _set_aside(self.path)
            connection = _connect(self.path)
            for run in past():
                _add(connection, run)
            return connection

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self._db.close()

    def add(self, run: PastRun) -> None:
        """Remember a run, or what has become of it since it was last added; all or nothing."""
        with _using(self.path):
            _add(self._db, run)

    def base(self, *, project: str, selection: str, profile: str, before: str) -> PastRun | None:
        """The last complete run of the same scope, other than `before`; None without one."""
        with _using(self.path):
            row = self._db.execute(
                "SELECT * FROM runs WHERE project = ? AND selection = ?"
                " AND profile = ? AND complete = 1 AND run_id <> ?"
                " ORDER BY started_at DESC, id DESC LIMIT 1",
                (project, selection, profile, before),
            ).fetchone()
            return None if row is None else _past_run(row[1:], self._checks(row[0]))

    def _checks(self, run: int) -> dict[str, PastCheck]:
        tests: dict[str, dict[str, PastTest]] = {}
        for check, test, status, seconds in self._db.execute(
            "SELECT c.name, t.name, tests.status, tests.seconds FROM tests"
            " JOIN names c ON c.id = tests.check_name JOIN names t ON t.id = tests.name"
            " WHERE tests.run = ?",
            (run,),
        ):
            tests.setdefault(check, {})[test] = PastTest(status=Status(status), seconds=seconds)
        return {
            name: PastCheck(
                status=Status(status),
                seconds=seconds,
                reused=bool(reused),
                tests=tests.get(name, {}),
            )
            for name, status, seconds, reused in self._db.execute(
                "SELECT n.name, c.status, c.seconds, c.reused FROM checks c"
                " JOIN names n ON n.id = c.name WHERE c.run = ?",
                (run,),
            )
        }

    def durations(self) -> dict[str, float]:
        """The seconds to expect of each check: the median of its last 10 executed passes."""
        with _using(self.path):
            return dict(
                self._db.execute(
                    "SELECT n.name, e.seconds FROM expected e JOIN names n ON n.id = e.name"
                )
            )

    def marks(
        self, checks: Iterable[str], *, project: str, without: str
    ) -> dict[str, tuple[Mark, ...]]:
        """Each check's ends in its last 10 runs of the project, newest last, without one run."""
        with _using(self.path):
            return {
                name: found for name in checks if (found := self._marks(name, project, without))
            }

    def _marks(self, name: str, project: str, without: str) -> tuple[Mark, ...]:
        rows = self._db.execute(
            "SELECT r.run_id, c.status, c.seconds, c.reused FROM checks c"
            " JOIN runs r ON r.id = c.run"
            " WHERE c.name = (SELECT id FROM names WHERE name = ?)"
            " AND r.project = ? AND r.run_id <> ? ORDER BY r.started_at DESC, r.id DESC LIMIT ?",
            (name, project, without, MARKS),
        ).fetchall()
        return tuple(
            Mark(run_id=run_id, status=Status(status), seconds=seconds, reused=bool(reused))
            for run_id, status, seconds, reused in reversed(rows)
        )

    def since(self, check: str, *, project: str, day: str) -> list[PastCheck]:
        """Every end of a check, with its tests, in runs begun on `day` or later, oldest first."""
        with _using(self.path):
            rows = self._db.execute(
                "SELECT c.run, c.name, c.status, c.seconds, c.reused FROM checks c"
                " JOIN runs r ON r.id = c.run"
                " WHERE c.name = (SELECT id FROM names WHERE name = ?)"
                " AND r.project = ? AND r.started_at >= ? ORDER BY r.started_at, r.id",
                (check, project, day),
            ).fetchall()
            return [
                PastCheck(
                    status=Status(status),
                    seconds=seconds,
                    reused=bool(reused),
                    tests={
                        test: PastTest(status=Status(how), seconds=took)
                        for test, how, took in self._db.execute(
                            "SELECT n.name, t.status, t.seconds FROM tests t"
                            " JOIN names n ON n.id = t.name"
                            " WHERE t.run = ? AND t.check_name = ?",
                            (run, name),
                        )
                    },
                )
                for run, name, status, seconds, reused in rows
            ]

    def runs(self, limit: int) -> list[PastRun]:
        """The newest runs, newest first, without their checks."""
        with _using(self.path):
            rows = self._db.execute(
                "SELECT * FROM runs ORDER BY started_at DESC, id DESC LIMIT ?",
                (limit,),
            ).fetchall()
            return [_past_run(row[1:], {}) for row in rows]

    def line(self, name: str, limit: int) -> list[tuple[str, str, Mark]]:
        """The ends of a check, or of a test by its id: (check, when, mark), newest first."""
        with _using(self.path):
            checks = self._db.execute(
                "SELECT n.name, r.started_at, r.run_id, c.status, c.seconds, c.reused"
                " FROM checks c JOIN names n ON n.id = c.name JOIN runs r ON r.id = c.run"
                " WHERE n.name = ? ORDER BY r.started_at DESC, r.id DESC LIMIT ?",
                (name, limit),
            ).fetchall()
            rows = (
                checks
                or self._db.execute(
                    "SELECT c.name, r.started_at, r.run_id, t.status, t.seconds, 0"
                    " FROM tests t JOIN names n ON n.id = t.name"
                    " JOIN names c ON c.id = t.check_name"
                    " JOIN runs r ON r.id = t.run"
                    " WHERE n.name = ? ORDER BY r.started_at DESC, r.id DESC LIMIT ?",
                    (name, limit),
                ).fetchall()
            )
            return [
                (
                    check,
                    when,
                    Mark(run_id=run, status=Status(status), seconds=took, reused=bool(re)),
                )
                for check, when, run, status, took, re in rows
            ]

    def names(self, ending: str) -> list[str]:
        """Checks whose id is `ending`, or ends in `/ending`; so that a phase may be left off."""
        with _using(self.path):
            return [
                name
                for (name,) in self._db.execute(
                    "SELECT DISTINCT n.name FROM names n JOIN checks c ON c.name = n.id"
                    " WHERE n.name = ?1 OR substr(n.name, -length(?1) - 1) = '/' || ?1"
                    " ORDER BY n.name",
                    (ending,),
                )
            ]

    def ends(self, runs: int) -> dict[str, list[PastCheck]]:
        """Every executed end of each check in the newest `runs` runs, oldest first."""
        with _using(self.path):
            found: dict[str, list[PastCheck]] = {}
            for name, status, seconds in self._db.execute(
                "SELECT n.name, c.status, c.seconds FROM checks c"
                " JOIN (SELECT id, started_at FROM runs"
                "   ORDER BY started_at DESC, id DESC LIMIT ?) r ON r.id = c.run"
                " JOIN names n ON n.id = c.name"
                " WHERE c.reused = 0 AND c.seconds IS NOT NULL ORDER BY r.started_at, r.id",
                (runs,),
            ):
                end = PastCheck(status=Status(status), seconds=seconds)
                found.setdefault(name, []).append(end)
            return found


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


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


@contextlib.contextmanager
def _using(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, ValueError) as error:
        raise _unusable(path, error) from error


def _unusable(path: Path, error: Exception) -> EvidenceError:
    return EvidenceError(
        f"{path}: the history cannot be used ({error})",
        next_step="no verdict depends on it; move the file away and the next run begins another",
    )


def _add(connection: sqlite3.Connection, run: PastRun) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("DELETE FROM runs WHERE run_id = ?", (run.run_id,))
        row = connection.execute(
            "INSERT INTO runs VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            (
                run.run_id,
                run.started_at,
                run.project,
                run.selection,
                run.profile,
                run.conclusion.value,
                run.complete,
                run.seconds,
                run.commit,
            ),
        ).fetchone()
        _add_checks(connection, row[0], run.checks)
        connection.execute(
            "DELETE FROM tests WHERE run IN"
            " (SELECT id FROM runs ORDER BY started_at DESC, id DESC LIMIT -1 OFFSET ?)",
            (_TESTS_KEPT_RUNS,),
        )
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _add_checks(connection: sqlite3.Connection, run: int, checks: Mapping[str, PastCheck]) -> None:
    tests = {test for check in checks.values() for test in check.tests}
    ids = _intern(connection, {*checks, *tests})
    connection.executemany(
        "INSERT INTO checks VALUES (?, ?, ?, ?, ?)",
        [
            (run, ids[name], check.status.value, check.seconds, check.reused)
            for name, check in checks.items()
        ],
    )
    connection.executemany(
        "INSERT INTO tests VALUES (?, ?, ?, ?, ?)",
        [
            (run, ids[name], ids[test], end.status.value, end.seconds)
            for name, check in checks.items()
            for test, end in check.tests.items()
        ],
    )
    for name, check in checks.items():
        if check.status is Status.PASSED and not check.reused and check.seconds is not None:
            _expect(connection, ids[name])


def _intern(connection: sqlite3.Connection, names: set[str]) -> dict[str, int]:
    """The number of each name, given where it has none yet."""
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS wanted (name TEXT PRIMARY KEY) STRICT")
    connection.execute("DELETE FROM temp.wanted")
    connection.executemany("INSERT INTO temp.wanted VALUES (?)", [(name,) for name in names])
    connection.execute("INSERT OR IGNORE INTO names (name) SELECT name FROM temp.wanted")
    return dict(
        connection.execute("SELECT n.name, n.id FROM temp.wanted w JOIN names n ON n.name = w.name")
    )


def _expect(connection: sqlite3.Connection, name: int) -> None:
    rows = connection.execute(
        "SELECT seconds FROM checks WHERE name = ? AND status = 'passed' AND reused = 0"
        " AND seconds IS NOT NULL ORDER BY run DESC LIMIT ?",
        (name, _EXPECTED_FROM),
    )
    connection.execute(
        "INSERT INTO expected VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET seconds = excluded.seconds",
        (name, median(seconds for (seconds,) in rows)),
    )


def _past_run(
    row: tuple[str, str, str, str, str, str, int, float, str], checks: dict[str, PastCheck]
) -> PastRun:
    return PastRun(
        run_id=row[0],
        started_at=row[1],
        project=row[2],
        selection=row[3],
        profile=row[4],
        conclusion=Conclusion(row[5]),
        complete=bool(row[6]),
        seconds=row[7],
        commit=row[8],
        checks=checks,
    )
