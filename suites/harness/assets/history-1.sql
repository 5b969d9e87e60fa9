-- A history file of schema version 1: what `.dump` says of it, and its user_version.
BEGIN TRANSACTION;
CREATE TABLE checks (
            run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
            name INTEGER NOT NULL REFERENCES names,
            status TEXT NOT NULL,
            seconds REAL,
            reused INTEGER NOT NULL,
            PRIMARY KEY (run, name)
        ) STRICT, WITHOUT ROWID;
INSERT INTO "checks" VALUES(1,1,'passed',1.25,0);
INSERT INTO "checks" VALUES(1,2,'passed',NULL,1);
INSERT INTO "checks" VALUES(2,1,'failed',2.0,0);
INSERT INTO "checks" VALUES(3,1,'failed',0.5,0);
CREATE TABLE expected (
            name INTEGER PRIMARY KEY REFERENCES names,
            seconds REAL NOT NULL
        ) STRICT;
INSERT INTO "expected" VALUES(1,1.25);
CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
INSERT INTO "names" VALUES(1,'p/a');
INSERT INTO "names" VALUES(2,'p/b');
INSERT INTO "names" VALUES(3,'t::one');
CREATE TABLE runs (
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
        ) STRICT;
INSERT INTO "runs" VALUES(1,'20261101T070001Z-1f0c2a','2026-11-01T07:00:01Z','Sample','everything','change','BLOCKED',1,2.5,'cccccccccccccccccccccccccccccccccccccccc');
INSERT INTO "runs" VALUES(2,'20261101T070002Z-1f0c2a','2026-11-01T07:00:02Z','Sample','p/a','change','BLOCKED',1,2.5,'cccccccccccccccccccccccccccccccccccccccc');
INSERT INTO "runs" VALUES(3,'20261101T070003Z-1f0c2a','2026-11-01T07:00:03Z','Sample','everything','change','BLOCKED',0,2.5,'cccccccccccccccccccccccccccccccccccccccc');
CREATE TABLE tests (
            run INTEGER NOT NULL,
            check_name INTEGER NOT NULL,
            name INTEGER NOT NULL REFERENCES names,
            status TEXT NOT NULL,
            seconds REAL,
            PRIMARY KEY (run, check_name, name),
            FOREIGN KEY (run, check_name) REFERENCES checks (run, name) ON DELETE CASCADE
        ) STRICT, WITHOUT ROWID;
INSERT INTO "tests" VALUES(1,1,3,'passed',0.5);
INSERT INTO "tests" VALUES(2,1,3,'failed',NULL);
CREATE INDEX runs_by_scope ON runs (project, selection, profile, complete, started_at);
CREATE INDEX runs_by_start ON runs (started_at);
CREATE INDEX checks_by_name ON checks (name, run);
CREATE INDEX tests_by_name ON tests (name, run);
COMMIT;
PRAGMA user_version = 1;
