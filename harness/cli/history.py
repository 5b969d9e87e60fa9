"""`history`: what earlier runs say: recent runs, one check's line, the flaky, slow and slowing."""

from __future__ import annotations

import sys
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any

import click

from harness.cli.display import duration_text
from harness.cli.workspace import Workspace
from harness.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from harness.record.history import History

_WINDOW = 100
_MARK = {
    "passed": ".",
    "failed": "F",
    "flaky": "~",
    "errored": "E",
    "precluded": "-",
    "skipped": "s",
}


@click.command(name="history")
@click.argument("check", required=False)
@click.option("--flakiest", "view", flag_value="flakiest", help="Checks by their share of flips.")
@click.option("--slowest", "view", flag_value="slowest", help="Checks by their median duration.")
@click.option(
    "--regressions",
    "view",
    flag_value="regressions",
    help="Checks that got slower for good: median of the last 3 executed passes against the 10"
    " before, beyond three times their spread (1.4826 MAD).",
)
@click.option(
    "-n", "--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="Rows."
)
@click.option("--json", "as_json", is_flag=True, help="Print rows as JSON.")
@click.pass_obj
def command(
    root: str | None, check: str | None, view: str | None, limit: int, as_json: bool
) -> int:
    """Show recent runs, or how one check or test ended in each of them.

    CHECK is a check's id, its end (unit-tests), or a test's id. Marks: `.` passed, F failed,
    E errored, ~ flaky, - precluded, s skipped.

    \b
    Examples:
      release-manager history
      release-manager history v7-1/unit-tests
      release-manager history --regressions
    """
    from harness.cli.memory import open_history

    if check and view:
        raise click.UsageError("name a check, or ask for a ranking, not both")
    workspace = Workspace.find(root)
    with open_history(workspace.root, workspace.reports) as history:
        if history.set_aside:
            click.echo(f"the damaged history was set aside as {history.set_aside}", err=True)
        rows = _check(history, check, limit) if check else _VIEWS[view or "runs"](history, limit)
        empty = not history.runs(1)
    if as_json:
        import msgspec

        sys.stdout.write(msgspec.json.encode(rows).decode() + "\n")
    elif empty:
        click.echo("no run yet; `release-manager verify` writes the first")
    elif not rows:
        click.echo("nothing to show: no check has enough runs, or none stands out")
    else:
        if check:
            click.echo("".join(_MARK[row["status"]] for row in reversed(rows)) + "  newest last")
        _table(rows)
    return ExitCode.APPROVED


def _check(history: History, name: str, limit: int) -> list[dict[str, Any]]:
    found = history.names(name)
    if len(found) > 1 and name not in found:
        raise UsageError(f"{name!r} names {len(found)} checks", next_step=f"say {', '.join(found)}")
    line = history.line(found[0] if len(found) == 1 else name, limit)
    if not line and history.runs(1):
        raise UsageError(
            f"no run had a check or test {name!r}", next_step="`release-manager plan` lists checks"
        )
    return [
        {
            "run": mark.run_id,
            "started_at": when,
            "check": check,
            "status": mark.status.value,
            "seconds": mark.seconds,
            "reused": mark.reused,
        }
        for check, when, mark in line
    ]


def _runs(history: History, limit: int) -> list[dict[str, Any]]:
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
        }
        for run in history.runs(limit)
    ]


def _flakiest(history: History, limit: int) -> list[dict[str, Any]]:
    """By flips: ends that were flaky or differ from the one before, over all ends but the first."""
    rows: list[dict[str, Any]] = []
    for name, ends in history.ends(_WINDOW).items():
        flips = sum(
            after.status.value == "flaky" or after.status is not before.status
            for before, after in pairwise(ends)
        )
        if flips:
            share = round(flips / (len(ends) - 1), 4)
            rows.append({"check": name, "flips": flips, "runs": len(ends), "share": share})
    rows.sort(key=lambda row: (-row["share"], row["check"]))
    return rows[:limit]


def _slowest(history: History, limit: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [
        {"check": name, "seconds": median(took), "longest": max(took), "runs": len(took)}
        for name, took in _passes(history).items()
    ]
    rows.sort(key=lambda row: (-row["seconds"], row["check"]))
    return rows[:limit]


def _regressions(history: History, limit: int) -> list[dict[str, Any]]:
    import msgspec

    from harness.compare import regression

    found = [
        one
        for name, took in _passes(history).items()
        if (one := regression(name, took)) is not None
    ]
    found.sort(key=lambda one: one.before - one.now)
    return [msgspec.structs.asdict(one) for one in found[:limit]]


def _passes(history: History) -> dict[str, list[float]]:
    """Seconds of executed passes by check, oldest first."""
    passes = {
        name: [
            end.seconds for end in ends if end.status.value == "passed" and end.seconds is not None
        ]
        for name, ends in history.ends(_WINDOW).items()
    }
    return {name: took for name, took in passes.items() if took}


_VIEWS = {
    "runs": _runs,
    "flakiest": _flakiest,
    "slowest": _slowest,
    "regressions": _regressions,
}
_DURATIONS = frozenset({"seconds", "longest", "before", "now", "spread"})


def _table(rows: list[dict[str, Any]]) -> None:
    heads = list(rows[0])
    cells = [[_cell(name, row[name]) for name in heads] for row in rows]
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    for line in (heads, *cells):
        said = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo(
            "  ".join(said).rstrip().replace("_", " ")
            if line is heads
            else "  ".join(said).rstrip()
        )


def _cell(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return ""
    if name in _DURATIONS and isinstance(value, float):
        return duration_text(value)
    return str(value)
