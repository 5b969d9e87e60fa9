"""The dispatcher: order, room, what follows from an end, and every way a run is cut short."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import CheckSetupError
from harness.model.event import (
    CheckFinished,
    CheckPrecluded,
    CheckStarted,
    Event,
    RunFinished,
    RunInterrupted,
)
from harness.model.plan import Decision, PlannedCheck
from harness.model.ports import Command
from harness.model.result import Outcome, SkipReason, Status
from harness.model.spec import Resources
from harness.run.dispatch import Dispatcher, Stop
from harness.run.kinds.command import CommandOptions
from suites.harness.run.worlds import Collector, check, make_plan, only, script, statuses
from suites.harness.system.children import alive, children_of_this_process


@contextmanager
def request_after(stop: Stop, *moments: float) -> Iterator[None]:
    """Ask to stop from a real signal handler, as a terminal does."""
    pending = list(moments)

    def ask(_number: int, _frame: object) -> None:
        stop.request("SIGINT")
        if pending:
            signal.setitimer(signal.ITIMER_REAL, pending.pop(0))

    previous = signal.signal(signal.SIGALRM, ask)
    signal.setitimer(signal.ITIMER_REAL, pending.pop(0))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def test_a_failed_check_precludes_only_its_dependents(world):
    run = world.run(
        check("build", "false"),
        check("unit", "true", needs=["build"]),
        check("report", "true", needs=["unit"]),
        check("lint", "true"),
    )

    assert statuses(run) == {
        "build": "failed",
        "unit": "precluded",
        "report": "precluded",
        "lint": "passed",
    }
    assert run.result("p/report").reason == "needs p/unit, which never ran because of p/build"
    assert run.finished


def test_an_advisory_failure_precludes_nobody(world):
    run = world.run(check("lint", "false", advisory=True), check("unit", "true", needs=["lint"]))

    assert statuses(run) == {"lint": "failed", "unit": "passed"}


def test_what_the_plan_skips_is_told_and_not_run(world):
    run = world.run(
        check("gone", "false", decision=Decision.SKIP, skip=SkipReason.NOT_APPLICABLE),
        check("lacks", "true", decision=Decision.SKIP, skip=SkipReason.CAPABILITY_MISSING),
        check("after-gone", "true", needs=["gone"]),
        check("after-lacks", "true", needs=["lacks"]),
    )

    assert statuses(run) == {
        "gone": "skipped",
        "lacks": "skipped",
        "after-gone": "passed",
        "after-lacks": "precluded",
    }


def test_a_plan_of_skips_starts_no_process(world):
    skips = [
        check(f"c{n}", "true", decision=Decision.SKIP, skip=SkipReason.NOT_APPLICABLE)
        for n in range(50)
    ]
    run = world.run(*skips)

    assert set(statuses(run).values()) == {"skipped"}
    assert run.finished


def test_dependents_start_after_their_needs_ended(world):
    world.run(
        script("slow", "sleep 0.2; echo done > slow.txt"),
        check("reader", "cat", "slow.txt", needs=["slow"]),
    )

    order = [(type(e).__name__, e.check) for e in world.sink.events if hasattr(e, "check")]
    assert order == [
        ("CheckStarted", "p/slow"),
        ("CheckFinished", "p/slow"),
        ("CheckStarted", "p/reader"),
        ("CheckFinished", "p/reader"),
    ]


def test_the_longest_path_starts_first(world):
    world.run(
        check("short", "true", expected_seconds=1.0),
        check("head", "true", expected_seconds=2.0),
        check("tail", "true", needs=["head"], expected_seconds=50.0),
        jobs=1,
    )

    started = [e.check for e in world.sink.events if isinstance(e, CheckStarted)]
    assert started[0] == "p/head"


def test_checks_run_side_by_side_up_to_the_jobs(world):
    log = "date +%s.%N >> $0; sleep 0.3; date +%s.%N >> $0"
    for jobs, side_by_side in ((1, False), (2, True)):
        world.folder = world.folder.parent / f"run{jobs}"
        world.sink = Collector()
        world.run(
            check("a", "sh", "-c", log, f"a{jobs}"),
            check("b", "sh", "-c", log, f"b{jobs}"),
            jobs=jobs,
        )
        times = [
            [float(line) for line in (world.root / f"{name}{jobs}").read_text().split()]
            for name in "ab"
        ]
        (a0, a1), (b0, b1) = times
        assert (max(a0, b0) < min(a1, b1)) is side_by_side


def test_a_check_larger_than_the_machine_runs_alone(world):
    mark = "test ! -e busy && touch busy && sleep 0.2 && rm busy"
    run = world.run(
        script("big", mark, resources=Resources(cpu=64)),
        script("also-big", mark, resources=Resources(cpu=64)),
        script("small", mark),
    )

    assert set(statuses(run).values()) == {"passed"}


def test_browser_slots_bound_browsers_and_let_others_by(world):
    browser = Resources(cpu=0.1, browser=1)
    mark = "test ! -e open && touch open && sleep 0.3 && rm open"
    run = world.run(
        script("one", mark, resources=browser, expected_seconds=9.0),
        script("two", mark, resources=browser, expected_seconds=8.0),
        check("other", "true", resources=Resources(cpu=0.1)),
    )

    assert set(statuses(run).values()) == {"passed"}
    finished = [e.check for e in world.sink.events if isinstance(e, CheckFinished)]
    assert finished[0] == "p/other"


def test_an_interrupt_ends_everything_cleanly_and_leaves_a_readable_run(world):
    with request_after(world.stop, 0.4):
        run = world.run(
            script("nice", "trap 'echo bye; exit 0' INT; while :; do sleep 0.05; done"),
            check("never", "true", needs=["nice"]),
        )

    assert run.interrupted == "SIGINT"
    assert run.finished
    assert statuses(run) == {"nice": "errored", "never": "precluded"}
    assert run.result("p/nice").output.text.endswith("bye\n")
    assert run.result("p/never").reason == "never ran: SIGINT"


def test_a_second_interrupt_kills_at_once(world):
    began = time.monotonic()
    with request_after(world.stop, 0.3, 0.3):
        run = world.run(script("stubborn", "trap '' INT TERM; while :; do sleep 0.05; done"))

    assert time.monotonic() - began < 3
    assert only(run).last.signal == "SIGKILL"
    assert only(run).status is Status.ERRORED


def test_a_request_before_the_start_runs_nothing(world):
    world.stop.request("SIGTERM")
    run = world.run(check("a", "true"), check("b", "true", needs=["a"]))

    assert statuses(run) == {"a": "precluded", "b": "precluded"}
    assert run.interrupted == "SIGTERM"


class _Broken:
    """A kind whose author made a mistake."""

    summary = "breaks"
    options = CommandOptions
    needs_work = False

    def __init__(self, name: str, *, prepare: Exception | None = None, outcome: object = None):
        self.name = name
        self._prepare = prepare
        self._outcome = outcome

    def prepare(self, options: CommandOptions, context: object) -> Command:
        if self._prepare is not None:
            raise self._prepare
        return Command(argv=tuple(options.run))

    def conclude(self, *_: object) -> Outcome:
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (_Broken("b", prepare=ZeroDivisionError("oops")), "broke in prepare (ZeroDivisionError"),
        (_Broken("b", prepare=CheckSetupError("no", next_step="yes")), "no; yes"),
        (_Broken("b", outcome=ValueError("bad")), "broke in conclude (ValueError: bad)"),
        (_Broken("b", outcome=Outcome(status=Status.SKIPPED)), "said skipped, which no run can be"),
        (_Broken("b", outcome=None), "gave no outcome but None"),
    ],
)
def test_a_broken_kind_errs_its_own_check_only(world, kind, said):
    run = world.run(check("bad", "true", kind="b"), check("good", "true"), kinds=(kind,))

    assert statuses(run) == {"bad": "errored", "good": "passed"}
    assert said in run.result("p/bad").reason


def test_no_kind_turns_a_hang_into_a_pass(world):
    kind = _Broken("lenient", outcome=Outcome(status=Status.PASSED))
    run = world.run(
        check("hangs", "sleep", "30", kind="lenient", timeout_seconds=0.2), kinds=(kind,)
    )

    assert only(run).status is Status.FAILED
    assert only(run).last.timed_out


def test_leaks_are_in_the_event(world):
    run = world.run(script("leaky", "sleep 311 & true"))

    assert "sleep 311" in only(run).leaked[0]


def test_a_check_knows_its_name_and_nothing_secret_is_in_the_command(world):
    run = world.run(
        script("named", "echo $RELEASE_MANAGER_CHECK", env={"X": "tok-12345678"}),
        environ={**os.environ, "MY_TOKEN": "tok-12345678"},
    )

    assert only(run).output.text == "p/named\n"
    assert only(run).command == "X=[REDACTED] sh -c 'echo $RELEASE_MANAGER_CHECK'"


def test_an_unwritable_work_folder_ends_the_run_with_the_truth(world):
    (world.folder / "work").write_text("a file where a folder should be")
    run = world.run(
        check("needs-work", "echo", "${{ run.work }}"), check("after", "true", needs=["needs-work"])
    )

    assert statuses(run) == {"needs-work": "errored", "after": "precluded"}
    assert run.interrupted.startswith("work files cannot be written")
    assert "free space or make it writable" in run.result("p/needs-work").reason


@pytest.mark.parametrize(
    ("after_mount", "said"),
    [
        ("pass", "No space left on device"),
        (
            'subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)',
            "Read-only file system",
        ),
    ],
    ids=["full", "read-only"],
)
def test_a_full_or_read_only_disk_ends_the_run_with_the_truth(world, after_mount, said):
    """A real file system that refuses, in a mount namespace of its own."""
    world.write("refuses.py", _REFUSING_DISK.format(after_mount=after_mount))
    argv = ["unshare", "--user", "--map-root-user", "--mount", sys.executable, "refuses.py"]
    if subprocess.run([*argv[:4], "true"], check=False).returncode != 0:
        pytest.skip("capability missing: this kernel lets this user make no mount namespace")
    done = subprocess.run(
        argv,
        cwd=world.root,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "flood errored" in done.stdout
    assert "after precluded" in done.stdout
    assert f"interrupted: work files cannot be written: {said}" in done.stdout


_REFUSING_DISK = """
import subprocess
from pathlib import Path
from suites.harness.run.worlds import World, script, check, statuses
place = Path("disk"); place.mkdir()
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], check=True)
world = World(place.resolve())
{after_mount}
run = world.run(
    script("flood", "yes | head -c 3000000"),
    check("after", "true", needs=["flood"]),
)
for name, status in statuses(run).items():
    print(name, status)
print("interrupted:", run.interrupted)
"""


def test_events_that_cannot_be_kept_end_the_run_and_leave_nothing_alive(world):
    world.sink.refuse = lambda event: isinstance(event, CheckFinished)
    with pytest.raises(OSError, match="No space left"):
        world.run(script("quick", "sleep 0.3"), script("slow", "echo $$ > pid; sleep 60"))

    assert not alive(int((world.root / "pid").read_text()))
    assert isinstance(world.sink.events[-1], RunInterrupted)
    assert not any(isinstance(event, RunFinished) for event in world.sink.events)


def test_sigkill_of_the_harness_leaves_no_orphans(world):
    before = set(children_of_this_process())
    (world.root / "long.py").write_text(_LONG_RUN)
    harness = subprocess.Popen(
        [sys.executable, "long.py", str(world.root)],
        cwd=world.root,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    files = [world.root / name for name in ("plain", "stubborn", "daemon", "service")]
    _await(lambda: all(file.exists() and file.read_text().strip() for file in files))
    pids = [int(file.read_text()) for file in files]
    assert all(alive(pid) for pid in pids)

    harness.kill()
    harness.wait()

    _await(lambda: not any(alive(pid) for pid in pids))
    # Where this process is a subreaper, what the harness left behind ended as our children.
    for pid in set(children_of_this_process()) - before:
        os.waitpid(pid, 0)


_LONG_RUN = """
import sys
from pathlib import Path
from harness.model.spec import Readiness
from suites.harness.run.worlds import World, script, python_service
root = Path(sys.argv[1])
place = root / "inner"; place.mkdir()
world = World(place)
world.run(
    script("plain", f"echo $$ > {root}/plain; exec sleep 312"),
    script("stubborn", f"trap '' INT TERM HUP; echo $$ > {root}/stubborn; sleep 312; sleep 312"),
    script("daemon", f"setsid sh -c 'echo $$ > {root}/daemon; exec sleep 312' & sleep 312"),
    script("served", "sleep 312", services=("s",)),
    services={"s": python_service(
        f"import os, time; open('{root}/service', 'w').write(str(os.getpid()));"
        "print('up'); time.sleep(312)", ready=Readiness(log="up"))},
    cpus=8,
)
"""


def _await(condition, patience: float = 10.0) -> None:
    limit = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < limit, "it never happened"
        time.sleep(0.02)


class _FakeMachine:
    """An `Executor` that ends checks in an order of its own choosing."""

    refusal = None

    def __init__(self, statuses: dict[str, Status], choices: list[int]) -> None:
        self._statuses = statuses
        self._choices = choices
        self._held: list[PlannedCheck] = []
        self.most_held = 0
        self.started: list[str] = []

    def submit(self, check: PlannedCheck, cpus: int, attempt: int = 1) -> None:
        self._held.append(check)
        self.started.append(check.id)
        self.most_held = max(self.most_held, len(self._held))

    def wait(self, timeout: float | None) -> list[Event]:
        choice = self._choices.pop() if self._choices else 0
        ended = self._held.pop(choice % len(self._held))
        outcome = Outcome(status=self._statuses[ended.id])
        return [CheckFinished(at=0, check=ended.id, outcome=outcome, started=0)]

    def cancel(self, reason: str, *, at_once: bool) -> None:
        raise AssertionError("nobody asked to stop")

    def retire(self, service: str) -> None:
        raise AssertionError("there are no services")

    def finish(self) -> list[Event]:
        assert not self._held
        return []

    def close(self) -> None:
        return


class _Still:
    def monotonic(self) -> float:
        return 0.0


@st.composite
def _graphs(draw: st.DrawFn) -> tuple[list[PlannedCheck], dict[str, Status]]:
    count = draw(st.integers(min_value=1, max_value=12))
    checks, ends = [], {}
    for number in range(count):
        needs = draw(st.sets(st.integers(min_value=0, max_value=max(0, number - 1)), max_size=3))
        one = check(
            f"c{number}",
            "true",
            needs=[f"c{need}" for need in sorted(needs)] if number else [],
            advisory=draw(st.booleans()),
            expected_seconds=draw(st.floats(min_value=0, max_value=100)),
            resources=Resources(cpu=draw(st.sampled_from([0.5, 1, 2, 8]))),
        )
        checks.append(one)
        ends[one.id] = draw(st.sampled_from([Status.PASSED, Status.FAILED, Status.ERRORED]))
    return checks, ends


@given(graph=_graphs(), choices=st.lists(st.integers(min_value=0, max_value=9), max_size=20))
def test_every_check_ends_once_and_none_starts_before_its_needs_hold(graph, choices):
    checks, ends = graph
    sink, machine = Collector(), _FakeMachine(ends, choices)
    Dispatcher(make_plan(*checks), machine, sink=sink, clock=_Still(), jobs=2, stop=Stop()).run()

    ended = [e.check for e in sink.events if isinstance(e, CheckFinished | CheckPrecluded)]
    assert sorted(ended) == sorted(one.id for one in checks)
    assert isinstance(sink.events[-1], RunFinished)
    holds = {
        one.id
        for one in checks
        if one.id in machine.started and (ends[one.id] is Status.PASSED or one.advisory)
    }
    for one in checks:
        assert (one.id in machine.started) == all(need in holds for need in one.needs)
    assert machine.most_held <= 4
