"""The end of the story on a terminal: the verdict, why, and where to read on."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from harness.cli.display import duration_text
from harness.judge.observe import in_force, one
from harness.model.result import Conclusion, Override, Status
from harness.model.spec import Effect
from harness.report import github

if TYPE_CHECKING:
    from harness.cli.replay import Replayed
    from harness.record.folder import RunFolder

_COLOURS = {
    Conclusion.APPROVED: "green",
    Conclusion.BLOCKED: "red",
    Conclusion.INCOMPLETE: "yellow",
}
_MOST_REASONS = 12
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
    word = click.style(verdict.conclusion.value, fg=_COLOURS[verdict.conclusion], bold=True)
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
        if result.override is not None:
            _override(result.check.id, result.override, today)
    for result in run.results:
        if result.status in {Status.FAILED, Status.ERRORED}:
            _line("again", f"release-manager verify {result.check.id}")
    _line("report", _near(folder.path / "report.html"))
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for annotation in github.annotations(replayed.view):
            click.echo(annotation)


def _override(check: str, given: Override, today: str) -> None:
    """One override that stands in the run, needed or not; none is hidden in a count."""
    over = "" if in_force(given, today) else " (over, lifts nothing)"
    if given.released:
        over = f" ({given.release_after} clean passes: released; remove the entry)"
    _line(
        given.kind.value,
        f"{check} until {one(given.expires) or 'no date'}{over} by {one(given.owner)}"
        f" ({one(given.issue)}): {one(given.reason)}",
    )


def _line(label: str, text: str) -> None:
    click.echo(f"  {label:<12}{text}")


def _near(path: Path) -> str:
    """The path as a person here would type it."""
    try:
        relative = os.path.relpath(path)
    except ValueError:
        return str(path)
    return str(path) if relative.startswith("..") else relative
