"""The options that say which checks, judged how, on what kind of machine; shared by commands."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from harness.cli.workspace import Workspace
    from harness.model.plan import Plan
    from harness.plan.selection import Narrowed


def _parse_flags(
    _ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]
) -> dict[str, bool]:
    flags: dict[str, bool] = {}
    for value in values:
        name, separator, state = value.partition("=")
        if (separator and state not in {"on", "off"}) or not name:
            raise click.BadParameter(f"{value!r} is not NAME, NAME=on or NAME=off")
        flags[name] = state != "off"
    return flags


def _default_event() -> str:
    return os.environ.get("GITHUB_EVENT_NAME", "ci" if os.environ.get("CI") else "local")


def _complete_selection(
    context: click.Context, _param: click.Parameter, incomplete: str
) -> list[str]:
    """Phases and checks that begin so; nothing outside a project or while its files are broken."""
    from harness.cli.workspace import Workspace
    from harness.errors import HarnessError

    try:
        workspace = Workspace.find(context.obj)
        phases = workspace.definitions(workspace.kinds()).phases
    except HarnessError:
        return []
    names = [loaded.phase.phase for loaded in phases]
    names += [
        f"{loaded.phase.phase}/{check.id}" for loaded in phases for check in loaded.phase.checks
    ]
    return [name for name in names if name.startswith(incomplete)]


_OPTIONS = (
    click.argument(
        "patterns", metavar="[SELECTION]...", nargs=-1, shell_complete=_complete_selection
    ),
    click.option("--tag", "tags", multiple=True, help="Only checks with this tag; repeatable."),
    click.option(
        "--exclude", multiple=True, metavar="PATTERN", help="Leave these out; repeatable."
    ),
    click.option(
        "--no-needs",
        is_flag=True,
        help="Leave out what the selected checks need; the reports say so.",
    ),
    click.option(
        "--require",
        multiple=True,
        metavar="CAPABILITY",
        help="Demand a capability: where it is missing, nothing runs. Repeatable.",
    ),
    click.option("--profile", metavar="NAME", help="Judge by this profile of phases/policy.yaml."),
    click.option(
        "--flag",
        "flags",
        multiple=True,
        callback=_parse_flags,
        metavar="NAME[=on|off]",
        help="A feature flag that `if:` expressions see as flag.NAME; repeatable.",
    ),
    click.option(
        "--event",
        default=_default_event,
        metavar="NAME",
        help="What caused the run, as `if:` expressions see it.",
        show_default="GITHUB_EVENT_NAME, else ci or local",
    ),
)


def selecting(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the selection options to a command."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def plan_for(
    workspace: Workspace, options: Mapping[str, Any], *, narrowed: tuple[Narrowed, ...] = ()
) -> Plan:
    """The plan that the options of `selecting` ask for, of the project's own definitions.

    Raises `DefinitionError` for broken files and `UsageError` for a selection of nothing.
    """
    from harness.plan.selection import Selection

    return workspace.plan(
        workspace.definitions(workspace.kinds()),
        selection=Selection(
            patterns=options["patterns"],
            tags=options["tags"],
            exclude=options["exclude"],
            with_needs=not options["no_needs"],
            require=options["require"],
            narrowed=narrowed,
        ),
        profile=options["profile"],
        flags=options["flags"],
        event=options["event"],
    )
