"""`init`: look at a repository and write phases for it that run; nothing is overwritten."""

from __future__ import annotations

import os
from pathlib import Path

import click

from harness.errors import HostError, UsageError

_SKIP = {"node_modules", "target", "build", "dist", "vendor", "third_party", "phases", "reports"}
_MAX_DEPTH = 3
_MAX_MANIFEST_BYTES = 1024 * 1024


@click.command(name="init")
@click.argument("folder", type=click.Path(file_okay=False, exists=True), default=".")
@click.option("--dry-run", is_flag=True, help="Print what would be written; write nothing.")
def command(folder: str, dry_run: bool) -> None:
    """Write the first phases for the project in FOLDER.

    Looks for Cargo.toml, package.json, pyproject.toml, CMakeLists.txt and Makefile, three folders
    deep, and writes phases/build-and-test.yaml, phases/policy.yaml and, where a version is stated,
    phases/versions.yaml with a VERSION file. Files that exist are never touched.

    \b
    Examples:
      release-manager init
      release-manager init ../other --dry-run
    """
    from harness.cli.scaffold import MANIFESTS, scaffold

    root = Path(folder).resolve()
    manifests = _read_manifests(root, {*MANIFESTS, "VERSION"})
    plan = scaffold(manifests, project=root.name)
    if dry_run:
        for name, text in plan.files.items():
            click.echo(f"# {name}\n{text}")
        return
    existing = [name for name in plan.files if (root / name).exists()]
    if existing:
        raise UsageError(
            f"{root / existing[0]}: exists already",
            next_step="edit it; `release-manager init --dry-run` prints what init would write",
        )
    for name, text in plan.files.items():
        path = root / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        except OSError as error:
            raise HostError(
                f"{path}: cannot be written ({error.strerror})",
                next_step="make the folder writable; `release-manager init --dry-run` prints what"
                " init would write",
            ) from error
        click.echo(f"wrote {name}")
    _write_schemas(root)
    found = ", ".join(name for name in plan.found if name != "VERSION")
    click.echo(f"\nfound {found or 'no manifest that init knows'}")
    click.echo("next: release-manager plan, then release-manager verify")


def _read_manifests(root: Path, names: set[str]) -> dict[str, str]:
    """Manifests up to three folders deep; inside a member of a workspace the workspace counts."""
    found: dict[str, str] = {}
    for folder, folders, files in os.walk(root):
        relative = Path(folder).relative_to(root)
        depth = len(relative.parts)
        folders[:] = sorted(
            name for name in folders if name not in _SKIP and not name.startswith(".")
        )
        if depth >= _MAX_DEPTH:
            folders.clear()
        for name in sorted(names.intersection(files)):
            if name == "VERSION" and depth:
                continue
            path = Path(folder) / name
            key = (relative / name).as_posix()
            # A pipe, a device or a link to nowhere is no manifest, whatever it is called.
            if _covered(key, found) or not path.is_file():
                continue
            if path.stat().st_size > _MAX_MANIFEST_BYTES:
                continue
            found[key] = _read(path)
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace")
    except OSError as error:
        raise HostError(
            f"{path}: cannot be read ({error.strerror})", next_step="make the file readable"
        ) from error


def _covered(key: str, found: dict[str, str]) -> bool:
    """Whether a manifest of the same name stands above: its build covers this one."""
    *folders, name = key.split("/")
    if name == "package.json":
        return False
    return any("/".join([*folders[:count], name]) in found for count in range(len(folders)))


def _write_schemas(root: Path) -> None:
    from harness.load.schema import export
    from harness.run.kinds.registry import KindRegistry
    from harness.system.probe import KNOWN

    folder = root / "phases" / "schema"
    folder.mkdir(exist_ok=True)
    for name, content in export(KindRegistry.discover().options(), sorted(KNOWN)).items():
        (folder / name).write_bytes(content)
    click.echo("wrote phases/schema/ for editors")
