"""The end of the story on a terminal: the verdict, why, and where to read on."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from harness.cli.display import duration_text
from harness.cli.streams import for_commands
from harness.judge.words import one
from harness.model.history import Change
from harness.model.result import Conclusion, Override, Status
from harness.model.spec import Effect
from harness.report import github
from harness.report.difference import Group, groups, headline, named, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.cli.replay import Replayed
    from harness.model.history import Comparison
    from harness.record.folder import RunFolder

COLOURS = {
    Conclusion.APPROVED: "green",
    Conclusion.BLOCKED: "red",
    Conclusion.INCOMPLETE: "yellow",
}
_MOST_REASONS = 12
_MOST_NEW = 10
_MOST_NAMES = 60
_MOST_OTHERS = 4
_MOST_TESTS = 3
_ORDER = (
    Status.PASSED,
    Status.FAILED,
    Status.FLAKY,
    Status.ERRORED,
    Status.PRECLUDED,
    Status.SKIPPED,
)


def print_summary(replayed: Replayed, folder: RunFolder, *, as_json: bool) -> None:
    """Print the verdict; with `as_json`, as one more line of JSON."""
    verdict = replayed.verdict
    if as_json:
        sys.stdout.write(
            msgspec.json.encode(
                {"event": "verdict", "run": folder.run_id, "verdict": verdict}
            ).decode()
            + "\n"
        )
        return
    run = replayed.run
    counts = dict.fromkeys(_ORDER, 0)
    tests = failed_tests = 0
    for result in run.results:
        counts[result.status] += 1
        tests += len(result.tests)
        failed_tests += sum(test.status in {Status.FAILED, Status.ERRORED} for test in result.tests)
    click.echo()
    word = click.style(verdict.conclusion.value, fg=COLOURS[verdict.conclusion], bold=True)
    click.echo(f"{word}  {run.header.plan.project}, judged by profile {verdict.profile!r}")
    said = ", ".join(f"{counts[status]} {status.value}" for status in _ORDER if counts[status])
    if run.header.plan.deselected:
        said = ", ".join(filter(None, [said, f"{len(run.header.plan.deselected):,} not selected"]))
    _line("checks", said or "none")
    if tests:
        _line("tests", f"{tests - failed_tests} of {tests} passed")
    _line("took", duration_text(run.duration))
    shown = [reason for reason in verdict.reasons if reason.effect is not Effect.IGNORE]
    for reason in shown[:_MOST_REASONS]:
        _line(reason.effect.value, reason.text)
    if len(shown) > _MOST_REASONS:
        _line("", f"and {len(shown) - _MOST_REASONS} more reasons; the report has them all")
    today = run.header.started_at[:10]
    for result in run.results:
        for given in result.check.overrides:
            _override(result.check.id, given, today)
    checks = replayed.view.checks().values()
    failed = [check for check in checks if check.status in {Status.FAILED, Status.ERRORED}]
    for check in failed[:_MOST_REASONS]:
        _line("again", check.reproduce)
    if len(failed) > _MOST_REASONS:
        _line("again", f"release-manager verify --last-failed, all {len(failed):,} of them")
    if run.interrupted or not run.finished:
        _line("go on", f"release-manager verify --resume={folder.run_id}")
    if replayed.view.comparison is not None:
        for name, text in _since(folder.run_id, replayed.view.comparison):
            _line(name, text)
    _line("report", near(folder.path / "report.html"))
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for annotation in github.annotations(replayed.view):
            click.echo(annotation, file=for_commands())


def _since(run: str, found: Comparison) -> Iterator[tuple[str, str]]:
    """What changed since the last run, gravest first; no count stands for a new failure's name."""
    yield "since", f"{found.base}, {found.conclusion.value}: {headline(found)}"
    whole = True
    for group in groups(found):
        is_new = group.change is Change.NEW_FAILURE
        yield from _newly_failing(group) if is_new else _others(group)
        shown = _MOST_NEW if is_new else _MOST_OTHERS
        whole = whole and len(group.entries) <= shown and not group.unnamed
        whole = whole and all(len(entry.tests) <= _MOST_TESTS for entry in group.entries)
    if not whole:
        yield "", f"release-manager report diff {found.base} {run} --all"


def _newly_failing(group: Group) -> Iterator[tuple[str, str]]:
    """A line each with the tests, then the rest by name."""
    for entry in group.entries[:_MOST_NEW]:
        tests = named(entry.tests, _MOST_TESTS, "test")
        yield word(group.change), f"{entry.check}: {entry.text}{tests and f' ({tests})'}"
    if rest := [entry.check for entry in group.entries[_MOST_NEW:]]:
        yield word(group.change), named(rest, _MOST_NAMES, "check")


def _others(group: Group) -> Iterator[tuple[str, str]]:
    """One line for all of them."""
    checks = [
        f"{entry.check} ({entry.text})" if group.change is Change.SLOWER else entry.check
        for entry in group.entries
    ]
    if checks:
        yield word(group.change), named(checks, _MOST_OTHERS, "check")


def _override(check: str, given: Override, today: str) -> None:
    """One override that stands in the run, needed or not; none is hidden in a count."""
    over = "" if given.in_force(today) else " (over, lifts nothing)"
    what = f"{one(given.test)} of {check}" if given.test else check
    if given.released:
        over = f" ({given.release_after} clean passes: released; remove the entry)"
    _line(
        given.kind.value,
        f"{what} until {one(given.expires) or 'no date'}{over} by {one(given.owner)}"
        f" ({one(given.issue)}): {one(given.reason)}",
    )


def _line(label: str, text: str) -> None:
    click.echo(f"  {label:<14}{text}")


def near(path: Path) -> str:
    """The path as a person here would type it."""
    try:
        relative = os.path.relpath(path)
    except ValueError:
        return str(path)
    return str(path) if relative.startswith("..") else relative
