"""`report diff`: what changed between two recorded runs, read from their journals alone."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.workspace import Workspace
from harness.errors import EvidenceError, ExitCode
from harness.model.history import Change

if TYPE_CHECKING:
    from harness.model.history import Comparison, PastRun

_SHOWN = 20


@click.command(name="diff")
@click.argument("runs", metavar="[A] [B]", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="List every difference, however many.")
@click.option(
    "--output", type=click.Path(file_okay=False), help="Folder of run folders, as for verify."
)
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
@click.pass_obj
def command(
    root: str | None, runs: tuple[str, ...], everything: bool, output: str | None, as_json: bool
) -> int:
    """Say what changed from run A to run B: checks and tests.

    A and B are run ids, beginnings of ids, folders, or `latest`. With B left off it is the latest
    run; with both, the last two are compared. The exit code is 0 whatever changed.

    \b
    Examples:
      release-manager report diff
      release-manager report diff 20261123T07 latest
      release-manager report diff --json | jq .counts
    """
    from harness.compare import compare

    base, run = _two(root, runs, output)
    comparison = compare(base, run)
    if as_json:
        import msgspec

        told = {"run": run.run_id, "run_conclusion": run.conclusion, "comparison": comparison}
        sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
        return ExitCode.APPROVED
    click.echo(f"from  {base.run_id}  {base.conclusion.value}")
    click.echo(f"to    {run.run_id}  {run.conclusion.value}")
    if base.selection != run.selection or base.profile != run.profile:
        click.echo("note  the runs had not the same selection or profile")
    _print(comparison, None if everything else _SHOWN)
    return ExitCode.APPROVED


def _two(root: str | None, names: tuple[str, ...], output: str | None) -> tuple[PastRun, PastRun]:
    from harness.cli.replay import replay
    from harness.compare import past
    from harness.record.folder import LATEST, RunFolder, find_run, list_runs

    if len(names) > 2:
        raise click.UsageError("two runs at most can be compared")

    def remembered(folder: RunFolder) -> PastRun:
        replayed = replay(folder)
        return past(replayed.run, replayed.verdict.conclusion)

    if output is not None:
        reports = Path(output).resolve()
    elif names and all((Path(name) / "journal.jsonl").exists() for name in (*names, names[-1])):
        reports = Path(names[0]).resolve().parent
    else:
        reports = Workspace.find(root).reports
    if names:
        wanted = (*names, LATEST)[:2]
        first, second = (find_run(reports, name) for name in wanted)
        return remembered(first), remembered(second)
    found = list_runs(reports)[-2:]
    if len(found) < 2:
        raise EvidenceError(
            f"{reports}: not two runs yet", next_step="run `release-manager verify` again"
        )
    return remembered(found[0]), remembered(found[1])


def _print(comparison: Comparison, limit: int | None) -> None:
    if not comparison.changes:
        click.echo("nothing changed")
    for change in Change:
        count = comparison.counts.get(change, 0)
        if not count:
            continue
        click.echo(f"\n{change.value.replace('-', ' ')} ({count:,})")
        group = [one for one in comparison.changes if one.change is change]
        for one in group[:limit]:
            name = f"{one.check}  {one.test}" if one.test else one.check
            click.echo(f"  {name}  ({one.text})")
        if limit is not None and count > limit:
            click.echo(f"  and {count - limit:,} more; --all lists them")
