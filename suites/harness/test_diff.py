"""`report diff`: two journals, what changed between them, and what is no difference at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from harness.cli import diff, table
from harness.errors import EvidenceError, UsageError
from harness.model.result import Status, TestRecord
from suites.harness.projects import check, make_project
from suites.harness.run_builder import RunBuilder
from suites.harness.run_folders import keep

FIRST, SECOND = "20261123T070000Z-1f0c2a", "20261123T080000Z-2f0c2a"
ASK = Callable[..., str]


def records(**ends: Status) -> list[TestRecord]:
    return [TestRecord(id=name, status=end, duration=0.1) for name, end in ends.items()]


def before() -> RunBuilder:
    run = RunBuilder()
    run.check("p/unit", tests=records(one=Status.PASSED, two=Status.PASSED))
    run.check("p/lint", Status.FAILED, message="no")
    run.check("p/old")
    run.check("p/slow", took=4.0)
    return run


def after() -> RunBuilder:
    run = RunBuilder()
    run.check("p/unit", Status.FAILED, tests=records(one=Status.FAILED, two=Status.PASSED))
    run.check("p/lint")
    run.check("p/slow", took=9.1)
    run.check("p/new")
    return run


@pytest.fixture
def ask(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> ASK:
    """What `report diff` says in a project."""
    make_project(tmp_path, check("a", "true"))

    def answer(*arguments: str, columns: int | None = None) -> str:
        for module in (table, diff):
            monkeypatch.setattr(module, "width", lambda: columns)
        code = diff.command.main([*arguments], obj=str(tmp_path), standalone_mode=False)
        assert code == 0
        return capsys.readouterr().out

    return answer


def test_the_differences_stand_gravest_first_with_their_tests(tmp_path: Path, ask: ASK) -> None:
    keep(tmp_path / "reports", FIRST, before())
    keep(tmp_path / "reports", SECOND, after())
    assert (
        ask()
        == f"""\
from  {FIRST}  BLOCKED     everything
to    {SECOND}  BLOCKED     everything

2 newly failing, 1 gone, 1 slower, 1 fixed, 1 added

newly failing
  p/unit  passed before, failed now
    one  passed before, failed now

gone
  p/old  no longer in the plan

slower
  p/slow  4.0 s before, 9.1 s now

fixed
  p/lint  failed before, passed now

added
  p/new  new, passed
"""
    )
    assert ask(FIRST) == ask(FIRST, "latest") == ask(FIRST[:13], SECOND[:13]) == ask()
    swapped = ask(SECOND, str(tmp_path / "reports" / FIRST))
    assert "1 newly failing, 1 gone, 2 fixed, 1 added" in swapped


def test_machines_get_both_runs_and_every_change(tmp_path: Path, ask: ASK) -> None:
    keep(tmp_path / "reports", FIRST, before())
    keep(tmp_path / "reports", SECOND, after())
    told = json.loads(ask("--json"))
    assert (told["base"]["run_id"], told["run"]["run_id"]) == (FIRST, SECOND)
    assert told["run"]["conclusion"] == "BLOCKED"
    assert told["only_in_base"] == told["only_in_run"] == []
    assert told["comparison"]["counts"]["new-failure"] == 2
    assert told["comparison"]["changes"][0] == {
        "change": "new-failure",
        "check": "p/unit",
        "text": "passed before, failed now",
        "before": "passed",
        "after": "failed",
    }


def test_what_only_one_run_selected_is_said_so_and_not_gone(tmp_path: Path, ask: ASK) -> None:
    narrow = RunBuilder()
    narrow.check("p/lint", Status.FAILED, message="no")
    narrow.deselect("p/unit", "p/old", "p/slow")
    keep(tmp_path / "reports", FIRST, before())
    keep(tmp_path / "reports", SECOND, narrow, selection="lint")
    said = ask()
    assert "note  selected in the first run only: p/unit, p/old, p/slow" in said
    assert "1 still failing" in said
    assert "gone" not in said
    told = json.loads(ask("--json"))
    assert told["only_in_base"] == ["p/unit", "p/old", "p/slow"]
    widened = ask(SECOND, FIRST)
    assert "note  selected in the second run only: p/unit, p/old, p/slow" in widened
    assert "added" not in widened


def test_another_profile_or_project_is_noted(tmp_path: Path, ask: ASK) -> None:
    keep(tmp_path / "reports", FIRST, before())
    keep(tmp_path / "reports", SECOND, before(), project="Other", profile_name="change")
    said = ask()
    assert "note  not the same project: Convergio, then Other" in said
    assert "note  not the same profile: release, then change" in said
    assert "1 still failing" in said


def test_long_lists_are_cut_and_say_how_to_see_all(tmp_path: Path, ask: ASK) -> None:
    good, bad = RunBuilder(), RunBuilder()
    for number in range(30):
        good.check(f"p/c{number:02}")
        bad.check(f"p/c{number:02}", Status.FAILED)
    many = {f"t{number}": Status.FAILED for number in range(9)}
    bad.check("p/a", Status.FAILED, tests=records(**many))
    keep(tmp_path / "reports", FIRST, good)
    keep(tmp_path / "reports", SECOND, bad)
    said = ask()
    assert "and 4 more tests; --all lists them" in said
    assert "and 11 more checks; --all lists them" in said
    whole = ask("--all")
    assert "more" not in whole
    assert all(f"p/c{number:02}" in whole for number in range(30))


def test_it_fits_the_terminal_and_names_stay_text(tmp_path: Path, ask: ASK) -> None:
    name = "tests/test_very_long_module_name.py::TestSomething::test_that_takes_its_time[case]"
    evil = "one\x1b[2Jtwo\x07"
    run = RunBuilder()
    run.check("p/unit", Status.FAILED, tests=records(**{name: Status.FAILED, evil: Status.FAILED}))
    keep(tmp_path / "reports", FIRST, before())
    keep(tmp_path / "reports", SECOND, run)
    said = ask(columns=80)
    assert max(map(len, said.splitlines())) <= 80
    assert "\x1b" not in said
    assert "\x07" not in said
    assert name in ask()


def test_runs_that_cannot_be_compared_are_refused(tmp_path: Path, ask: ASK) -> None:
    reports = tmp_path / "reports"
    with pytest.raises(EvidenceError, match="not two runs yet"):
        ask()
    keep(reports, FIRST, before())
    with pytest.raises(UsageError, match="does not differ from itself"):
        ask("latest")
    with pytest.raises(EvidenceError, match="no run 'x'"):
        ask("x")
    with pytest.raises(click.UsageError, match="two runs at most"):
        ask("a", "b", "c")
    damaged = keep(reports, SECOND, after())
    damaged.journal.write_bytes(damaged.journal.read_bytes().replace(b"passed", b"failed", 1))
    with pytest.raises(EvidenceError, match="the journal is damaged"):
        ask()


def test_the_command_line_knows_it(tmp_path: Path) -> None:
    project = make_project(tmp_path, check("a", "true"))
    keep(tmp_path / "reports", FIRST, before())
    keep(tmp_path / "reports", SECOND, before())
    done = project.run("report", "diff", FIRST, SECOND)
    assert (done.code, done.err) == (0, "")
    assert "1 still failing" in done.out
