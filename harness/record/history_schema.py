"""The tables of the history file and how older files become newer ones; forward only."""

from __future__ import annotations

import sqlite3

# One entry per version: the statements that lead there from the version before.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE runs (
            id INTEGER PRIMARY KEY,
            run_id TEXT NOT NULL UNIQUE,
            started_at TEXT NOT NULL,
            project TEXT NOT NULL,
            selection TEXT NOT NULL,
            profile TEXT NOT NULL,
            conclusion TEXT NOT NULL,
            complete INTEGER NOT NULL,
            seconds REAL NOT NULL,
            commit_id TEXT NOT NULL
        ) STRICT""",
        "CREATE INDEX runs_by_scope ON runs (project, selection, profile, complete, started_at)",
        "CREATE INDEX runs_by_start ON runs (started_at)",
        # A name is stored once, however many runs tell of it.
        "CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT",
        """CREATE TABLE checks (
            run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
            name INTEGER NOT NULL REFERENCES names,
            status TEXT NOT NULL,
            seconds REAL,
            reused INTEGER NOT NULL,
            PRIMARY KEY (run, name)
        ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX checks_by_name ON checks (name, run)",
        """CREATE TABLE tests (
            run INTEGER NOT NULL,
            check_name INTEGER NOT NULL,
            name INTEGER NOT NULL REFERENCES names,
            status TEXT NOT NULL,
            seconds REAL,
            PRIMARY KEY (run, check_name, name),
            FOREIGN KEY (run, check_name) REFERENCES checks (run, name) ON DELETE CASCADE
        ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX tests_by_name ON tests (name, run)",
        # The median of a check's last executed passes, kept so that planning reads one row each.
        """CREATE TABLE expected (
            name INTEGER PRIMARY KEY REFERENCES names,
            seconds REAL NOT NULL
        ) STRICT""",
    ),
    (
        # How a run ended early (a signal, or that it was killed), and how many checks it left out:
        # one that left out none can be compared with whatever was selected later.
        "ALTER TABLE runs ADD COLUMN interrupted TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE runs ADD COLUMN deselected INTEGER NOT NULL DEFAULT -1",
        "UPDATE runs SET deselected = 0 WHERE selection = 'everything'",
    ),
)
VERSION = len(MIGRATIONS)


class NewerHistoryError(Exception):
    """The file was written by a later version of the release manager."""


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the file to this version, one process at a time. Raises `NewerHistoryError`."""
    if _version(connection) == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection)  # another process may have been first
        if version > VERSION:
            raise NewerHistoryError(f"version {version}, this one knows {VERSION}")
        for statements in MIGRATIONS[version:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _version(connection: sqlite3.Connection) -> int:
    row: tuple[int] = connection.execute("PRAGMA user_version").fetchone()
    return row[0]
