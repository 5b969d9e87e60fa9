"""`build`: compiles something, and counts what the compiler had to say.

"0 warnings" is only said of a build that succeeded, whose output was read whole, and whose products
exist (and, with `fresh`, were made by this very build): a build that broke, printed to somewhere
else, or found nothing to do has no warnings either.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from harness.errors import CheckSetupError
from harness.model.base import Entry
from harness.model.ports import CheckContext, Command, Completed
from harness.model.result import Finding, Outcome, Severity, Status
from harness.model.spec import Argument, Environment
from harness.run.kinds.command import shell_argv
from harness.run.kinds.diagnostics import count_warnings, read_diagnostics
from harness.run.kinds.ending import (
    broken_off,
    cut_short,
    how_it_ended,
    read_output_bytes,
    with_last_line,
)
from harness.run.kinds.globbing import matches
from harness.system.capture import plain_text

_SHOWN = 200
_BEGAN = "began"
ENVIRONMENT = {
    # Messages in English, so that they can be read; no colours, progress bars or hyperlinks.
    "LC_ALL": "C",
    "CARGO_TERM_COLOR": "never",
    "CARGO_TERM_PROGRESS_WHEN": "never",
    "NO_COLOR": "1",
    "CLICOLOR": "0",
}
"""What makes the output of a build one that can be read."""


class BuildOptions(Entry, frozen=True):
    """Runs a build; passes when it succeeds, without warnings, and its products are there."""

    run: Annotated[
        list[Argument],
        Meta(min_length=1, description="Program and arguments; no shell looks at them."),
    ]
    cwd: Annotated[str, Meta(description="Working folder, relative to the project root.")] = "."
    env: Annotated[Environment, Meta(description="Environment of the build.")] = {}
    shell: Annotated[
        bool,
        Meta(description="Take the first item of `run` as a script for `sh -eu`."),
    ] = False
    max_warnings: Annotated[
        int, Meta(ge=0, description="How many compiler warnings are accepted.")
    ] = 0
    outputs: Annotated[
        list[Annotated[str, Meta(min_length=1)]],
        Meta(description="Globs, relative to the project root, that must each match a file."),
    ] = []
    fresh: Annotated[
        bool,
        Meta(description="The outputs must have been written by this build, not be left over."),
    ] = False


class BuildKind:
    """Runs a build and reads its diagnostics."""

    name = "build"
    summary = "runs a build; counts its warnings and looks for its products"
    options = BuildOptions

    def prepare(self, options: BuildOptions, context: CheckContext) -> Command:
        """The build, and a file whose time says when it began."""
        if options.fresh and not options.outputs:
            raise CheckSetupError(
                "`fresh` has no outputs to look at", next_step="list them in `outputs`"
            )
        (context.work / _BEGAN).touch()
        argv = shell_argv(*options.run) if options.shell else tuple(options.run)
        return Command(argv=argv, env={**ENVIRONMENT, **options.env}, cwd=options.cwd)

    def conclude(
        self, options: BuildOptions, context: CheckContext, completed: Completed
    ) -> Outcome:
        """Success first, then the whole output, then warnings, then products."""
        bad = broken_off(completed) or cut_short(completed, so="its warnings cannot be counted")
        if bad is not None:
            return bad
        text = plain_text(read_output_bytes(completed))
        findings = read_diagnostics(text, root=str(context.root), cwd=options.cwd)
        errors = [finding for finding in findings if finding.severity is Severity.ERROR]
        warnings = count_warnings(findings)
        products = _products(options, context)
        problem = _problem(options, completed, findings, warnings, products)
        return Outcome(
            status=Status.FAILED if problem else Status.PASSED,
            message=problem or f"{_counted(warnings, 'warning')}",
            findings=(*findings, *products)[:_SHOWN],
            metrics={
                "warnings": warnings,
                "errors": len(errors),
                "outputs": sum(len(matches(context.root, glob)) for glob in options.outputs),
            },
        )


def _problem(
    options: BuildOptions,
    completed: Completed,
    findings: tuple[Finding, ...],
    warnings: int,
    products: list[Finding],
) -> str:
    """What is wrong with the build, in one sentence; empty when nothing is."""
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    if completed.exit_code != 0:
        if errors:
            return f"the build broke ({how_it_ended(completed)}): {_placed(errors[0])}"
        return with_last_line(f"the build broke ({how_it_ended(completed)})", completed)
    if errors:
        return f"exit 0, yet the build reports an error: {_placed(errors[0])}"
    if warnings > options.max_warnings:
        first = [finding for finding in findings if finding.severity is Severity.WARNING][:1]
        told = f": {_placed(first[0])}" if first else ""
        return f"{_counted(warnings, 'warning')}, where {options.max_warnings} are accepted{told}"
    if products:
        return products[0].message
    return ""


def _products(options: BuildOptions, context: CheckContext) -> list[Finding]:
    """One finding for each promised product that is missing or was not made by this build."""
    began = (context.work / _BEGAN).stat().st_mtime_ns
    found = []
    for glob in options.outputs:
        files = matches(context.root, glob)
        if not files:
            found.append(Finding(message=f"the build made no {glob}", file=glob, rule="output"))
        elif options.fresh:
            found.extend(
                Finding(
                    message=f"{file} is left over: this build did not write it",
                    file=file,
                    rule="fresh",
                )
                for file in files
                if Path(context.root, file).stat().st_mtime_ns < began
            )
    return found


def _placed(finding: Finding) -> str:
    place = f"{finding.file}:{finding.line}: " if finding.file else ""
    return f"{place}{finding.message}"


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
