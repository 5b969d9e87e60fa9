"""From the history's rows to what the model says of the past."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from harness.model.history import Mark, PastCheck, PastRun, PastTest
from harness.model.result import Conclusion, Status

MARKS = 10
RUN = (
    "run_id, started_at, project, selection, profile, conclusion, complete, seconds,"
    " commit_id, interrupted"
)
RUN_OF = ", ".join(f"r.{column}" for column in RUN.split(", "))
CHECK_ENDS = """
WITH newest AS (SELECT id, started_at FROM runs ORDER BY started_at DESC, id DESC LIMIT ?)
SELECT n.name, '', c.status, c.seconds
FROM checks c JOIN newest r ON r.id = c.run JOIN names n ON n.id = c.name
WHERE c.reused = 0 AND c.seconds IS NOT NULL ORDER BY r.started_at, r.id"""
TEST_ENDS = """
WITH newest AS (SELECT id, started_at FROM runs ORDER BY started_at DESC, id DESC LIMIT ?)
SELECT c.name, n.name, t.status, t.seconds
FROM tests t JOIN newest r ON r.id = t.run
JOIN checks k ON k.run = t.run AND k.name = t.check_name
JOIN names c ON c.id = t.check_name JOIN names n ON n.id = t.name
WHERE k.reused = 0 ORDER BY r.started_at, r.id"""
UNSTEADY_TEST_ENDS = """
WITH newest AS (SELECT id, started_at FROM runs ORDER BY started_at DESC, id DESC LIMIT ?),
unsteady AS (SELECT DISTINCT check_name, name FROM tests
    WHERE status <> 'passed' AND run IN (SELECT id FROM newest))
SELECT c.name, n.name, t.status, t.seconds
FROM unsteady u JOIN tests t ON t.name = u.name AND t.check_name = u.check_name
JOIN newest r ON r.id = t.run
JOIN checks k ON k.run = t.run AND k.name = t.check_name
JOIN names c ON c.id = t.check_name JOIN names n ON n.id = t.name
WHERE k.reused = 0 ORDER BY r.started_at, r.id"""


def ends_by_name(
    rows: Iterable[tuple[str, str, str, float | None]],
) -> dict[tuple[str, str], list[PastCheck]]:
    """Ends in the order of the rows (check, test, status, seconds), by check and test."""
    found: dict[tuple[str, str], list[PastCheck]] = {}
    for check, test, status, seconds in rows:
        end = PastCheck(status=Status(status), seconds=seconds)
        found.setdefault((check, test), []).append(end)
    return found


def checks_of(db: sqlite3.Connection, run: int) -> dict[str, PastCheck]:
    """How every check of a run ended, with its tests, by id."""
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


def past_check(db: sqlite3.Connection, row: tuple[int, int, str, float | None, int]) -> PastCheck:
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


def marks_of(db: sqlite3.Connection, name: str, project: str, without: str) -> tuple[Mark, ...]:
    """A check's ends in its last 10 runs of a project, newest last, without one run."""
    rows = db.execute(
        "SELECT r.run_id, c.status, c.seconds, c.reused FROM checks c"
        " JOIN runs r ON r.id = c.run"
        " WHERE c.name = (SELECT id FROM names WHERE name = ?)"
        " AND r.project = ? AND r.run_id <> ? ORDER BY r.started_at DESC, r.id DESC LIMIT ?",
        (name, project, without, MARKS),
    ).fetchall()
    return tuple(map(mark, reversed(rows)))


def mark(row: tuple[str, str, float | None, int]) -> Mark:
    """One end, from (run id, status, seconds, reused)."""
    run, status, seconds, reused = row
    return Mark(run_id=run, status=Status(status), seconds=seconds, reused=bool(reused))


def past_run(
    row: tuple[str, str, str, str, str, str, int, float, str, str], checks: dict[str, PastCheck]
) -> PastRun:
    """A run, from the columns of `RUN`."""
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
