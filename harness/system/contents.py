"""What a project's files hold: the list of them, and digests of those that globs name."""

from __future__ import annotations

import functools
import hashlib
import os
import re
import subprocess
from collections.abc import Iterable
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


class Contents:
    """The digests of one project's files, each read once."""

    def __init__(self, root: Path) -> None:
        """Name the project; nothing is read until it is asked for."""
        self._root = root
        self._digests: dict[str, str] = {}

    @functools.cached_property
    def files(self) -> tuple[str, ...]:
        """Every file of the project."""
        return project_files(self._root)

    def digest(self, globs: Iterable[str]) -> str:
        """The digest of the names and contents of the files that any of the globs matches.

        No glob means the whole project: whoever does not say what it depends on depends on all.
        """
        patterns = [_pattern(glob) for glob in globs]
        whole = hashlib.sha256()
        for name in self.files:
            if not patterns or any(pattern.fullmatch(name) for pattern in patterns):
                whole.update(f"{name}\0{self._of(name)}\n".encode("utf-8", "surrogateescape"))
        return whole.hexdigest()

    def _of(self, name: str) -> str:
        known = self._digests.get(name)
        if known is None:
            path = self._root / name
            try:
                data = os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
                known = hashlib.sha256(data).hexdigest()
            except OSError as error:
                known = f"unreadable: {error.errno}"
            self._digests[name] = known
        return known


@functools.cache
def _pattern(glob: str) -> re.Pattern[str]:
    """`*` and `?` stay inside one folder, `**` goes through any number of them."""
    out: list[str] = []
    for part in re.split(r"(\*\*/|\*\*|\*|\?)", glob):
        out.append({"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(part, ""))
        if not out[-1] and part:
            out[-1] = re.escape(part)
    return re.compile("".join(out))
