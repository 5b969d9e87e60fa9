"""The history of runs, checks and tests: an SQLite file beside the project, many writers at once.

It remembers; it decides nothing. A verdict never depends on it, and it can be rebuilt from the run
folders. Whoever opens it gets a whole file: an older one is migrated, a damaged one is set aside.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Self

from harness.model.history import Mark, PastCheck, PastRun, PastTest
from harness.model.result import Conclusion, Status
from harness.record.history_file import HistoryFile, transaction
from harness.record.history_write import add

HISTORY = Path(".release-manager/history.sqlite")
MARKS = 10
_RUN = (
    "run_id, started_at, project, selection, profile, conclusion, complete, seconds, commit_id,"
    " interrupted"
)


class History:
    """An open history file. Every method raises `EvidenceError` when the file cannot be used."""

    def __init__(self, path: Path, *, past: Callable[[], Iterable[PastRun]] | None = None) -> None:
        """Open or create the file. `past` gives the runs to rebuild a damaged one from.

        `set_aside` then names where the damaged file went; without `past` it is left and refused.
        """

        def refill(connection: sqlite3.Connection) -> None:
            for run in past() if past is not None else ():
                transaction(connection, partial(add, connection, run))

        self._file = HistoryFile(path, None if past is None else refill)

    @property
    def set_aside(self) -> str:
        """Where a damaged file went; empty when it was whole."""
        return self._file.set_aside

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close it; nothing can be asked of it any more."""
        self._file.close()

    def add(self, run: PastRun) -> None:
        """Remember a run, or what has become of it since it was last added; all or nothing."""
        self._file.write(lambda db: add(db, run))

    def base(self, *, project: str, selection: str, profile: str, before: str) -> PastRun | None:
        """The last complete run to compare `before` with; None without one.

        It had the same selection, or left out nothing.
        """

        def find(db: sqlite3.Connection) -> PastRun | None:
            row = db.execute(
                f"SELECT {_RUN}, id FROM runs WHERE project = ? AND profile = ?"  # noqa: S608
                " AND complete = 1 AND run_id <> ? AND (selection = ? OR deselected = 0)"
                " ORDER BY started_at DESC, id DESC LIMIT 1",
                (project, profile, before, selection),
            ).fetchone()
            return None if row is None else _past_run(row, _checks_of(db, row[-1]))

        return self._file.read(find)

    def latest(self, checks: Iterable[str], *, project: str, without: str) -> dict[str, PastCheck]:
        """The last answer of each check, in whichever run, with its tests."""

        def find(db: sqlite3.Connection) -> dict[str, PastCheck]:
            found = {}
            for name in checks:
                row = db.execute(
                    "SELECT c.run, c.name, c.status, c.seconds, c.reused FROM checks c"
                    " JOIN runs r ON r.id = c.run"
                    " WHERE c.name = (SELECT id FROM names WHERE name = ?)"
                    " AND r.project = ? AND r.run_id <> ?"
                    " AND c.status IN ('passed', 'failed', 'errored', 'flaky')"
                    " ORDER BY r.started_at DESC, r.id DESC LIMIT 1",
                    (name, project, without),
                ).fetchone()
                if row is not None:
                    found[name] = _past_check(db, row)
            return found

        return self._file.read(find)

    def run_ids(self) -> set[str]:
        """The ids of all runs."""
        return self._file.read(
            lambda db: {name for (name,) in db.execute("SELECT run_id FROM runs")}
        )

    def durations(self) -> dict[str, float]:
        """The seconds to expect of each check: the median of its last 10 executed passes."""
        return self._file.read(
            lambda db: dict(
                db.execute("SELECT n.name, e.seconds FROM expected e JOIN names n ON n.id = e.name")
            )
        )

    def marks(
        self, checks: Iterable[str], *, project: str, without: str
    ) -> dict[str, tuple[Mark, ...]]:
        """Each check's ends in its last 10 runs of the project, newest last, without one run."""
        return self._file.read(
            lambda db: {
                name: found for name in checks if (found := _marks(db, name, project, without))
            }
        )

    def since(self, check: str, *, project: str, day: str) -> list[PastCheck]:
        """Every end of a check, with its tests, in runs begun on `day` or later, oldest first."""

        def find(db: sqlite3.Connection) -> list[PastCheck]:
            rows = db.execute(
                "SELECT c.run, c.name, c.status, c.seconds, c.reused FROM checks c"
                " JOIN runs r ON r.id = c.run"
                " WHERE c.name = (SELECT id FROM names WHERE name = ?)"
                " AND r.project = ? AND r.started_at >= ? ORDER BY r.started_at, r.id",
                (check, project, day),
            ).fetchall()
            return [_past_check(db, row) for row in rows]

        return self._file.read(find)

    def runs(self, limit: int) -> list[PastRun]:
        """The newest runs, newest first, without their checks."""
        return self._file.read(
            lambda db: [
                _past_run(row, {})
                for row in db.execute(
                    f"SELECT {_RUN} FROM runs ORDER BY started_at DESC, id DESC LIMIT ?",  # noqa: S608
                    (limit,),
                )
            ]
        )

    def line(self, name: str, limit: int) -> list[tuple[str, str, Mark]]:
        """The ends of a check, or of a test by its id: (check, when, mark), newest first."""

        def find(db: sqlite3.Connection) -> list[tuple[str, str, Mark]]:
            rows = db.execute(
                "SELECT n.name, r.started_at, r.run_id, c.status, c.seconds, c.reused"
                " FROM checks c JOIN names n ON n.id = c.name JOIN runs r ON r.id = c.run"
                " WHERE n.name = ? ORDER BY r.started_at DESC, r.id DESC LIMIT ?",
                (name, limit),
            ).fetchall()
            rows = (
                rows
                or db.execute(
                    "SELECT c.name, r.started_at, r.run_id, t.status, t.seconds, 0"
                    " FROM tests t JOIN names n ON n.id = t.name"
                    " JOIN names c ON c.id = t.check_name JOIN runs r ON r.id = t.run"
                    " WHERE n.name = ? ORDER BY r.started_at DESC, r.id DESC LIMIT ?",
                    (name, limit),
                ).fetchall()
            )
            return [(row[0], row[1], _mark(row[2:])) for row in rows]

        return self._file.read(find)

    def names(self, ending: str) -> list[str]:
        """Checks whose id is `ending`, or ends in `/ending`; so that a phase may be left off."""
        return self._file.read(
            lambda db: [
                name
                for (name,) in db.execute(
                    "SELECT DISTINCT n.name FROM names n JOIN checks c ON c.name = n.id"
                    " WHERE n.name = ?1 OR substr(n.name, -length(?1) - 1) = '/' || ?1"
                    " ORDER BY n.name",
                    (ending,),
                )
            ]
        )

    def ends(self, runs: int) -> dict[str, list[PastCheck]]:
        """Every executed end of each check in the newest `runs` runs, oldest first."""

        def find(db: sqlite3.Connection) -> dict[str, list[PastCheck]]:
            found: dict[str, list[PastCheck]] = {}
            for name, status, seconds in db.execute(
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

        return self._file.read(find)


def _checks_of(db: sqlite3.Connection, run: int) -> dict[str, PastCheck]:
    tests: dict[str, dict[str, PastTest]] = {}
    for check, test, status, seconds in db.execute(
        "SELECT c.name, t.name, tests.status, tests.seconds FROM tests"
        " JOIN names c ON c.id = tests.check_name JOIN names t ON t.id = tests.name"
        " WHERE tests.run = ?",
        (run,),
    ):
        tests.setdefault(check, {})[test] = PastTest(status=Status(status), seconds=seconds)
    return {
        name: PastCheck(
            status=Status(status), seconds=seconds, reused=bool(reused), tests=tests.get(name, {})
        )
        for name, status, seconds, reused in db.execute(
            "SELECT n.name, c.status, c.seconds, c.reused FROM checks c"
            " JOIN names n ON n.id = c.name WHERE c.run = ?",
            (run,),
        )
    }


def _past_check(db: sqlite3.Connection, row: tuple[int, int, str, float | None, int]) -> PastCheck:
    """One end of a check, from (run, name, status, seconds, reused), with its tests."""
    run, name, status, seconds, reused = row
    return PastCheck(
        status=Status(status),
        seconds=seconds,
        reused=bool(reused),
        tests={
            test: PastTest(status=Status(how), seconds=took)
            for test, how, took in db.execute(
                "SELECT n.name, t.status, t.seconds FROM tests t JOIN names n ON n.id = t.name"
                " WHERE t.run = ? AND t.check_name = ?",
                (run, name),
            )
        },
    )


def _marks(db: sqlite3.Connection, name: str, project: str, without: str) -> tuple[Mark, ...]:
    rows = db.execute(
        "SELECT r.run_id, c.status, c.seconds, c.reused FROM checks c"
        " JOIN runs r ON r.id = c.run"
        " WHERE c.name = (SELECT id FROM names WHERE name = ?)"
        " AND r.project = ? AND r.run_id <> ? ORDER BY r.started_at DESC, r.id DESC LIMIT ?",
        (name, project, without, MARKS),
    ).fetchall()
    return tuple(map(_mark, reversed(rows)))


def _mark(row: tuple[str, str, float | None, int]) -> Mark:
    run, status, seconds, reused = row
    return Mark(run_id=run, status=Status(status), seconds=seconds, reused=bool(reused))


def _past_run(
    row: tuple[str, str, str, str, str, str, int, float, str, str], checks: dict[str, PastCheck]
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
        interrupted=row[9],
        checks=checks,
    )
