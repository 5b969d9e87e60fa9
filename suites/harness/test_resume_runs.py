"""A run killed anywhere goes on: nothing that ended runs twice, nothing is lost."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
import pytest

from harness.cli.resume import resumable, set_aside_work
from harness.errors import EvidenceError, UsageError
from harness.model.event import (
    CheckFinished,
    CheckStarted,
    Event,
    RunFinished,
    RunInterrupted,
    RunResumed,
)
from harness.model.result import Outcome, Status
from harness.model.run import fold
from harness.record.folder import RunFolder, list_runs
from harness.record.journal import read_journal
from suites.harness.projects import check, make_project
from suites.harness.sample_runs import approved

CHECKS = 8
POINTS = 50


def ends_of(events: Iterable[Event]) -> list[CheckFinished]:
    return [event for event in events if isinstance(event, CheckFinished)]


def attempts_of(
    events: Iterable[Event], kind: type[CheckStarted] | type[CheckFinished]
) -> list[int]:
    """The numbers of the attempts of the check that flips."""
    return [one.attempt for one in events if isinstance(one, kind) and one.check == "p/flips"]


def wait_for(root: Path, happened: Callable[[tuple[Event, ...]], bool]) -> Path:
    """The newest run's journal, once so much of it is there."""
    for _ in range(6000):
        time.sleep(0.01)
        for run in list_runs(root / "reports")[-1:]:
            try:
                if happened(read_journal(run.journal).events):
                    return run.journal
            except EvidenceError:
                break  # not there yet, or its first event is not
    raise AssertionError("it never happened")


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


def test_a_run_goes_on_as_it_was_planned_or_not_at_all(tmp_path: Path) -> None:
    project = make_project(tmp_path, check("a", "true"))
    refused = project.run("verify", "a", "--tag=x", "--profile", "release", "--resume")
    assert refused.code == 2
    assert "a selection, --tag, --profile cannot change it" in refused.err
    assert "leave that out" in refused.err


def test_an_attempt_that_waits_for_its_retry_is_no_end(tmp_path: Path) -> None:
    """The second attempt is killed: the run goes on with it, not with the first one's failure."""
    script = "echo x >> tries; test $(wc -l < tries) -lt 2 && exit 1; test -e go || sleep 300"
    project = make_project(tmp_path, check("flips", "sh", "-c", script) + check("b", "true"))
    process = project.start("verify", "--retry=2", "--fresh")
    journal = wait_for(tmp_path, lambda events: attempts_of(events, CheckStarted) == [1, 2])
    process.kill()
    process.communicate()
    (tmp_path / "go").touch()
    done = project.run("verify", "--resume")
    assert done.code == 1, done.text
    events = read_journal(journal).events
    assert attempts_of(events, CheckFinished) == [1, 2]
    assert attempts_of(events, CheckStarted) == [1, 2, 2]
    assert fold(events).result("p/flips").status is Status.FLAKY
    assert project.run("report", "--verify").code == 1


def test_only_work_of_half_made_attempts_is_set_aside(tmp_path: Path) -> None:
    first, second = tmp_path / "work" / "p" / "flips", tmp_path / "work-attempt-2" / "p" / "flips"
    for folder in (first, second, second.with_name("flips.cut-1")):
        folder.mkdir(parents=True)
    made = CheckFinished(
        at=1.0, check="p/flips", started=0.0, outcome=Outcome(status=Status.FAILED, message="no")
    )
    begun = [CheckStarted(at=0.0, check="p/flips", command="x", attempt=n) for n in (1, 2)]
    set_aside_work(tmp_path, begun, {"p/flips": (made,)})
    assert first.is_dir()
    assert {path.name for path in second.parent.iterdir()} == {"flips.cut-1", "flips.cut-2"}


def test_passes_of_a_resumed_run_are_reused_by_the_next(tmp_path: Path) -> None:
    more = "inputs: [src.txt]"
    project = make_project(
        tmp_path,
        check("before", "true", more=more)
        + check("after", "sh", "-c", "test -e go || sleep 300", more=more),
    )
    (tmp_path / "src.txt").touch()
    process = project.start("verify")
    wait_for(tmp_path, lambda events: len(ends_of(events)) == 1)
    process.kill()
    process.communicate()
    (tmp_path / "go").touch()
    assert project.run("verify", "--resume").code == 0
    assert project.run("verify").code == 0
    counts = project.report()["counts"]
    assert (counts["executed"], counts["reused"]) == (0, 2)


def test_an_audit_of_inputs_does_not_go_on(tmp_path: Path) -> None:
    builder = approved()
    header = builder.run().header
    audited = msgspec.structs.replace(header, command="release-manager verify --audit-inputs")
    with pytest.raises(UsageError, match="half an audit proves nothing"):
        resumable(RunFolder(tmp_path), (audited,))
    assert resumable(RunFolder(tmp_path), (header,)).header == header


def test_what_the_interruption_ended_is_forgotten_and_no_attempt_before_it() -> None:
    builder = approved()
    header = builder.run().header
    name = header.plan.checks[0].id

    def end(at: float, attempt: int) -> CheckFinished:
        outcome = Outcome(status=Status.FAILED, message="no")
        return CheckFinished(at=at, check=name, started=at, outcome=outcome, attempt=attempt)

    cut_short = [header, end(1.0, 1), RunInterrupted(at=2.0, reason="SIGINT"), end(3.0, 2)]
    again = RunResumed(at=4.0, resumed_at="", harness_version="", command="")
    assert fold(cut_short).result(name).attempts == (end(1.0, 1), end(3.0, 2))
    assert fold([*cut_short, again]).result(name).attempts == (end(1.0, 1),)
