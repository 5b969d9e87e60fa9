"""The history file: remembers, migrates, survives damage and other writers."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.errors import EvidenceError
from harness.model.history import PastCheck, PastRun, PastTest
from harness.model.result import Conclusion, Status
from harness.record.history import History
from harness.record.history_schema import VERSION


def run(
    number: int, *, complete: bool = True, selection: str = "all", **checks: PastCheck
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


def test_the_base_is_the_last_complete_run_of_the_same_scope(tmp_path: Path) -> None:
    with History(tmp_path / "h") as history:
        for one in (
            run(1, a=FAILED),
            run(2, selection="a", a=FAILED),
            run(3, complete=False, a=FAILED),
            run(4, a=FAILED),
        ):
            history.add(one)
        found = history.base(project="Sample", selection="all", profile="change", before="run-004")
        assert found is not None
        assert found.run_id == "run-001"
        assert history.base(project="S", selection="all", profile="change", before="") is None


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


def test_many_writers_lose_nothing(tmp_path: Path) -> None:
    def add(number: int) -> None:
        with History(tmp_path / "h") as history:
            history.add(run(number, a=passed(1.0, t=PastTest(status=Status.PASSED))))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(40)))
    with History(tmp_path / "h") as history:
        assert len(history.runs(100)) == 40


@pytest.mark.parametrize(
    "content", [b"no database at all, and long enough" * 9, b"SQLite format 3\0" + b"\xff" * 4096]
)
def test_a_damaged_file_is_set_aside_and_rebuilt(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "h").write_bytes(content)
    with History(tmp_path / "h", past=lambda: [run(1, a=FAILED)]) as history:
        assert history.set_aside.endswith("h.damaged-1")
        assert [one.run_id for one in history.runs(5)] == ["run-001"]
    assert (tmp_path / "h.damaged-1").read_bytes() == content


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
