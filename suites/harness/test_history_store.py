"""The history file: remembers, migrates, survives damage and other writers."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from harness.errors import EvidenceError
from harness.model.history import PastCheck, PastRun, PastTest
from harness.model.result import Conclusion, Status
from harness.record.history import History
from harness.record.history_schema import VERSION


def processes(count: int) -> Executor:
    """Workers that share nothing with the test but the disk."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["__main__", __name__])
    return ProcessPoolExecutor(count, mp_context=context)


def run(
    number: int,
    *,
    complete: bool = True,
    selection: str = "all",
    deselected: tuple[str, ...] = (),
    **checks: PastCheck,
) -> PastRun:
    return PastRun(
        run_id=f"run-{number:03}",
        started_at=f"2026-11-23T07:{number // 60:02}:{number % 60:02}Z",
        project="Sample",
        selection=selection,
        profile="change",
        conclusion=Conclusion.APPROVED,
        complete=complete,
        seconds=1.5,
        deselected=deselected,
        checks=checks,
    )


def passed(seconds: float, **tests: PastTest) -> PastCheck:
    return PastCheck(status=Status.PASSED, seconds=seconds, tests=tests)


FAILED = PastCheck(status=Status.FAILED, seconds=1.0)


def test_a_run_comes_back_as_it_was_added(tmp_path: Path) -> None:
    test = PastTest(status=Status.FAILED, seconds=None)
    kept = run(1, a=passed(0.5, one=test), b=PastCheck(status=Status.PASSED, reused=True))
    with History(tmp_path / "h") as history:
        history.add(kept)
    with History(tmp_path / "h") as history:
        found = history.base(project="Sample", selection="all", profile="change", before="now")
    assert found == kept


def test_a_folder_made_for_it_is_ignored_by_git(tmp_path: Path) -> None:
    with History(tmp_path / "own" / "h"):
        assert (tmp_path / "own" / ".gitignore").read_text("utf-8").endswith("*\n")
    with History(tmp_path / "h"):
        assert not (tmp_path / ".gitignore").exists()  # somebody else made this one


def test_the_base_is_the_last_complete_run_of_the_same_scope(tmp_path: Path) -> None:
    with History(tmp_path / "h") as history:
        for one in (
            run(1, a=FAILED),
            run(2, selection="a", deselected=("b",), a=FAILED),
            run(3, complete=False, a=FAILED),
            run(4, a=FAILED),
        ):
            history.add(one)
        found = history.base(project="Sample", selection="all", profile="change", before="run-004")
        assert found is not None
        assert found.run_id == "run-001"
        assert history.base(project="S", selection="all", profile="change", before="") is None
        narrow = history.base(project="Sample", selection="a", profile="change", before="")
        assert narrow is not None
        assert narrow.run_id == "run-004"  # it left out nothing, so it answers for any selection


def test_the_latest_answer_of_a_check_comes_from_whichever_run_has_it(tmp_path: Path) -> None:
    with History(tmp_path / "h") as history:
        history.add(run(1, a=passed(1.0, t=PastTest(status=Status.PASSED))))
        history.add(run(2, a=FAILED, b=FAILED))
        history.add(run(3, a=PastCheck(status=Status.PRECLUDED)))
        found = history.latest(["a", "b", "c"], project="Sample", without="run-002")
    assert found == {"a": passed(1.0, t=PastTest(status=Status.PASSED))}


def test_marks_are_the_last_ten_newest_last(tmp_path: Path) -> None:
    with History(tmp_path / "h") as history:
        for number in range(14):
            history.add(run(number, a=passed(float(number))))
        marks = history.marks(["a", "unknown"], project="Sample", without="run-013")
    assert [mark.run_id for mark in marks["a"]] == [f"run-{n:03}" for n in range(3, 13)]
    assert "unknown" not in marks


def test_expected_seconds_are_the_median_of_executed_passes(tmp_path: Path) -> None:
    with History(tmp_path / "h") as history:
        for number, seconds in enumerate((1.0, 90.0, 2.0)):
            history.add(run(number, a=passed(seconds)))
        history.add(run(4, a=FAILED, b=PastCheck(status=Status.PASSED, reused=True)))
        assert history.durations() == {"a": 2.0}


def test_adding_a_run_again_replaces_it(tmp_path: Path) -> None:
    with History(tmp_path / "h") as history:
        history.add(run(1, complete=False, a=FAILED))
        history.add(run(1, a=passed(1.0)))
        (only,) = history.runs(10)
        assert only.complete
        assert [mark.status for _, _, mark in history.line("a", 10)] == [Status.PASSED]


def add_one(path: Path, number: int) -> None:
    with History(path) as history:
        history.add(run(number, a=passed(1.0, t=PastTest(status=Status.PASSED))))


@pytest.mark.parametrize("pool", [ThreadPoolExecutor, processes])
def test_many_writers_of_a_new_file_lose_nothing(
    tmp_path: Path, pool: Callable[[int], Executor]
) -> None:
    with pool(8) as workers:
        for name in ("one", "two", "three"):
            list(workers.map(add_one, [tmp_path / name] * 24, range(24)))
    for name in ("one", "two", "three"):
        with History(tmp_path / name) as history:
            assert len(history.runs(100)) == 24
            assert len(history.line("a", 100)) == 24


def test_readers_are_answered_while_somebody_writes(tmp_path: Path) -> None:
    add_one(tmp_path / "h", 1)
    with History(tmp_path / "h") as history:
        writer = sqlite3.connect(tmp_path / "h", isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM runs")
        assert [one.run_id for one in history.runs(5)] == ["run-001"]
        writer.execute("ROLLBACK")
        writer.close()


def test_a_writer_that_waits_gets_its_turn(tmp_path: Path) -> None:
    """Also when whoever is first knows nothing of the lock beside the file."""
    add_one(tmp_path / "h", 1)
    writer = sqlite3.connect(tmp_path / "h", isolation_level=None, check_same_thread=False)
    writer.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(1) as workers:
        waits = workers.submit(add_one, tmp_path / "h", 2)
        with pytest.raises(TimeoutError):
            waits.result(0.1)
        writer.execute("COMMIT")
        waits.result(30)
    writer.close()
    with History(tmp_path / "h") as history:
        assert len(history.runs(5)) == 2


def die_writing(path: Path) -> None:
    """Be killed in the middle of a transaction, the lock held."""
    with History(path) as history:

        def half(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM runs")
            os.kill(os.getpid(), signal.SIGKILL)

        history._file.write(half)


def test_a_killed_writer_leaves_a_whole_file_and_no_lock(tmp_path: Path) -> None:
    add_one(tmp_path / "h", 1)
    with processes(1) as workers, pytest.raises(BrokenProcessPool):
        workers.submit(die_writing, tmp_path / "h").result(30)
    add_one(tmp_path / "h", 2)
    with History(tmp_path / "h") as history:
        assert len(history.runs(5)) == 2


def test_a_file_of_the_first_schema_is_brought_forward(tmp_path: Path) -> None:
    old = sqlite3.connect(tmp_path / "h")
    old.executescript((Path(__file__).parent / "assets" / "history-1.sql").read_text("utf-8"))
    assert old.execute("PRAGMA user_version").fetchone() == (1,)
    old.close()
    with processes(4) as workers:  # several at once, and none migrates twice
        list(workers.map(add_one, [tmp_path / "h"] * 4, range(4)))
    with History(tmp_path / "h") as history:
        kept = {one.run_id: one for one in history.runs(10)}
        assert len(kept) == 7
        assert not kept["20261101T070003Z-1f0c2a"].complete
        found = history.base(project="Sample", selection="x", profile="change", before="run-000")
        assert found is not None
        assert found.run_id == "run-003"
        assert history.durations() == {"p/a": 1.25, "a": 1.0}
        assert [mark.status.value for _, _, mark in history.line("t::one", 9)] == [
            "failed",
            "passed",
        ]
    new = sqlite3.connect(tmp_path / "h")
    assert new.execute("PRAGMA user_version").fetchone() == (VERSION,)
    assert new.execute("PRAGMA foreign_key_check").fetchall() == []
    new.close()


def test_migrating_gives_the_schema_of_a_new_file(tmp_path: Path) -> None:
    old = sqlite3.connect(tmp_path / "old")
    old.executescript((Path(__file__).parent / "assets" / "history-1.sql").read_text("utf-8"))
    old.close()
    schemas = []
    for name in ("old", "new"):
        with History(tmp_path / name):
            pass
        file = sqlite3.connect(tmp_path / name)
        tables = [table for (table,) in file.execute("SELECT name FROM sqlite_schema")]
        schemas.append(
            {one: file.execute(f"PRAGMA table_xinfo({one})").fetchall() for one in tables}
        )
        file.close()
    assert schemas[0] == schemas[1]


@pytest.mark.parametrize(
    "content", [b"no database at all, and long enough" * 9, b"SQLite format 3\0" + b"\xff" * 4096]
)
def test_a_damaged_file_is_set_aside_and_rebuilt(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "h").write_bytes(content)
    with History(tmp_path / "h", past=lambda: [run(1, a=FAILED)]) as history:
        assert history.set_aside.endswith("h.damaged-1")
        assert [one.run_id for one in history.runs(5)] == ["run-001"]
    assert (tmp_path / "h.damaged-1").read_bytes() == content


def damage(path: Path) -> None:
    """Overwrite every page but the first: the file opens, and what it holds is nonsense."""
    file = sqlite3.connect(path)
    file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    (size,) = file.execute("PRAGMA page_size").fetchone()
    file.close()
    content = path.read_bytes()
    path.write_bytes(content[:size] + b"\xa5" * (len(content) - size))


def test_damage_that_shows_later_is_set_aside_too(tmp_path: Path) -> None:
    for use in (lambda one: one.runs(5), lambda one: one.add(run(2, a=FAILED))):
        (tmp_path / "h").unlink(missing_ok=True)
        add_one(tmp_path / "h", 1)
        damage(tmp_path / "h")
        with History(tmp_path / "h", past=lambda: [run(1, a=FAILED)]) as history:
            assert history.set_aside == ""
            use(history)
            assert Path(history.set_aside).exists()
            assert history.runs(5)[-1].run_id == "run-001"
            assert [mark.status for _, _, mark in history.line("a", 9)][-1] is Status.FAILED


def test_of_many_that_find_damage_one_sets_it_aside(tmp_path: Path) -> None:
    add_one(tmp_path / "h", 1)
    damage(tmp_path / "h")

    def look(_: int) -> tuple[str, int]:
        with History(tmp_path / "h", past=lambda: [run(1, a=FAILED)]) as history:
            found = len(history.runs(5))
            return history.set_aside, found

    with ThreadPoolExecutor(6) as workers:
        seen = list(workers.map(look, range(6)))
    assert [found for _, found in seen] == [1] * 6
    assert len({place for place, _ in seen} - {""}) == 1
    assert not (tmp_path / "h.damaged-2").exists()


def test_without_anything_to_rebuild_from_damage_is_refused(tmp_path: Path) -> None:
    add_one(tmp_path / "h", 1)
    damage(tmp_path / "h")
    with History(tmp_path / "h") as history, pytest.raises(EvidenceError, match="cannot be used"):
        history.durations()
    assert not list(tmp_path.glob("*.damaged-*"))


def test_a_newer_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "h")
    database.execute(f"PRAGMA user_version = {VERSION + 1}")
    database.close()
    content = (tmp_path / "h").read_bytes()
    with pytest.raises(EvidenceError, match="newer release manager"):
        History(tmp_path / "h")
    database = sqlite3.connect(tmp_path / "h")
    assert database.execute("PRAGMA user_version").fetchone() == (VERSION + 1,)
    database.close()
    assert content
