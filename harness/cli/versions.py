"""`versions check`: every declared and, on demand, every observed version against the source."""

from __future__ import annotations

import os

import click

from harness.cli.workspace import Workspace


@click.group(name="versions")
def command() -> None:
    """Compare every declared and observed version with the one source."""


@command.command(name="check")
@click.option("--observed", is_flag=True, help="Ask what is built, too: programs, libraries.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="A table for people, or JSON for programs.",
)
@click.pass_obj
def check(root: str | None, observed: bool, form: str) -> int:
    """Fail, naming the place, unless all versions agree.

    The places stand in phases/versions.yaml. A place that cannot be read disagrees.

    \b
    Examples:
      release-manager versions check
      release-manager versions check --observed
    """
    import msgspec

    from harness.artifact.versions import compare
    from harness.errors import ExitCode, UsageError

    workspace = Workspace.find(root)
    versions = workspace.definitions(workspace.kinds()).versions
    if versions is None:
        raise UsageError(
            f"{workspace.root}/phases/versions.yaml: not found",
            next_step="list there where the version is stated; `release-manager init` writes one",
        )
    comparison = compare(versions, workspace.root, observed=observed, environ=os.environ)
    if form == "json":
        click.echo(msgspec.json.encode(comparison))
    else:
        width = max(len(row.name) for row in comparison.rows)
        place = max(len(row.where) for row in comparison.rows)
        for row in comparison.rows:
            state = "agrees " if row.ok else "DIFFERS"
            click.echo(f"{state}  {row.name:<{width}}  {row.where:<{place}}  {row.found or '-'}")
        for row in comparison.rows:
            if not row.ok:
                click.echo(f"\n{row.file or row.name}: {row.message}", err=True)
    return ExitCode.APPROVED if comparison.agree else ExitCode.DISAGREEMENT
