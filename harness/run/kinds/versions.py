"""`versions`: has every stated version, and on demand every running one, compared with the source.

The comparison is `release-manager versions check` itself, run as a child; its rows become findings.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from harness.model.base import Entry
from harness.model.ports import CheckContext, Command, Completed
from harness.model.result import Finding, Outcome, Status
from harness.run.kinds.ending import broken_off, how_it_ended, read_output, with_last_line


class VersionsOptions(Entry, frozen=True):
    """Compares every place that states the version."""

    observed: Annotated[
        bool, Meta(description="Ask what is built, too: programs, libraries, services.")
    ] = False


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    where: str = ""
    declared: str = ""
    found: str = ""
    ok: bool
    message: str = ""
    file: str = ""
    line: int = 0


class _Comparison(msgspec.Struct, frozen=True, kw_only=True):
    agree: bool
    rows: list[_Row]


class VersionsKind:
    """Runs the comparison in a child and believes it only when it accounts for itself."""

    name = "versions"
    summary = "compares every declared, and on demand every observed, version"
    options = VersionsOptions
    needs_work = False

    def prepare(self, options: VersionsOptions, context: CheckContext) -> Command:
        """`release-manager versions check --format json`."""
        argv = [
            context.python, "-m", "harness", "--root", str(context.root),
            "versions", "check", "--format", "json",
        ]  # fmt: skip
        if options.observed:
            argv.append("--observed")
        return Command(argv=tuple(argv))

    def conclude(
        self, options: VersionsOptions, context: CheckContext, completed: Completed
    ) -> Outcome:
        """A pass says how many places agree; a failure names each place that does not."""
        del options, context
        bad = broken_off(completed)
        if bad is not None:
            return bad
        text = read_output(completed)
        # Anything that was printed on the way stands before the one line of JSON.
        lines = [line for line in text.splitlines() if line.startswith("{")]
        try:
            comparison = msgspec.json.decode(lines[-1] if lines else text, type=_Comparison)
        except msgspec.MsgspecError as error:
            message = f"{how_it_ended(completed)}, and no comparison could be read ({error})"
            return Outcome(status=Status.ERRORED, message=with_last_line(message, completed))
        return _outcome(comparison, completed)


def _outcome(comparison: _Comparison, completed: Completed) -> Outcome:
    wrong = [row for row in comparison.rows if not row.ok]
    metrics = {"rows": msgspec.to_builtins(comparison.rows)}
    if comparison.agree != (not wrong) or comparison.agree != (completed.exit_code == 0):
        return Outcome(
            status=Status.ERRORED,
            message=f"the comparison contradicts itself or its exit ({how_it_ended(completed)})",
            metrics=metrics,
        )
    if not comparison.rows:
        return Outcome(status=Status.FAILED, message="no version was compared", metrics=metrics)
    if not wrong:
        message = f"{len(comparison.rows)} places agree"
        return Outcome(status=Status.PASSED, message=message, metrics=metrics)
    findings = tuple(
        Finding(
            message=row.message or f"{row.name} says {row.found or 'nothing'}",
            file=row.file,
            line=row.line,
            rule=row.name,
        )
        for row in wrong
    )
    first = findings[0]
    place = f"{first.file}:{first.line}: " if first.file else ""
    return Outcome(
        status=Status.FAILED,
        message=f"{len(wrong)} of {len(comparison.rows)} places disagree; {place}{first.message}",
        findings=findings,
        metrics=metrics,
    )
