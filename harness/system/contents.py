"""The files of a project, as a copy of it must hold them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_LISTED = ("--cached", "--others", "--exclude-standard", "--deduplicate")
_NEVER = ("/.git/", "/.release-manager/", "/__pycache__/", "/node_modules/", "/.venv/")


def project_files(root: Path) -> tuple[str, ...]:
    """The files of the work tree as they are now: tracked, and untracked but not ignored.

    Relative paths with `/`, sorted. Outside git every file counts but caches and reports of runs.
    """
    try:
        done = subprocess.run(
            ["git", "-C", str(root), "ls-files", "-z", *_LISTED],
            capture_output=True,
            check=False,
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired):
        return _walked(root)
    if done.returncode != 0:
        return _walked(root)
    names = (os.fsdecode(name) for name in done.stdout.split(b"\0") if name)
    return tuple(sorted(name for name in names if _is_file(root / name)))


def _is_file(path: Path) -> bool:
    return path.is_symlink() or path.is_file()


def _walked(root: Path) -> tuple[str, ...]:
    found: list[str] = []
    for folder, folders, files in os.walk(root):
        inside = Path(folder).relative_to(root).as_posix()
        folders[:] = [
            name
            for name in folders
            if f"/{name}/" not in _NEVER and not (inside == "." and name == "reports")
        ]
        found += [name if inside == "." else f"{inside}/{name}" for name in files]
    return tuple(sorted(found))
