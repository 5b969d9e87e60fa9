"""`history`: what earlier runs say: recent runs, one check's line, the flaky, slow and slowing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from harness.cli.workspace import Workspace
from harness.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from harness.record.history import History

_WINDOW = 100
_WINDOW_OF_TESTS = 30


@click.command(name="history")
@click.argument("check", required=False)
@click.option("--flakiest", "view", flag_value="flakiest", help="Checks by their share of flips.")
@click.option("--slowest", "view", flag_value="slowest", help="Checks by their median duration.")
@click.option(
    "--regressions",
    "view",
    flag_value="regressions",
    help="Checks that got slower for good: median of the last 3 executed passes against the 10"
    " before, beyond three times their spread (1.4826 MAD), a tenth and 50 ms.",
)
@click.option("--tests", is_flag=True, help="Rank tests instead of checks.")
@click.option(
    "-n", "--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="Rows."
)
@click.option("--json", "as_json", is_flag=True, help="Print the rows as a JSON list.")
@click.pass_obj
def command(
    root: str | None,
    /,
    check: str | None,
    view: str | None,
    tests: bool,
    limit: int,
    as_json: bool,
) -> int:
    """Show recent runs, or how one check or test ended in each of them.

    CHECK is a check's id, its end (unit-tests), or a test's id. Marks: `.` passed, F failed,
    E errored, ~ flaky, - precluded, s skipped. Rankings look at the newest 100 runs,
    those of tests at the newest 30.

    \b
    Examples:
      release-manager history
      release-manager history v7-1/unit-tests
      release-manager history --regressions
      release-manager history --flakiest --tests
      release-manager history --json | jq '.[0].conclusion'
    """
    from harness.cli import history_views as views
    from harness.cli.memory import open_history

    if check and view:
        raise click.UsageError("name a check, or ask for a ranking, not both")
    if tests and not view:
        raise click.UsageError("--tests ranks: say --flakiest, --slowest or --regressions, too")
    workspace = Workspace.find(root)
    with open_history(workspace.root, workspace.reports) as history:
        rows: list[Any] = (
            _line(history, check, limit)
            if check
            else _rows(history, view or "runs", limit, tests=tests)
        )
        has_runs = bool(history.runs(1))
        if history.set_aside:
            click.echo(f"the damaged history was set aside as {history.set_aside}", err=True)
    if as_json:
        import msgspec

        sys.stdout.write(msgspec.json.encode(rows).decode() + "\n")
    elif not has_runs:
        click.echo("no run yet; `release-manager verify` writes the first")
    elif not rows:
        click.echo(views.NOTHING[view or "runs"])
    else:
        views.SHOW["line" if check else view or "runs"](rows)
    return ExitCode.APPROVED


def _line(history: History, name: str, limit: int) -> list[dict[str, Any]]:
    """The ends of one check or test, newest first. Raises `UsageError` when no run had it."""
    found = history.names(name)
    if len(found) > 1 and name not in found:
        raise UsageError(f"{name!r} names {len(found)} checks", next_step=f"say {', '.join(found)}")
    if not found:
        test = name
    else:
        test, name = "", found[0] if len(found) == 1 else name
    line = history.line(name, limit)
    if not line and history.runs(1):
        raise UsageError(f"no run had a check or test {name!r}", next_step=_near(history, name))
    return [
        {
            "run": mark.run_id,
            "started_at": run.started_at,
            "check": check,
            "test": test,
            "status": mark.status.value,
            "seconds": mark.seconds,
            "reused": mark.reused,
            "commit": run.commit[:12],
        }
        for check, run, mark in line
    ]


def _near(history: History, name: str) -> str:
    import difflib

    known = history.all_names()
    ends = {one.partition("/")[2]: one for one in known}
    near = difflib.get_close_matches(name, [*known, *ends], n=1)
    if near:
        return f"nearest is {ends.get(near[0], near[0])!r}"
    return "`release-manager history --slowest` lists the checks there are"


def _rows(history: History, view: str, limit: int, *, tests: bool) -> list[Any]:
    from harness.compare import flakiest, passes, regressions, slowest

    if view == "runs":
        return _runs(history, limit)
    if tests:
        ends = history.test_ends(_WINDOW_OF_TESTS, only_unsteady=view == "flakiest")
    else:
        ends = history.ends(_WINDOW)
    match view:
        case "flakiest":
            return flakiest(ends)[:limit]
        case "slowest":
            return slowest(ends)[:limit]
        case _:
            return regressions(passes(ends))[:limit]


def _runs(history: History, limit: int) -> list[dict[str, Any]]:
    counts = history.counts(limit)
    return [
        {
            "run": run.run_id,
            "started_at": run.started_at,
            "conclusion": run.conclusion.value,
            "complete": run.complete,
            "interrupted": run.interrupted,
            "seconds": run.seconds,
            "profile": run.profile,
            "selection": run.selection,
            "commit": run.commit[:12],
            "checks": counts.get(run.run_id, {}),
        }
        for run in history.runs(limit)
    ]
