"""The command group: each command's module is imported when it is called, not before."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from typing import Any

import click

from harness.cli.streams import prepared
from harness.errors import EXIT_MEANING, DefinitionError, ExitCode, HarnessError

_COMMANDS: dict[str, tuple[str, str]] = {
    "verify": ("harness.cli.verify", "Run checks and judge them: APPROVED, BLOCKED or INCOMPLETE."),
    "plan": ("harness.cli.plan", "Show what would run, and why each check will or will not."),
    "why": ("harness.cli.why", "Say what changed since a check ran, or which run answers for it."),
    "cache": ("harness.cli.cache", "Look after the cache of passed results."),
    "prove": ("harness.cli.prove", "Break the product on purpose; its checks must notice."),
    "doctor": ("harness.cli.doctor", "Show what this machine has, lacks, and how to get it."),
    "versions": ("harness.cli.versions", "Compare every declared and observed version."),
    "report": ("harness.cli.report", "Render a recorded run's reports again, from its journal."),
    "history": ("harness.cli.history", "Show earlier runs, and the flaky, slow and slowing."),
    "schema": ("harness.cli.schema", "Print or write the JSON Schema of the definition files."),
    "init": ("harness.cli.init", "Write phases that run, for the project in this folder."),
    "completion": ("harness.cli.completion", "Print the shell's completion script."),
}

_EXAMPLES = """\b
Examples:
  release-manager verify                 everything, judged by the default profile
  release-manager verify v7-1            one phase, and what it needs
  release-manager verify 'v7-*/unit*'    checks by glob
  release-manager plan --graph mermaid   the plan as a drawing
  release-manager doctor                 what this machine lacks, and how to get it
"""


_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def _exit_code_table() -> str:
    rows = "\n".join(f"  {code.value:>3}  {EXIT_MEANING[code]}" for code in ExitCode)
    return f"\b\nExit codes:\n{rows}"


class LazyGroup(click.Group):
    """Lists its commands from a table and imports only the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Command names in the order of the table."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command's module; its `command` attribute is the command."""
        entry = _COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command = importlib.import_module(entry[0]).command
        if not isinstance(command, click.Command):
            raise TypeError(f"{entry[0]}.command is not a command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the nearest command when there is none of that name."""
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], _COMMANDS, n=1)
            hint = f"; nearest is {near[0]!r}" if near else ""
            ctx.fail(f"no command {args[0]!r}{hint}; see `release-manager --help`")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in _COMMANDS.items()])


def _print_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from harness import __version__

        click.echo(f"release-manager {__version__}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=f"{_EXAMPLES}\n{_exit_code_table()}",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version and exit.",
)
@click.option(
    "-C",
    "--root",
    type=click.Path(file_okay=False, exists=True),
    help="Project folder; by default the nearest one above that holds phases/policy.yaml.",
)
@click.pass_context
def cli(ctx: click.Context, root: str | None) -> None:
    """Run declarative release checks and leave evidence of the verdict.

    The checks stand in YAML files under phases/. A run leaves a folder under reports/ with a page
    to read (report.html), results for machines, and the journal everything is rendered from.
    """
    ctx.obj = root
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        ctx.color = False  # click alone goes by whether the output is a terminal


def run(arguments: list[str]) -> int:
    """Run the command line; every expected error becomes a message and its exit code."""
    with prepared(os.environ):
        return _run(arguments)


def _run(arguments: list[str]) -> int:
    try:
        result: Any = cli.main(args=arguments, prog_name="release-manager", standalone_mode=False)
    except click.exceptions.Abort:
        return ExitCode.INTERRUPTED
    except click.ClickException as error:
        _show(error)
        return ExitCode.USAGE
    except DefinitionError as error:
        _say(str(error))
        return error.exit_code
    except HarnessError as error:
        _say(f"error: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        hush()
        return ExitCode.UNREAD
    except Exception as error:  # noqa: BLE001 - the one place where a bug becomes a message
        if isinstance(error, OSError) and error.errno in _FULL:
            return _report_full(error)
        return _report_bug(error)
    return int(result) if isinstance(result, int) else ExitCode.APPROVED


def _show(error: click.ClickException) -> None:
    """Say why; who cannot be told (a full disk, a reader who left) still gets the exit code."""
    try:
        error.show()
    except OSError:
        hush()


def _say(message: str) -> None:
    """As `_show`, for an error of ours."""
    try:
        click.echo(message, err=True)
    except OSError:
        hush()


def _report_full(error: OSError) -> int:
    """What was to be written, the command's own output included, finds no room."""
    place = error.filename or "the output"
    message = f"error: {place}: cannot be written ({error.strerror}); free space and try again"
    _say(message)
    hush()  # what is still buffered would fail again when the interpreter ends
    return ExitCode.ENVIRONMENT


def hush() -> None:
    """Point both outputs at nothing: their reader left (`| head`), and the exit stays quiet."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nothing, stream.fileno())


def _report_bug(error: Exception) -> int:
    """Keep the traceback in a file for the bug report; the terminal gets one line."""
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile(
        "w", prefix="release-manager-bug-", suffix=".txt", delete=False
    ) as file:
        traceback.print_exception(error, file=file)
    message = (
        f"error: a bug in the release manager ({type(error).__name__}: {error});"
        f" please report it with {file.name}"
    )
    _say(message)
    return ExitCode.BUG
