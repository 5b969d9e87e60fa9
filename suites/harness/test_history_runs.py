"""Runs remember and compare themselves; the history never decides a verdict."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from harness.cli.memory import open_history
from harness.record.journal import is_finished
from suites.harness.projects import check, make_project
from suites.harness.run_builder import RunBuilder
from suites.harness.run_folders import keep

FLIP = check("flip", "sh", "-c", "test -e good") + check("same", "true")


def test_a_run_is_compared_with_the_one_before(tmp_path: Path) -> None:
    project = make_project(tmp_path, FLIP)
    (tmp_path / "good").touch()
    assert project.run("verify").code == 0
    assert "comparison" not in project.report()
    (tmp_path / "good").unlink()
    done = project.run("verify")
    assert done.code == 1
    assert "newly failing p/flip: passed before, failed now" in done.out
    assert "**newly failing** `p/flip`" in (tmp_path / "reports/latest/summary.md").read_text()
    report = project.report()
    assert report["comparison"]["counts"] == {"new-failure": 1}
    (changed,) = report["comparison"]["changes"]
    assert (changed["check"], changed["change"]) == ("p/flip", "new-failure")
    checks = {one["id"]: one for phase in report["phases"] for one in phase["checks"]}
    assert [mark["status"] for mark in checks["p/flip"]["marks"]] == ["passed"]
    assert project.run("report", "--verify").code == 1


def test_a_damaged_history_is_rebuilt_and_said(tmp_path: Path) -> None:
    project = make_project(tmp_path, check("a", "true"))
    assert project.run("verify").code == 0
    (tmp_path / ".release-manager" / "history.sqlite").write_bytes(b"not a database" * 99)
    for left in ("-wal", "-shm"):
        (tmp_path / ".release-manager" / f"history.sqlite{left}").unlink(missing_ok=True)
    assert project.run("verify").code == 0
    report = project.report()
    assert any("set aside as" in note for note in report["notes"])
    assert report["comparison"]["conclusion"] == "APPROVED"


def test_a_newer_history_costs_a_note_and_nothing_else(tmp_path: Path) -> None:
    project = make_project(tmp_path, check("a", "true"))
    (tmp_path / ".release-manager").mkdir()
    database = sqlite3.connect(tmp_path / ".release-manager" / "history.sqlite")
    database.execute("PRAGMA user_version = 999")
    database.close()
    assert project.run("verify").code == 0
    assert any("newer release manager" in note for note in project.report()["notes"])


def test_a_killed_run_is_in_the_history_when_the_next_command_looks(tmp_path: Path) -> None:
    project = make_project(tmp_path, check("a", "true") + check("b", "sleep", "300"))
    process = project.start("verify")
    assert process.stderr is not None
    while "p/a" not in process.stderr.readline():
        pass
    assert json.loads(project.run("history", "--json").out) == []  # it still goes on
    process.kill()
    process.communicate()
    (row,) = json.loads(project.run("history", "--json").out)
    assert (row["conclusion"], row["interrupted"]) == ("INCOMPLETE", "killed")
    assert "killed" in project.run("history").out
    assert "\n-  newest last\n" in project.run("history", "b").out


def test_only_what_did_not_come_to_its_end_is_looked_for(tmp_path: Path) -> None:
    """A whole run remembers itself, unless it is no line of its own: then it stays away."""
    project = make_project(tmp_path, check("a", "true"))
    reports = tmp_path / "reports"
    run = RunBuilder()
    run.check("p/a")
    assert project.run("verify").code == 0
    keep(reports, "20261123T070000Z-1f0c2a", run)
    cut = keep(reports, "20261123T080000Z-1f0c2a", run)
    assert is_finished(cut.journal)
    lines = cut.journal.read_bytes().splitlines(keepends=True)
    cut.journal.write_bytes(b"".join(lines[:-1]) + lines[-1][:20])
    assert not is_finished(cut.journal)
    with open_history(tmp_path, reports) as history:
        assert [(one.run_id, one.interrupted) for one in history.runs(9)[1:]] == [
            ("20261123T080000Z-1f0c2a", "killed")
        ]


def test_rebuilding_reads_the_newest_runs_and_not_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunBuilder()
    run.check("p/a")
    names = [f"20261123T07000{number}Z-1f0c2a" for number in range(4)]
    for name in names:
        size = keep(tmp_path / "reports", name, run).journal.stat().st_size
    monkeypatch.setattr("harness.cli.memory.READ_BYTES", 2 * size)
    with open_history(tmp_path, tmp_path / "reports") as history:
        assert history.run_ids() == set(names[2:])


def test_a_lost_history_is_read_back_from_the_run_folders(tmp_path: Path) -> None:
    project = make_project(tmp_path, FLIP)
    project.run("verify")
    for file in (tmp_path / ".release-manager").glob("history.sqlite*"):
        file.unlink()
    (row,) = json.loads(project.run("history", "--json").out)
    assert row["conclusion"] == "BLOCKED"


def test_a_narrow_run_is_compared_with_what_each_check_last_answered(tmp_path: Path) -> None:
    project = make_project(tmp_path, FLIP + check("bad", "false"))
    (tmp_path / "good").touch()
    assert project.run("verify").code == 1
    (tmp_path / "good").unlink()
    assert project.run("verify", "--last-failed").code == 1
    assert project.report()["comparison"]["counts"] == {"still-failing": 1}
    assert project.run("verify", "flip").code == 1
    assert project.report()["comparison"]["counts"] == {"new-failure": 1}
    assert project.run("verify").code == 1
    # Against the last run of everything; what stood in narrower runs since is not forgotten.
    assert project.report()["comparison"]["counts"] == {"new-failure": 1, "still-failing": 1}


def test_history_tells_runs_lines_and_rankings(tmp_path: Path) -> None:
    project = make_project(tmp_path, FLIP)
    assert "no run yet" in project.run("history").out
    project.run("verify")
    (tmp_path / "good").touch()
    project.run("verify")
    rows = json.loads(project.run("history", "--json").out)
    assert [row["conclusion"] for row in rows] == ["APPROVED", "BLOCKED"]
    assert "\nF.  newest last\n" in project.run("history", "flip").out
    assert "p/flip" in project.run("history", "--flakiest").out
    assert "p/same" in project.run("history", "--slowest").out
    assert project.run("history", "--regressions").code == 0
    assert project.run("history", "nothing-of-it").code == 2
