"""`plan`: the plan as text, JSON or a drawing; nothing runs."""

from __future__ import annotations

import os
from typing import Any

import click

from harness.cli.selecting import plan_for, selecting
from harness.cli.workspace import Workspace


@click.command(name="plan")
@selecting
@click.option("--fresh", is_flag=True, help="Plan as `verify --fresh` does: nothing is reused.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole plan as JSON.")
@click.option("--graph", type=click.Choice(["mermaid", "dot"]), help="Print the plan as a drawing.")
@click.pass_obj
def command(
    root: str | None, /, fresh: bool, as_json: bool, graph: str | None, **options: Any
) -> None:
    """Show what would run or be reused, and why each check will or will not.

    \b
    Examples:
      release-manager plan v7-1
      release-manager plan --graph dot | dot -Tsvg > plan.svg
      release-manager plan --json | jq '.checks[] | select(.decision == "skip") | .reason'
    """
    if as_json and graph:
        raise click.UsageError("--json and --graph are two outputs; choose one")
    from harness.cli.reusing import Reuse
    from harness.plan import show

    workspace = Workspace.find(root)
    reuse = Reuse(workspace, plan_for(workspace, options), fresh=fresh)
    plan = reuse.plan
    for note in reuse.notes:
        click.echo(f"note: {note}", err=True)
    if as_json:
        from harness.run.masking import masked, redactor_for

        # It is printed to be kept and passed on, as a journal is.
        click.echo(show.as_json(masked(plan, redactor_for(plan, os.environ))))
    elif graph == "mermaid":
        click.echo(show.as_mermaid(plan), nl=False)
    elif graph == "dot":
        click.echo(show.as_dot(plan), nl=False)
    else:
        click.echo(show.as_text(plan), nl=False)
