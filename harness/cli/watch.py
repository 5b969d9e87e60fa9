"""`verify --watch`: a round for every change, until somebody ends it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.display import duration_text, plural
from harness.cli.replay import Ended
from harness.cli.selecting import plan_for
from harness.cli.summary import COLOURS, near, print_summary
from harness.errors import ExitCode, HarnessError, UsageError
from harness.judge.observe import believed
from harness.judge.words import one
from harness.model.result import Conclusion
from harness.plan.rounds import OwnWrites, Pending, to_run
from harness.plan.selection import Narrowed
from harness.record.changes import ProjectChanges
from harness.report.sections import tally
from harness.system.notify import changes_in

if TYPE_CHECKING:
    from harness.cli.workspace import Workspace

_SHOWN = 3


Once = Callable[[dict[str, Any], Callable[[Ended], None], tuple[Narrowed, ...]], Ended | None]
"""Runs, judges and tells what options select, narrowed; None when they leave nothing to run."""


def watch(workspace: Workspace, reports: Path, options: Mapping[str, Any], once: Once) -> int:
    """Verify now and whenever files change; the exit code is that of the last round.

    Ctrl-C ends it: while it waits, with that code; during a round, as that ends any run. Broken
    definition files, and a machine that refuses, are told and waited out. Raises `UsageError` for
    options that select nothing from the beginning.
    """
    return _Session(workspace, reports, dict(options), once).run()


class _Session:
    """The rounds of one command."""

    def __init__(
        self, workspace: Workspace, reports: Path, options: dict[str, Any], once: Once
    ) -> None:
        self._workspace = workspace
        self._options = options
        self._once = once
        own = None if reports == workspace.reports else reports
        self._files = ProjectChanges(workspace.root, without=own)
        self._writes = OwnWrites()
        self._pending = Pending()
        self._number = 0
        self._checks = 0
        self._code: int = ExitCode.INTERRUPTED
        self._verdict: int = ExitCode.APPROVED
        # What no verdict answers for yet; None while there was none at all.
        self._changed: set[str] | None = None
        self._bare = bool(options["as_json"] or options["plain"])

    def run(self) -> int:
        """Go on until Ctrl-C."""
        try:
            while True:
                self._round()
                if self._code == ExitCode.INTERRUPTED:
                    return self._code
                self._wait()
        except KeyboardInterrupt:
            return self._code

    def _round(self) -> None:
        """Verify; without a verdict the changes are left to the next round."""
        self._code = ExitCode.INTERRUPTED  # what Ctrl-C gives while there is no answer
        self._begin()
        try:
            ended = self._verify()
        except HarnessError as error:
            if self._changed is None and isinstance(error, UsageError):
                raise
            self._code = error.exit_code
            _say(str(error))
            self._line(f"{error.what} (exit {int(error.exit_code)})", "NO VERDICT")
            return
        if ended is None:
            # Nothing depends on what changed, so the last verdict stands.
            self._code = self._verdict
            _say("no check depends on what changed")
        else:
            results = ended.replayed.run.results
            self._pending.take((result.check.id, believed(result)[0]) for result in results)
        self._changed = set()

    def _verify(self) -> Ended | None:
        if self._changed is None:
            return self._once(self._options, self._tell, ())
        # These narrow a command once; from then on the changes do.
        options = {**self._options, "last_failed": False, "affected": None}
        plan = plan_for(self._workspace, options)
        self._checks = len(plan.checks)
        narrowed = to_run(plan, self._changed, self._pending.ids)
        return self._once(options, self._tell, (narrowed,)) if narrowed.reasons else None

    def _wait(self) -> None:
        """Return when something changed that is nobody's but a person's."""
        edits, own = self._writes.during(self._files.take())
        for path in own:
            _say(
                f"{one(path)} changed in each of the last rounds, so a check writes it: what it"
                " becomes during a round no longer counts; have git ignore it"
            )
        edits = edits or self._next_edits()
        if self._changed is not None:
            self._changed |= edits

    def _next_edits(self) -> set[str]:
        _say("waiting for changes; Ctrl-C ends")
        while True:
            for touched in changes_in(self._files.folders()):
                if edits := self._files.take():
                    self._writes.between(edits)
                    return edits
                if any(Path(path).is_dir() for path in touched):
                    break  # perhaps a new folder: files may appear in it, too

    def _begin(self) -> None:
        self._number += 1
        if self._number > 1 and not self._bare and _is_terminal():
            click.clear()
        if self._changed:
            names = ", ".join(one(path) for path in sorted(self._changed)[:_SHOWN])
            rest = len(self._changed) - _SHOWN
            more = f" and {plural(rest, 'more file')}" if rest > 0 else ""
            _say(f"round {self._number}: changed: {names}{more}")

    def _tell(self, ended: Ended) -> None:
        """The verdict in one line, with its first reason and where the rest stands."""
        self._code = self._verdict = ended.code  # from now on this is what Ctrl-C gives
        if self._options["as_json"]:
            print_summary(ended.replayed, ended.folder, as_json=True)
            return
        view = ended.replayed.view
        said = tally(view.counts.checks)
        untouched = self._checks - view.counts.checks.total
        if untouched > 0:
            said += f", {untouched:,} untouched"
        parts = [f"{said} in {duration_text(view.run.duration)}"]
        if view.verdict.conclusion is not Conclusion.APPROVED:
            parts += [reason.text for reason in view.verdict.reasons[:1]]
        parts.append(near(ended.folder.path / "report.html"))
        word = view.verdict.conclusion
        self._line("; ".join(parts), word.value, COLOURS[word])

    def _line(self, text: str, word: str, colour: str = "magenta") -> None:
        if not self._options["as_json"]:
            now = time.strftime("%H:%M:%S")
            shown = click.style(word, fg=colour, bold=True)
            click.echo(f"[{now}] round {self._number} {shown}: {text}")


def _is_terminal() -> bool:
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def _say(text: str) -> None:
    """Tell a person, apart from the verdicts."""
    click.echo(text, err=True)
