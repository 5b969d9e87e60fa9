"""A quarantine ends by itself after enough clean passes, from the history to the verdict."""

from __future__ import annotations

import datetime
from pathlib import Path

import msgspec
import pytest

from harness.judge import judge
from harness.model.history import PastCheck
from harness.model.result import Conclusion, Override, OverrideKind, Status, Verdict
from harness.model.spec import Condition, Effect, Position
from harness.plan.release import clean_passes
from suites.harness.projects import Project, check, make_project
from suites.harness.run_builder import CHANGE, WAIVER, RunBuilder

PASSED, FAILED, FLAKY = Status.PASSED, Status.FAILED, Status.FLAKY


def quarantine(passes: int, after: int = 3) -> Override:
    return msgspec.structs.replace(
        WAIVER,
        kind=OverrideKind.QUARANTINED,
        expires="2027-11-23",
        release_after=after,
        clean_passes=passes,
        position=Position(file="phases/waivers.yaml", line=7, column=5),
    )


@pytest.mark.parametrize(
    ("ends", "count"),
    [
        ([], 0),
        ([PASSED, PASSED], 2),
        ([PASSED, FAILED, PASSED], 1),
        ([PASSED, FLAKY], 0),
        ([PASSED, Status.ERRORED, PASSED, PASSED], 2),
        ([PASSED, Status.SKIPPED, Status.PRECLUDED, PASSED], 2),
        ([PASSED, PASSED, PASSED, FAILED, PASSED], 3),  # once released, released
    ],
)
def test_only_clean_passes_in_a_row_count(ends: list[Status], count: int) -> None:
    assert clean_passes(quarantine(0), [PastCheck(status=one) for one in ends]) == count


def test_a_reused_pass_is_none() -> None:
    ends = [PastCheck(status=PASSED), PastCheck(status=PASSED, reused=True)]
    assert clean_passes(quarantine(0), ends) == 1


def verdict_of(status: Status, given: Override, *, advisory: bool = False) -> Verdict:
    builder = RunBuilder(CHANGE)
    builder.check("p/ok")
    builder.check("p/x", status, message="broken", override=given, advisory=advisory)
    return judge(builder.run())


def test_before_its_release_it_lifts() -> None:
    verdict = verdict_of(FAILED, quarantine(2))
    assert verdict.reasons[0].condition is Condition.QUARANTINED


@pytest.mark.parametrize("advisory", [False, True])
def test_a_failure_after_its_release_blocks_and_says_why(advisory: bool) -> None:
    verdict = verdict_of(FAILED, quarantine(3), advisory=advisory)
    assert verdict.conclusion is Conclusion.BLOCKED
    (reason,) = verdict.reasons
    assert reason.condition is Condition.FAILED
    assert "but 3 clean passes: released; remove the entry (phases/waivers.yaml:7:5)" in reason.text


def test_flaky_after_its_release_is_flaky() -> None:
    assert verdict_of(FLAKY, quarantine(4)).reasons[0].condition is Condition.FLAKY


@pytest.mark.parametrize("status", [PASSED, Status.ERRORED])
def test_a_released_entry_is_told_to_go_however_the_check_ends(status: Status) -> None:
    reasons = verdict_of(status, quarantine(3)).reasons
    (said,) = [one for one in reasons if one.condition is None]
    assert said.effect is Effect.WARN
    assert said.text.endswith("released; remove the entry (phases/waivers.yaml:7:5)")


def test_the_pass_that_completes_the_row_announces_the_release() -> None:
    (said,) = verdict_of(PASSED, quarantine(2)).reasons
    assert "with this run 3 clean passes: released from the next on" in said.text
    assert verdict_of(PASSED, quarantine(1)).reasons == ()
    assert verdict_of(PASSED, quarantine(0, after=0)).reasons == ()


def project(root: Path, after: int) -> Project:
    today = datetime.datetime.now(datetime.UTC).date()
    entry = (
        f"check: p/shaky, reason: Races, owner: Ada, issue: A-7, created: {today},"
        f" expires: {today + datetime.timedelta(days=90)}, scope: all"
    )
    text = f"schema: 1\nquarantine-release-after: {after}\nquarantine:\n  - {{ {entry} }}\n"
    return make_project(root, check("shaky", "test", "!", "-e", "broken"), waivers=text)


def test_through_the_command_line(tmp_path: Path) -> None:
    made = project(tmp_path, after=2)
    assert "0 of 2 clean passes to its release" in made.run("plan").out
    made.write("broken", "")
    assert made.run("verify").code == 0  # quarantined
    (tmp_path / "broken").unlink()
    assert made.run("verify").code == 0
    assert "1 of 2 clean passes to its release" in made.run("plan").out
    done = made.run("verify")
    assert "with this run 2 clean passes: released from the next on" in done.out, done.text
    assert "2 clean passes: released; remove the entry (phases/waivers.yaml:4:5)" in (
        made.run("plan").out
    )
    made.write("broken", "")
    for _ in range(2):  # a failure does not bring the quarantine back
        done = made.run("verify")
        assert done.code == 1, done.text
        assert "but 2 clean passes: released; remove the entry" in done.out
    latest = tmp_path / "reports" / "latest"
    for name in ("report.html", "summary.md"):
        assert "2 clean passes: released" in (latest / name).read_text("utf-8"), name
    # The journal alone says so: without the history the run is judged the same.
    for file in (tmp_path / ".release-manager").glob("history.sqlite*"):
        file.unlink()
    again = made.run("report", "--verify")
    assert again.code == 1, again.text


def test_passes_of_before_its_day_do_not_count(tmp_path: Path) -> None:
    made = project(tmp_path, after=1)
    assert made.run("verify").code == 0
    text = (tmp_path / "phases/waivers.yaml").read_text("utf-8")
    today = datetime.datetime.now(datetime.UTC).date()
    tomorrow = today + datetime.timedelta(days=1)
    made.write("phases/waivers.yaml", text.replace(f"created: {today}", f"created: {tomorrow}"))
    assert "0 of 1 clean passes" in made.run("plan").out
