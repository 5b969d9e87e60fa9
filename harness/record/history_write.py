"""How a run gets into the history's tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from statistics import median

from harness.model.history import PastCheck, PastRun
from harness.model.result import Status

_TESTS_KEPT_RUNS = 200
_EXPECTED_FROM = 10


def add(connection: sqlite3.Connection, run: PastRun) -> None:
    """Write a run, in place of what was known of it; within the caller's transaction."""
    connection.execute("DELETE FROM runs WHERE run_id = ?", (run.run_id,))
    row = connection.execute(
        "INSERT INTO runs VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
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
            run.interrupted,
            len(run.deselected),
        ),
    ).fetchone()
    _add_checks(connection, row[0], run.checks)
    connection.execute(
        "DELETE FROM tests WHERE run IN"
        " (SELECT id FROM runs ORDER BY started_at DESC, id DESC LIMIT -1 OFFSET ?)",
        (_TESTS_KEPT_RUNS,),
    )


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
