"""`report diff`: what changed between two recorded runs, read from their journals alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.table import shortened, width
from harness.cli.workspace import Workspace
from harness.errors import EvidenceError, ExitCode, UsageError
from harness.report.clean import comparison as cleaned
from harness.report.difference import headline, named, word
from harness.report.text import plain

if TYPE_CHECKING:
    from harness.model.history import Changed, Comparison, PastRun

_CHECKS = 20
_TESTS = 5
_NAMED = 5
_COLOURS = {
    "new-failure": "red",
    "still-failing": "red",
    "flaky": "yellow",
    "slower": "yellow",
    "fixed": "green",
}


@click.command(name="diff")
@click.argument("runs", metavar="[A] [B]", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="List every difference, however many.")
@click.option(
    "--output", type=click.Path(file_okay=False), help="Folder of run folders, as for verify."
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print it as JSON: base, run, comparison (changes and counts), and what one left out.",
)
@click.pass_obj
def command(
    root: str | None, /, runs: tuple[str, ...], everything: bool, output: str | None, as_json: bool
) -> int:
    """Say what changed from run A to run B: checks and tests, gravest first.

    A and B are run ids, beginnings of ids, folders, or `latest`. With B left off it is the latest
    run; with both, the last two are compared. A check that only one of them selected is named as
    that, neither as gone nor as added. The exit code is 0 whatever changed, 2 for runs that cannot
    be told apart, 6 for a run that is not there or proves nothing.

    \b
    Examples:
      release-manager report diff
      release-manager report diff 20261123T07 latest
      release-manager report diff --json | jq .comparison.counts
    """
    from harness.compare import compare

    base, run = _two(root, runs, output)
    if base.run_id == run.run_id:
        raise UsageError(
            f"{base.run_id} is both runs, and a run does not differ from itself",
            next_step="name an earlier one; `release-manager history` lists them",
        )
    comparison = compare(base, run)
    clean = cleaned(comparison) or comparison
    if as_json:
        import msgspec

        told = {
            "base": _identity(base),
            "run": _identity(run),
            "only_in_base": _only_in(base, run),
            "only_in_run": _only_in(run, base),
            "comparison": comparison,
        }
        sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
        return ExitCode.APPROVED
    for line in _heading(base, run, clean):
        click.echo(line)
    for line in _listing(clean, whole=everything):
        click.echo(line)
    return ExitCode.APPROVED


def _identity(run: PastRun) -> dict[str, Any]:
    names = ("run_id", "started_at", "conclusion", "project", "selection", "profile", "commit")
    return {name: getattr(run, name) for name in names}


def _only_in(one: PastRun, other: PastRun) -> list[str]:
    """The checks of a run that nobody asked for in the other."""
    return [name for name in other.deselected if name in one.checks]


def _heading(base: PastRun, run: PastRun, comparison: Comparison) -> Iterator[str]:
    """Which runs, how many differences, and what is no difference between them."""
    for label, one in (("from", base), ("to", run)):
        yield f"{label:<6}{one.run_id}  {one.conclusion.value:<10}  {plain(one.selection)}"
    for what in ("project", "profile"):
        before, after = getattr(base, what), getattr(run, what)
        if before != after:
            yield f"note  not the same {what}: {plain(before)}, then {plain(after)}"
    for one, other, which in ((base, run, "first"), (run, base, "second")):
        if only := _only_in(one, other):
            yield f"note  selected in the {which} run only: {named(only, _NAMED, 'check')}"
    yield f"\n{headline(comparison)}"


def _listing(comparison: Comparison, *, whole: bool) -> Iterator[str]:
    """Each kind of change with its checks, and below each the tests of it that changed so."""
    groups: dict[str, dict[str, list[Changed]]] = {}
    for one in comparison.changes:
        groups.setdefault(one.change, {}).setdefault(one.check, []).append(one)
    for change, checks in groups.items():
        first = next(iter(checks.values()))[0].change
        yield "\n" + click.style(word(first), fg=_COLOURS.get(change), bold=True)
        shown = list(checks.items())[: None if whole else _CHECKS]
        for check, changes in shown:
            own = [one.text for one in changes if not one.test]
            yield _row(check, own[0] if own else "", indent=2)
            tests = [one for one in changes if one.test]
            for one in tests[: None if whole else _TESTS]:
                yield _row(one.test, one.text, indent=4)
            if not whole and len(tests) > _TESTS:
                yield f"    and {len(tests) - _TESTS:,} more tests; --all lists them"
        if len(checks) > len(shown):
            yield f"  and {len(checks) - len(shown):,} more checks; --all lists them"


def _row(name: str, text: str, *, indent: int) -> str:
    """A name and what happened to it; the name gives way where the terminal is narrow."""
    room = width()
    most = len(name) if room is None else max(20, room - indent - len(text) - 2)
    return " " * indent + "  ".join(filter(None, [shortened(name, most), text]))


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
