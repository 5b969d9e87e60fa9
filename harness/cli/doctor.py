"""`doctor`: what this machine has, what that enables, and the command that brings what it lacks."""

from __future__ import annotations

import click
import msgspec

from harness.cli.workspace import PHASES, POLICY, Workspace
from harness.errors import ExitCode, MissingCapabilityError, UsageError
from harness.model.plan import Capability


@click.command(name="doctor")
@click.argument("names", metavar="[CAPABILITY]...", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print the capabilities as JSON.")
@click.option("--all", "everything", is_flag=True, help="Also what no phase here asks for.")
@click.pass_obj
def command(root: str | None, names: tuple[str, ...], as_json: bool, everything: bool) -> int:
    """Show what this machine has, what it lacks, and how to get it.

    In a project, shows what its phases ask for; named capabilities must be there, or the exit code
    says that one is missing.

    \b
    Examples:
      release-manager doctor
      release-manager doctor cargo valgrind
      release-manager doctor --all --json
    """
    from harness.system.probe import KNOWN, probe

    unknown = [name for name in names if name not in KNOWN]
    if unknown:
        import difflib

        near = difflib.get_close_matches(unknown[0], KNOWN, n=1)
        raise UsageError(
            f"no capability {unknown[0]!r}",
            next_step=f"nearest is {near[0]!r}" if near else "see `release-manager doctor --all`",
        )
    asked = _asked(root)
    wanted = list(names) or (sorted(KNOWN) if everything or not asked else sorted(asked))
    capabilities = probe(wanted)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(capabilities), indent=2))
    else:
        _print_table([capabilities[name] for name in wanted], asked)
    missing = [name for name in names if not capabilities[name].present]
    if missing:
        raise MissingCapabilityError(
            f"this machine lacks {', '.join(missing)}",
            next_step="the commands above install what can be installed",
        )
    return ExitCode.APPROVED


def _asked(root: str | None) -> set[str]:
    """The capabilities that the phases of the project here ask for; none outside a project."""
    try:
        workspace = Workspace.find(root)
    except UsageError:
        if root is not None:
            raise
        return set()
    from harness.plan import referenced_capabilities

    click.echo(f"{workspace.root / PHASES / POLICY}\n", err=True)
    return set(referenced_capabilities(workspace.definitions(workspace.kinds())))


def _print_table(capabilities: list[Capability], asked: set[str]) -> None:
    width = max(len(capability.name) for capability in capabilities)
    for capability in capabilities:
        if capability.present:
            state = click.style("has  ", fg="green")
            what = capability.version or capability.detail or "yes"
        else:
            state = click.style("LACKS", fg="red" if capability.name in asked else "yellow")
            what = capability.detail or "not found"
        click.echo(f"{state}  {capability.name:<{width}}  {what}")
        if capability.enables:
            click.echo(f"       {'':<{width}}  for: {capability.enables}")
        if not capability.present and capability.install:
            click.echo(f"       {'':<{width}}  get: {capability.install}")
    lacking = sum(not capability.present for capability in capabilities)
    click.echo(f"\n{len(capabilities) - lacking} of {len(capabilities)} capabilities are here")
