"""`command`: a program that says yes or no by its exit code, and perhaps by what it prints."""

from __future__ import annotations

import re
from typing import Annotated

from msgspec import Meta, field

from harness.errors import CheckSetupError
from harness.model.base import Entry
from harness.model.ports import CheckContext, Command, Completed
from harness.model.result import Finding, Outcome, Status
from harness.model.spec import Argument, Environment
from harness.run.kinds.ending import (
    how_it_ended,
    not_started_or_hung,
    read_output,
    with_last_line,
)
from harness.run.kinds.sanitizers import find_reports

Patterns = str | list[str]


class CommandOptions(Entry, frozen=True):
    """Runs a program and looks at its exit code and, if asked to, at its output."""

    run: Annotated[
        list[Argument],
        Meta(min_length=1, description="Program and arguments; no shell looks at them."),
    ]
    cwd: Annotated[str, Meta(description="Working folder, relative to the project root.")] = "."
    env: Annotated[Environment, Meta(description="Environment of the program.")] = {}
    shell: Annotated[
        bool,
        Meta(
            description="Take the first item of `run` as a script for `sh -eu`; the others are its"
            " arguments $1, $2, …"
        ),
    ] = False
    expect_exit: Annotated[
        list[Annotated[int, Meta(ge=0, le=255)]],
        Meta(min_length=1, description="Exit codes that count as a pass."),
    ] = field(default_factory=lambda: [0])
    expect_output: Annotated[
        Patterns, Meta(description="Regular expressions that the output must each match.")
    ] = []
    forbid_output: Annotated[
        Patterns, Meta(description="Regular expressions that the output must not match.")
    ] = []


def shell_argv(script: str, *arguments: str) -> tuple[str, ...]:
    """A script as arguments: stops at the first command that fails or variable nobody set."""
    return ("sh", "-eu", "-c", script, "sh", *arguments)


class CommandKind:
    """Passes when the exit code is expected and the output is as promised."""

    name = "command"
    summary = "runs a program; its exit code, and if asked its output, is the answer"
    options = CommandOptions
    needs_work = False

    def prepare(self, options: CommandOptions, context: CheckContext) -> Command:
        """The program itself."""
        del context
        _compiled(options.expect_output)
        _compiled(options.forbid_output)
        argv = shell_argv(*options.run) if options.shell else tuple(options.run)
        return Command(argv=argv, env=options.env, cwd=options.cwd)

    def conclude(
        self, options: CommandOptions, context: CheckContext, completed: Completed
    ) -> Outcome:
        """Exit code first, then sanitizer reports, then what was expected of the output."""
        del context
        bad = not_started_or_hung(completed)
        if bad is not None:
            return bad
        reports = find_reports(completed) if completed.output.total_bytes else ()
        if completed.exit_code not in options.expect_exit:
            wanted = " or ".join(map(str, options.expect_exit))
            message = f"{how_it_ended(completed)} where exit {wanted} was expected"
            return Outcome(
                status=Status.FAILED, message=with_last_line(message, completed), findings=reports
            )
        if reports:
            return Outcome(
                status=Status.FAILED,
                message=f"{how_it_ended(completed)}, yet {reports[0].message}",
                findings=reports,
            )
        if options.expect_output or options.forbid_output:
            return self._output(options, completed)
        return Outcome(status=Status.PASSED)

    def _output(self, options: CommandOptions, completed: Completed) -> Outcome:
        text = read_output(completed)
        missing = [
            f"nothing in the output matches {pattern.pattern!r}"
            for pattern in _compiled(options.expect_output)
            if not pattern.search(text)
        ]
        forbidden = [
            Finding(message=f"the output says {_line_of(text, match)!r}", rule=pattern.pattern)
            for pattern in _compiled(options.forbid_output)
            if (match := pattern.search(text))
        ]
        if completed.output_truncated and (missing or options.forbid_output) and not forbidden:
            return Outcome(
                status=Status.ERRORED,
                message="printed more than is kept, so its output proves nothing; print less",
            )
        messages = [*missing, *(finding.message for finding in forbidden)]
        if messages:
            return Outcome(
                status=Status.FAILED, message="; ".join(messages), findings=tuple(forbidden)
            )
        return Outcome(status=Status.PASSED)


def _compiled(patterns: Patterns) -> list[re.Pattern[str]]:
    """Raises `CheckSetupError` for what is not a regular expression."""
    try:
        return [
            re.compile(pattern, re.MULTILINE)
            for pattern in ([patterns] if isinstance(patterns, str) else patterns)
        ]
    except re.error as error:
        raise CheckSetupError(
            f"{error.pattern!r} is not a regular expression ({error})",
            next_step="correct it in the phase file",
        ) from error


def _line_of(text: str, match: re.Match[str]) -> str:
    start = text.rfind("\n", 0, match.start()) + 1
    end = text.find("\n", match.end())
    return text[start : end if end >= 0 else len(text)].strip()[:200]
