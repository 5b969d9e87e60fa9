"""How long a run still takes, and what the displays say of a run that goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli.display import LiveDisplay, PlainDisplay
from harness.cli.replay import Replayed
from harness.cli.summary import print_summary
from harness.judge import judge
from harness.model.event import CheckFinished, CheckStarted, RunResumed
from harness.model.plan import Plan
from harness.model.result import Outcome, Status
from harness.model.spec import Resources
from harness.plan.estimate import Estimate
from harness.record.folder import RunFolder
from harness.report import build
from suites.harness.run_builder import RunBuilder

AGAIN = RunResumed(at=65.0, resumed_at="", harness_version="", command="")


def plan(*, needs: tuple[str, ...] = (), cpu: float = 1.0, **seconds: float) -> Plan:
    """Checks of phase p with their expected seconds; the last one has `needs`."""
    builder = RunBuilder()
    for name, expected in seconds.items():
        last = name == list(seconds)[-1]
        builder.plan(
            f"p/{name}",
            expected_seconds=expected,
            needs=tuple(f"p/{need}" for need in needs) if last else (),
            resources=Resources(cpu=cpu),
        )
    return builder.header().plan


def test_work_is_spread_over_the_cores() -> None:
    assert Estimate(plan(a=30.0, b=30.0, c=30.0), cpus=3).remaining(0.0) == 30.0
    assert Estimate(plan(a=30.0, b=30.0, c=30.0), cpus=1).remaining(0.0) == 90.0
    assert Estimate(plan(a=30.0, b=30.0, cpu=2.0), cpus=2).remaining(0.0) == 60.0


def test_no_number_of_cores_shortens_the_longest_chain() -> None:
    chained = plan(a=30.0, b=5.0, c=40.0, needs=("a",))
    assert Estimate(chained, cpus=64).remaining(0.0) == 70.0


def test_it_shrinks_as_checks_run_and_end_and_never_below_nothing() -> None:
    estimate = Estimate(plan(a=30.0, b=10.0), cpus=1)
    estimate.started("p/a", 2.0)
    assert estimate.remaining(12.0) == 30.0
    assert estimate.remaining(500.0) == 10.0  # late, but what waits still takes its time
    estimate.ended("p/a")
    estimate.ended("p/a")  # another attempt is no further check
    assert estimate.remaining(40.0) == 10.0
    estimate.ended("p/b")
    assert estimate.remaining(41.0) == 0.0


def test_what_had_ended_before_is_no_work_any_more() -> None:
    assert Estimate(plan(a=30.0, b=10.0), cpus=1, ended=["p/a"]).remaining(0.0) == 10.0


def test_it_is_known_once_half_of_the_checks_have_a_past() -> None:
    assert Estimate(plan(a=30.0, b=0.0), cpus=1).is_known
    assert not Estimate(plan(a=30.0, b=0.0, c=0.0), cpus=1).is_known
    assert not Estimate(plan(), cpus=1).is_known


def test_a_great_many_checks_are_judged_by_their_work() -> None:
    many = plan(**{f"c{number}": 1.0 for number in range(2_001)})
    estimate = Estimate(many, cpus=1)
    estimate.started("p/c0", 0.0)
    assert estimate.remaining(0.5) == 2_000.5


def end(check: str) -> CheckFinished:
    return CheckFinished(at=66.0, check=check, started=65.0, outcome=Outcome(status=Status.PASSED))


def test_plain_lines_go_on_counting(capsys: pytest.CaptureFixture[str]) -> None:
    display = PlainDisplay(plan(a=1.0, b=1.0, c=1.0), ended=2)
    display.emit(AGAIN)
    display.emit(end("p/c"))
    assert capsys.readouterr().err.splitlines() == [
        "[1:05]   goes on  2 of 3 checks had ended",
        "[1:06]    passed  p/c  (1.0 s)  [3/3]",
    ]


def test_the_live_display_tells_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    display = LiveDisplay(plan(a=30.0, b=90.0), jobs=1, ended=frozenset({"p/a"}))
    with display:
        display.emit(AGAIN)
        display.emit(CheckStarted(at=65.0, check="p/b", command="x"))
        monkeypatch.setattr("time.monotonic", lambda: display._zero + 70.0)
        said = str(display._render())
    assert "1:10   1 of 2 done   about 1 min 25 s left" in said
    assert "0:05  p/b" in said


def test_a_run_that_was_cut_short_says_how_to_go_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    builder = RunBuilder()
    builder.check("p/a")
    for whole in (False, True):
        run = builder.run(finished=whole)
        verdict = judge(run)
        told = Replayed(run=run, verdict=verdict, view=build(run, verdict))
        print_summary(told, RunFolder(Path("reports") / "RUN"), as_json=False)
        said = capsys.readouterr().out
        assert ("release-manager verify --resume=RUN" in said) is not whole
