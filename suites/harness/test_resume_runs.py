"""A run killed anywhere goes on: nothing that ended runs twice, nothing is lost."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.cli.replay import replay
from harness.cli.resume import is_as_of, resumable, set_aside_work
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
from suites.harness.forking import Forked
from suites.harness.projects import Project, check, make_project
from suites.harness.sample_runs import approved

POINTS = 50
GROUPS = 5
NAMES = {"c0", "c1", "c2", "c3", "d0", "d1", "d2", "bad"}
ATTEMPTS = {"bad": 2}


def ends_of(events: Iterable[Event]) -> list[CheckFinished]:
    return [event for event in events if isinstance(event, CheckFinished)]


def attempts_of(
    events: Iterable[Event], kind: type[CheckStarted] | type[CheckFinished]
) -> list[int]:
    """The numbers of the attempts of the check that flips."""
    return [one.attempt for one in events if isinstance(one, kind) and one.check == "p/flips"]


def events_of(run: RunFolder) -> tuple[Event, ...]:
    """What a run has told; nothing when it was killed before its first event."""
    return read_journal(run.journal).events if lines_of([run]) else ()


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


def tiny(name: str, *, more: str = "", code: int = 0) -> str:
    # The log is flushed by the shell's exit, so a line means that the check ran to its end.
    return check(
        name, "sh", "-c", f"echo {name} $PPID >> ran.log; sleep 0.01; exit {code}", more=more
    )


BUILD = """\
  - id: built
    title: A file is made
    uses: build
    with: { run: [sh, -c, echo made > out.bin], outputs: [out.bin] }
    inputs: [src.txt]
"""


def many_checks() -> str:
    """Some at once, some in a row, one that fails twice, and one that therefore never runs."""
    return (
        "".join(tiny(f"c{number}") for number in range(4))
        + "".join(tiny(f"d{number}", more=f"needs: [c{number}]") for number in range(3))
        + tiny("bad", code=1)
        + tiny("never", more="needs: [bad]")
    )


TIMES = {"start", "duration", "usage", "marks"}


def results_of(report: dict[str, Any]) -> Any:
    """What a report says of its checks and why, without what time it took and came before."""

    def timeless(value: Any) -> Any:
        match value:
            case dict():
                return {name: timeless(one) for name, one in value.items() if name not in TIMES}
            case list():
                return [timeless(one) for one in value]
            case _:
                return value

    return timeless({name: report[name] for name in ("verdict", "counts", "phases")})


def lines_of(runs: list[RunFolder]) -> int:
    """How much the newest of the runs has told."""
    return runs[-1].journal.read_bytes().count(b"\n") if runs and runs[-1].journal.exists() else 0


def kill_at_some_point(process: Forked, reports: Path, chance: random.Random) -> bool:
    """Kill it some events from now and a moment later; whether it was still there."""
    before = list_runs(reports)
    seen, wanted = lines_of(before), chance.randrange(-2, 14)
    while wanted > 0 and not process.is_over:
        runs = list_runs(reports)
        if lines_of(runs) - (seen if len(runs) == len(before) else 0) >= wanted:
            break
        time.sleep(0.008)
    time.sleep(chance.random() * 0.02)
    return process.kill()


def killed_until_it_ends(project: Project, chance: random.Random, most: int) -> int:
    """Start a run and kill it, resume it and kill it, until it ends; how often it was killed.

    What had ended when it was killed is not run again by whoever goes on.
    """
    reports = project.root / "reports"
    before = len(list_runs(reports))
    done_before: dict[int, list[str]] = {}
    kills, process = 0, Forked(project, "verify", "--retry=1")
    while kills < most and kill_at_some_point(process, reports, chance):
        kills += 1
        runs = list_runs(reports)[before:]
        if not lines_of(runs):
            return kills  # before its first event: nothing is begun, nothing can be lost
        events = events_of(runs[-1])
        if isinstance(events[-1], RunFinished):
            assert Forked(project, "report").wait() == 1  # while it wrote its reports
            return kills
        process = Forked(project, "verify", "--resume")
        done_before[process.pid] = over(events)
    if kills == most:
        assert process.wait() == 1, process.said.read_text("utf-8")
    for line in (project.root / "ran.log").read_text().splitlines():
        name, parent = line.split()
        assert name not in done_before.get(int(parent), ()), "run again after its end"
    return kills


def over(events: Iterable[Event]) -> list[str]:
    """The checks that have come to their end, the last attempt included."""
    ended = Counter(event.check.removeprefix("p/") for event in ends_of(events))
    return [name for name, attempts in ended.items() if attempts == ATTEMPTS.get(name, 1)]


@pytest.mark.parametrize("group", range(GROUPS))
def test_killed_at_random_points_a_run_goes_on(
    tmp_path: Path, group: int, templates: dict[str, str]
) -> None:
    project = make_project(tmp_path, many_checks())
    assert Forked(project, "verify", "--retry=1").wait() == 1
    expected = results_of(project.report())
    chance, kills = random.Random(group), 0
    while kills < POINTS // GROUPS:
        kills += killed_until_it_ends(project, chance, POINTS // GROUPS - kills)
        events = events_of(list_runs(tmp_path / "reports")[-1])
        if not events:
            continue
        ends: Counter[tuple[str, int]] = Counter()
        for event in events:
            if isinstance(event, CheckStarted):
                assert (event.check, event.attempt) not in ends, "begun again after its end"
            elif isinstance(event, CheckFinished):
                ends[event.check, event.attempt] += 1
        assert ends == dict.fromkeys(
            ((f"p/{name}", n + 1) for name in NAMES for n in range(ATTEMPTS.get(name, 1))), 1
        )
        final = list_runs(tmp_path / "reports")[-1]
        for name, content in replay(final).render(templates).items():
            assert (final.path / name).read_bytes() == content
        assert results_of(project.report()) == expected
    assert kills == POINTS // GROUPS


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
    set_aside_work(tmp_path, ["p/flips", "p/never-begun"], {"p/flips": (made,)})
    assert first.is_dir()
    assert {path.name for path in second.parent.iterdir()} == {"flips.cut-1", "flips.cut-2"}


def test_passes_of_a_resumed_run_are_reused_by_the_next(tmp_path: Path) -> None:
    more = "inputs: [src.txt]"
    project = make_project(
        tmp_path,
        check("before", "true", more=more)
        + BUILD
        + check("after", "sh", "-c", "test -e go || sleep 300", more=f"{more}\nneeds: [built]"),
    )
    (tmp_path / "src.txt").touch()
    process = project.start("verify")
    wait_for(tmp_path, lambda events: len(ends_of(events)) == 2)
    process.kill()
    process.communicate()
    (tmp_path / "go").touch()
    assert project.run("verify", "--resume").code == 0
    assert project.run("verify").code == 0
    counts = project.report()["counts"]
    assert (counts["executed"], counts["reused"]) == (0, 3)


def test_a_build_is_as_it_was_left_unless_its_files_changed_since(tmp_path: Path) -> None:
    made = tmp_path / "out.bin"
    made.write_text("made")
    then = made.stat().st_ctime
    assert is_as_of(tmp_path, "*.bin", then)
    assert not is_as_of(tmp_path, "*.bin", then - 1.0)
    assert not is_as_of(tmp_path, "gone*", then)
    time.sleep(0.02)
    made.write_text("over")
    os.utime(made, (then - 60, then - 60))  # however old it claims to be
    assert not is_as_of(tmp_path, "*.bin", then)


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
