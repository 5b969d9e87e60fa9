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

from harness.model.history import Mark, PastCheck, PastRun
from harness.model.result import Status
from harness.record.history_file import HistoryFile, transaction
from harness.record.history_rows import (
    CHECK_ENDS,
    RUN,
    RUN_OF,
    TEST_ENDS,
    UNSTEADY_TEST_ENDS,
    checks_of,
    ends_by_name,
    mark,
    marks_of,
    past_check,
    past_run,
)
from harness.record.history_write import add

HISTORY = Path(".release-manager/history.sqlite")


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
                f"SELECT {RUN}, id FROM runs WHERE project = ? AND profile = ?"  # noqa: S608
                " AND complete = 1 AND run_id <> ? AND (selection = ? OR deselected = 0)"
                " ORDER BY started_at DESC, id DESC LIMIT 1",
                (project, profile, before, selection),
            ).fetchone()
            return None if row is None else past_run(row, checks_of(db, row[-1]))

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
                    found[name] = past_check(db, row)
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
                name: found for name in checks if (found := marks_of(db, name, project, without))
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
            return [past_check(db, row) for row in rows]

        return self._file.read(find)

    def runs(self, limit: int) -> list[PastRun]:
        """The newest runs, newest first, without their checks."""
        return self._file.read(
            lambda db: [
                past_run(row, {})
                for row in db.execute(
                    f"SELECT {RUN} FROM runs ORDER BY started_at DESC, id DESC LIMIT ?",  # noqa: S608
                    (limit,),
                )
            ]
        )

    def counts(self, limit: int) -> dict[str, dict[Status, int]]:
        """How many checks ended in each way in the newest runs, by run."""

        def find(db: sqlite3.Connection) -> dict[str, dict[Status, int]]:
            found: dict[str, dict[Status, int]] = {}
            for run, status, count in db.execute(
                "SELECT r.run_id, c.status, count(*) FROM checks c"
                " JOIN (SELECT id, run_id FROM runs"
                "   ORDER BY started_at DESC, id DESC LIMIT ?) r ON r.id = c.run"
                " GROUP BY r.run_id, c.status",
                (limit,),
            ):
                found.setdefault(run, {})[Status(status)] = count
            return found

        return self._file.read(find)

    def line(self, name: str, limit: int) -> list[tuple[str, PastRun, Mark]]:
        """The ends of a check, or of a test by its id: (check, run, mark), newest first."""

        def find(db: sqlite3.Connection) -> list[tuple[str, PastRun, Mark]]:
            rows = db.execute(
                f"SELECT {RUN_OF}, n.name, c.status, c.seconds, c.reused"  # noqa: S608
                " FROM checks c JOIN names n ON n.id = c.name JOIN runs r ON r.id = c.run"
                " WHERE n.name = ? ORDER BY r.started_at DESC, r.id DESC LIMIT ?",
                (name, limit),
            ).fetchall()
            rows = (
                rows
                or db.execute(
                    f"SELECT {RUN_OF}, c.name, t.status, t.seconds, 0"  # noqa: S608
                    " FROM tests t JOIN names n ON n.id = t.name"
                    " JOIN names c ON c.id = t.check_name JOIN runs r ON r.id = t.run"
                    " WHERE n.name = ? ORDER BY r.started_at DESC, r.id DESC LIMIT ?",
                    (name, limit),
                ).fetchall()
            )
            return [(row[-4], past_run(row, {}), mark((row[0], *row[-3:]))) for row in rows]

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

    def all_names(self) -> list[str]:
        """The ids of all checks that ever ended, sorted."""
        return self._file.read(
            lambda db: [
                name
                for (name,) in db.execute(
                    "SELECT DISTINCT n.name FROM names n JOIN checks c ON c.name = n.id"
                    " ORDER BY n.name"
                )
            ]
        )

    def ends(self, runs: int) -> dict[tuple[str, str], list[PastCheck]]:
        """Every executed end of each check in the newest `runs` runs, oldest first.

        By the check's id and an empty test.
        """
        return self._file.read(lambda db: ends_by_name(db.execute(CHECK_ENDS, (runs,))))

    def test_ends(
        self, runs: int, *, only_unsteady: bool
    ) -> dict[tuple[str, str], list[PastCheck]]:
        """Every executed end of each test in the newest `runs` runs, oldest first.

        By check and test; with `only_unsteady` only of tests that did not always pass.
        """
        query = UNSTEADY_TEST_ENDS if only_unsteady else TEST_ENDS
        return self._file.read(lambda db: ends_by_name(db.execute(query, (runs,))))
