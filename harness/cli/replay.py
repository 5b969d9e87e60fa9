"""From a run folder's journal to its run, verdict and reports; the only way reports are made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from harness.cli.workspace import template_cache
from harness.errors import EvidenceError, ExitCode
from harness.judge import judge
from harness.model.event import Noted
from harness.model.result import Conclusion, Verdict
from harness.model.run import NoHeaderError, Run, fold
from harness.record.folder import RunFolder
from harness.record.journal import read_journal
from harness.record.kept import read_attachments
from harness.report import render_all, wanted
from harness.report.shape import View
from harness.report.view import build


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """A run read back from its journal, judged, and ready to be rendered."""

    run: Run
    verdict: Verdict
    view: View
    folder: Path | None = None
    """Where its attachments are; None when there is nothing but the events."""

    def render(self, templates: Mapping[str, str]) -> dict[str, bytes]:
        """Every report, by file name; the same journal always gives the same bytes.

        The page shows attachments too, as far as they are what the journal says they were.
        """
        files = read_attachments(self.folder, wanted(self.view)) if self.folder else {}
        return render_all(self.view, templates, files=files, bytecode_cache=template_cache())


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """A run that ended, recorded and judged; `code` is what `verify` exits with."""

    code: ExitCode
    replayed: Replayed
    folder: RunFolder


def replay(folder: RunFolder) -> Replayed:
    """Read, fold and judge a run. Raises `EvidenceError` for a journal that proves nothing."""
    journal = read_journal(folder.journal)
    events = list(journal.events)
    if journal.torn:
        events.append(Noted(at=events[-1].at, text=journal.torn))
    try:
        run = fold(events)
    except NoHeaderError as error:
        raise EvidenceError(
            f"{folder.journal}:1: {error}", next_step="the run proves nothing; verify again"
        ) from error
    verdict = judge(run)
    return Replayed(run=run, verdict=verdict, view=build(run, verdict), folder=folder.path)


def exit_code_of(conclusion: Conclusion) -> ExitCode:
    """The exit code that says a verdict."""
    match conclusion:
        case Conclusion.APPROVED:
            return ExitCode.APPROVED
        case Conclusion.BLOCKED:
            return ExitCode.BLOCKED
        case Conclusion.INCOMPLETE:
            return ExitCode.INCOMPLETE
