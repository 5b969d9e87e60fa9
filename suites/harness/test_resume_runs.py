"""A run killed anywhere goes on: nothing that ended runs twice, nothing is lost."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from harness.model.event import CheckFinished, RunFinished
from harness.record.folder import list_runs
from harness.record.journal import read_journal
from suites.harness.projects import check, make_project

CHECKS = 8
POINTS = 50


def tiny(name: str) -> str:
    # The log is flushed by the shell's exit, so a line means that the check ran to its end.
    return check(name, "sh", "-c", f"echo {name} >> ran.log; sleep 0.01")


@pytest.mark.parametrize("group", range(5))
def test_killed_at_random_points_a_run_goes_on(tmp_path: Path, group: int) -> None:
    names = [f"c{number}" for number in range(CHECKS)]
    project = make_project(tmp_path, "".join(map(tiny, names)))
    points = random.Random(group)
    kills = 0
    while kills < POINTS // 5:
        (tmp_path / "ran.log").unlink(missing_ok=True)
        process, resumed = project.start("verify", "--fresh"), False
        while True:
            # Between events as they come: a number of lines of output, then the axe.
            assert process.stderr is not None
            for _ in range(points.randrange(1, 6)):
                if not process.stderr.readline():
                    break
            process.kill()
            process.communicate()
            kills += 1
            run = list_runs(tmp_path / "reports")[-1]
            try:
                events = read_journal(run.journal).events
            except Exception:  # noqa: BLE001 - killed before its first event: nothing to resume
                break
            if isinstance(events[-1], RunFinished):
                break
            resumed = True
            if kills >= POINTS // 5:
                done = project.run("verify", f"--resume={run.run_id}")
                assert done.code == 0, done.text
                break
            process = project.start("verify", f"--resume={run.run_id}")
        if not resumed:
            continue
        final = list_runs(tmp_path / "reports")[-1]
        events = read_journal(final.journal).events
        ends = Counter(event.check for event in events if isinstance(event, CheckFinished))
        assert ends == dict.fromkeys((f"p/{name}" for name in names), 1)
        assert set((tmp_path / "ran.log").read_text().split()) == set(names)
        assert project.run("report").code == 0
        assert project.run("report", "--verify").code == 0


def test_a_finished_run_refuses_and_a_changed_one_says_what(tmp_path: Path) -> None:
    project = make_project(tmp_path, check("a", "true") + check("b", "sleep", "300"))
    process = project.start("verify")
    assert process.stderr is not None
    while "p/a" not in process.stderr.readline():
        pass
    assert "still goes on" in project.run("verify", "--resume").err
    process.kill()
    process.communicate()
    project.write("phases/p.yaml", (tmp_path / "phases/p.yaml").read_text() + "# changed\n")
    refused = project.run("verify", "--resume")
    assert refused.code == 2
    assert "the definitions" in refused.err
    assert project.run("verify", "a").code == 0
    finished = project.run("verify", "--resume")
    assert finished.code == 2
    assert "is finished" in finished.err
