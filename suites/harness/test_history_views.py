"""What `history` shows a person: aligned, in the terminal's columns, and the same as its JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from harness.cli import history, history_views, table
from harness.cli.table import Column, lines
from harness.compare import flakiest, regressions, slowest, spread
from harness.model.event import CheckStarted
from harness.model.history import PastCheck, PastRun, PastTest
from harness.model.result import Conclusion, Status
from harness.record.folder import list_runs
from harness.record.history import HISTORY, History
from harness.record.journal import read_journal
from suites.harness.projects import check, make_project

LONG = "p/memory-safety-under-a-sanitizer-with-a-name-that-is-longer-than-most[debug]"


def end(status: Status = Status.PASSED, seconds: float = 1.0) -> PastCheck:
    return PastCheck(status=status, seconds=seconds)


def thirty_runs() -> list[PastRun]:
    """A made-up project: one check flips, one got slower, one run was killed."""
    runs = []
    for number in range(30):
        killed = number == 25
        checks = {
            "p/quick": end(seconds=0.25),
            "p/flips": PastCheck(
                status=Status.FAILED if number % 4 == 3 else Status.PASSED,
                seconds=2.0,
                tests={
                    "t::steady": PastTest(status=Status.PASSED, seconds=0.5),
                    "t::unsteady": PastTest(
                        status=Status.FAILED if number % 4 == 3 else Status.PASSED,
                        seconds=3.0 if number > 25 else 1.0,
                    ),
                },
            ),
            "p/slower": end(seconds=9.0 if number > 26 else 6.0 + number % 3 / 10),
            LONG: PastCheck(status=Status.PRECLUDED) if killed else end(seconds=75.0),
        }
        conclusion = Conclusion.BLOCKED if number % 4 == 3 else Conclusion.APPROVED
        runs.append(
            PastRun(
                run_id=f"202611{number + 1:02}T073105Z-1f0c2a",
                started_at=f"2026-11-{number + 1:02}T07:31:05Z",
                project="Sample",
                selection="p, without p/memory*" if number == 28 else "everything",
                profile="change",
                conclusion=Conclusion.INCOMPLETE if killed else conclusion,
                complete=not killed,
                seconds=102.0,
                commit=f"{number:040x}",
                interrupted="killed" if killed else "",
                checks=checks,
            )
        )
    return runs


@pytest.fixture
def ask(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    """What `history` says of thirty runs, on a terminal of so many columns or into a pipe."""
    make_project(tmp_path, check("quick", "true"))
    with History(tmp_path / HISTORY) as file:
        for run in thirty_runs():
            file.add(run)

    def answer(*arguments: str, columns: int | None = None) -> str:
        monkeypatch.setattr(table, "width", lambda: columns)
        monkeypatch.setattr("harness.cli.history_views.width", lambda: columns)
        code = history.command.main([*arguments], obj=str(tmp_path), standalone_mode=False)
        assert code == 0
        return capsys.readouterr().out

    return answer


@pytest.mark.parametrize(
    "arguments",
    [(), ("flips", "-n", "90"), (LONG,), ("--flakiest",), ("--slowest",), ("--regressions",)],
)
def test_every_view_fits_eighty_columns_with_its_numbers_under_their_heads(
    ask: Callable[..., str], arguments: tuple[str, ...]
) -> None:
    said = ask(*arguments, columns=80)
    assert max(map(len, said.splitlines())) <= 80
    rows = said[said.index("run  ") if "run  " in said else 0 :].splitlines()
    took = next(one for one in ("took", "share", "now", "takes") if f" {one}" in rows[0])
    edge = rows[0].index(f" {took}") + len(took) + 1
    assert all(len(row) <= edge or row[edge] == " " for row in rows if row)


def test_into_a_pipe_nothing_is_cut(ask: Callable[..., str]) -> None:
    assert LONG in ask("--slowest")
    assert LONG not in ask("--slowest", columns=60)
    assert "p, without p/memory*" in ask()


def test_runs_say_how_they_ended(ask: Callable[..., str]) -> None:
    rows = {line.split()[0]: line for line in ask().splitlines()}
    assert "APPROVED    1 min 42 s  4 passed" in rows["20261130T073105Z-1f0c2a"]
    assert "BLOCKED     1 min 42 s  1 of 4 failed" in rows["20261128T073105Z-1f0c2a"]
    assert "INCOMPLETE  1 min 42 s  3 of 4, killed" in rows["20261126T073105Z-1f0c2a"]
    assert "profile" not in rows["run"]  # the same in all of them


def test_a_check_is_one_line_of_marks_then_its_ends(ask: Callable[..., str]) -> None:
    said = ask("flips", "-n", "12").splitlines()
    assert said[:3] == [
        "p/flips",
        ".F...F...F..  newest last",
        "9 passed, 3 failed; takes 2.0 s (spread 0 ms, longest 2.0 s)",
    ]
    assert said[4].split() == ["run", "ended", "took", "commit"]
    assert said[5].startswith("20261130T073105Z-1f0c2a  passed  2.0 s  ▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇  0")


def test_rankings_name_what_stands_out(ask: Callable[..., str]) -> None:
    assert ask("--flakiest").splitlines()[1].split() == [
        "p/flips", "14", "30", "48%", ".F...F...F...F...F..",
    ]  # fmt: skip
    assert ask("--slowest").splitlines()[1].split()[0] == LONG
    assert "p/slower   6.1 s  148 ms  9.0 s    +48%  last 3 against 10" in ask("--regressions")


def test_tests_are_ranked_on_demand(ask: Callable[..., str]) -> None:
    (row,) = ask("--flakiest", "--tests").splitlines()[1:]
    assert row.split() == ["t::unsteady", "14", "30", "48%", ".F...F...F...F...F.."]
    rows = [line.split()[0] for line in ask("--slowest", "--tests").splitlines()]
    assert rows == ["test", "t::unsteady", "t::steady"]
    (slow,) = json.loads(ask("--regressions", "--tests", "--json"))
    assert (slow["check"], slow["test"], slow["now"]) == ("p/flips", "t::unsteady", 3.0)
    assert ask("t::unsteady").startswith("t::unsteady\n")
    with pytest.raises(click.UsageError, match="--tests ranks"):
        ask("--tests")


def test_tests_of_several_checks_stand_with_theirs(capsys: pytest.CaptureFixture[str]) -> None:
    slow = slowest({("p/a", "t::one"): [end(seconds=2.0)], ("p/b", "t::one"): [end()]})
    history_views.SHOW["slowest"](slow)
    assert [line.split()[:2] for line in capsys.readouterr().out.splitlines()[1:]] == [
        ["a", "t::one"],
        ["b", "t::one"],
    ]


@pytest.mark.parametrize(
    ("arguments", "keys"),
    [
        ((), {"run", "conclusion", "interrupted", "checks", "seconds"}),
        (("flips",), {"run", "check", "status", "seconds", "reused", "commit"}),
        (("--flakiest",), {"check", "flips", "runs", "share", "last"}),
        (("--slowest",), {"check", "seconds", "longest", "share", "runs"}),
        (("--regressions",), {"check", "before", "now", "spread", "earlier_runs", "recent_runs"}),
    ],
)
def test_machines_get_the_same_as_a_list(
    ask: Callable[..., str], arguments: tuple[str, ...], keys: set[str]
) -> None:
    rows = json.loads(ask(*arguments, "--json"))
    assert rows
    assert keys <= rows[0].keys()


def test_bars_and_ellipses_are_ascii_where_there_is_nothing_else(
    ask: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.cli.history_views.can_print", lambda text: text.isascii())
    monkeypatch.setattr(table, "can_print", lambda text: text.isascii())
    for arguments in (("--slowest",), ("flips",)):
        assert ask(*arguments, columns=60).isascii()


def test_spare_columns_go_before_flexible_ones_give_way() -> None:
    columns = [
        Column(head="name", flexible=True),
        Column(head="note", spare=True),
        Column(head="n", right=True),
    ]
    rows = [["a-name-of-some-length", "remark", "7"], ["b", "", "12"]]
    assert list(lines(columns, rows, None))[1] == "a-name-of-some-length  remark   7"
    assert list(lines(columns, rows, 26)) == [
        "name                    n", "a-name-of-some-length   7", "b                      12",
    ]  # fmt: skip
    assert list(lines(columns, rows, 16))[1] == "a-n…e-length   7"


def test_rankings_of_nothing_are_empty() -> None:
    assert flakiest({("a", ""): [end()]}) == []
    assert slowest({("a", ""): [end(Status.FAILED)]}) == []
    assert regressions({("a", ""): [1.0]}) == []
    assert spread([2.0]) == 0.0


def test_the_steepest_regression_stands_first() -> None:
    slowing = {"a": [1.0] * 8 + [2.0] * 3, "b": [10.0] * 8 + [90.0] * 3, "c": [1.0] * 11}
    found = regressions({(name, ""): took for name, took in slowing.items()})
    assert [one.check for one in found] == ["b", "a"]


def test_the_check_that_took_longest_so_far_starts_first(tmp_path: Path) -> None:
    project = make_project(tmp_path, "".join(check(name, "true") for name in ("a", "b", "c")))
    taken = {"p/a": 1.0, "p/b": 90.0, "p/c": 5.0}
    with History(tmp_path / HISTORY) as file:
        first = thirty_runs()[0]
        file.add(
            PastRun(
                **{
                    name: getattr(first, name)
                    for name in first.__struct_fields__
                    if name != "checks"
                },
                checks={name: end(seconds=seconds) for name, seconds in taken.items()},
            )
        )
    assert project.run("verify", "--jobs=1").code == 0
    events = read_journal(list_runs(tmp_path / "reports")[-1].journal).events
    order = [event.check for event in events if isinstance(event, CheckStarted)]
    assert order == ["p/b", "p/c", "p/a"]
