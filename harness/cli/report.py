"""`report`: render a recorded run again, or prove that its reports are what its journal says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from harness.cli.otlp import exporting, require_export, send_trace
from harness.cli.workspace import REPORTS, Workspace


class _Report(click.Command):
    """`report [RUN]`, and `report diff`, which is a command of its own."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Hand `report diff …` to its command; a run's id never begins so."""
        if args[:1] == ["diff"]:
            from harness.cli.diff import command as diff

            return diff.make_context(f"{info_name} diff", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


@click.command(name="report", cls=_Report)
@click.argument("run", default="latest")
@click.option(
    "--verify",
    "check",
    is_flag=True,
    help="Write nothing; fail unless the reports are, byte for byte, what the journal gives.",
)
@click.option(
    "--output", type=click.Path(file_okay=False), help="Folder of run folders, as for verify."
)
@exporting
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON.")
@click.pass_obj
def command(
    root: str | None, run: str, check: bool, output: str | None, otlp: str | None, as_json: bool
) -> int:
    """Render a recorded run's reports again, from its journal alone.

    RUN is a run's id, the beginning of one, its folder, or `latest`. Works for a run that was
    killed: what never finished is INCOMPLETE. The exit code is the verdict. `report diff [A] [B]`
    says what changed between two runs.

    \b
    Examples:
      release-manager report
      release-manager report 20261123T07 --verify
      release-manager report diff
    """
    from harness.cli.replay import exit_code_of, replay
    from harness.cli.summary import print_summary
    from harness.errors import EvidenceError
    from harness.record.folder import find_run

    require_export(otlp)
    if output is not None:
        reports = Path(output).resolve()
        workspace = Workspace(reports)
    elif (Path(run) / "journal.jsonl").exists():
        workspace = Workspace(Path(run))
        reports = Path(run).parent
    else:
        workspace = Workspace.find(root)
        reports = workspace.root / REPORTS
    folder = find_run(reports, run)
    replayed = replay(folder)
    rendered = replayed.render(workspace.templates())
    if check:
        for name, content in rendered.items():
            path = folder.path / name
            if not path.exists() or path.read_bytes() != content:
                raise EvidenceError(
                    f"{path}: not what the journal gives",
                    next_step=f"render it again with `release-manager report {folder.run_id}`",
                )
        click.echo(f"{len(rendered)} reports are what the journal gives")
    else:
        for name, content in rendered.items():
            folder.write(name, content)
    print_summary(replayed, folder, as_json=as_json)
    send_trace(replayed, otlp)
    return exit_code_of(replayed.verdict.conclusion)
