"""`schema`: the JSON Schema of the definition files, for editors; generated, drift-checked."""

from __future__ import annotations

import click

from harness.cli.workspace import PHASES, Workspace

_FOLDER = "schema"


@click.command(name="schema")
@click.option("--write", is_flag=True, help="Write every schema into phases/schema/.")
@click.option("--check", is_flag=True, help="Fail unless phases/schema/ is up to date.")
@click.argument("name", required=False)
@click.pass_obj
def command(root: str | None, write: bool, check: bool, name: str | None) -> None:
    """Print the JSON Schema called NAME, or the names there are.

    \b
    Examples:
      release-manager schema
      release-manager schema phase.schema.json
      release-manager schema --check
    """
    from harness.errors import DisagreementError, HostError, UsageError
    from harness.load.schema import export
    from harness.run.kinds.registry import KindRegistry
    from harness.system.probe import KNOWN

    schemas = export(KindRegistry.discover().options(), sorted(KNOWN))
    if write or check:
        folder = Workspace.find(root).root / PHASES / _FOLDER
        if write:
            try:
                folder.mkdir(exist_ok=True)
                for file_name, content in schemas.items():
                    (folder / file_name).write_bytes(content)
            except OSError as error:
                raise HostError(f"{folder}: cannot be written ({error.strerror})") from error
            click.echo(f"{folder}: {len(schemas)} schemas written")
        for file_name, content in schemas.items():
            path = folder / file_name
            if not path.exists() or path.read_bytes() != content:
                raise DisagreementError(
                    f"{path}: not what the types give",
                    next_step="write it again with `release-manager schema --write`",
                )
        return
    if name is None:
        click.echo("\n".join(schemas))
        return
    if name not in schemas:
        raise UsageError(f"no schema {name!r}", next_step=f"choose one of {', '.join(schemas)}")
    click.echo(schemas[name], nl=False)
