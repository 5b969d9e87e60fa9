"""What changed among a project's files since somebody last asked, and the folders to watch for it.

The files are those of `listing`: what git ignores and what runs leave never counts. A file that was
written anew with what it held before has not changed, once its contents are known.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from harness.record.listing import IGNORED, Stat, is_ours, project_files, stat_of

# What editors put beside a file while it is open, and the desktop beside everything.
_EDITORS = re.compile(
    r".*~|\..*\.sw[a-z]|4913|\.#.*|#.*#|.*___jb_(?:tmp|old)___|flycheck_.*|\.DS_Store"
)
_ALWAYS_OURS = frozenset({".git", ".release-manager"})


class ProjectChanges:
    """The files of one project, as they were when it was last asked."""

    def __init__(self, root: Path, *, without: Path | None = None) -> None:
        """Look at the project now; nothing below `without` counts."""
        self._root = str(root)
        inside = without is not None and without.is_relative_to(root)
        self._without = f"{without.relative_to(root).as_posix()}/" if inside and without else ""
        self._digests: dict[str, str] = {}
        self._stats = self._look()

    def take(self) -> set[str]:
        """The paths of files that were added, changed or removed; asked again, there are none."""
        before, self._stats = self._stats, self._look()
        changed = set()
        for path in before.keys() | self._stats.keys():
            if before.get(path) == self._stats.get(path):
                continue
            known = self._digests.pop(path, None)
            if path in self._stats:
                now = self._digests[path] = self._digest(path)
                if path in before and now == known:
                    continue
            changed.add(path)
        return changed

    def folders(self) -> list[str]:
        """Every folder in which a file of the project can be or appear, as absolute paths."""
        ignored = self._ignored()
        return [self._root, *self._below("", ignored)]

    def _look(self) -> dict[str, Stat]:
        found = {}
        for path in project_files(self._root):
            if self._counts(path):
                try:
                    # Thousands of files; Path doubles the cost.
                    found[path] = stat_of(os.stat(f"{self._root}/{path}"))  # noqa: PTH116
                except OSError:
                    continue  # git lists it still, it is gone; or nobody may read it
        return found

    def _counts(self, path: str) -> bool:
        if self._without and path.startswith(self._without):
            return False
        return _EDITORS.fullmatch(path.rpartition("/")[2]) is None

    def _digest(self, path: str) -> str:
        try:
            with open(f"{self._root}/{path}", "rb") as file:  # noqa: PTH123
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            return ""  # it went away again, or is a folder: the next look tells

    def _ignored(self) -> frozenset[str] | None:
        """The folders that git ignores; None without git."""
        arguments = ["--others", "--ignored", "--exclude-standard", "--directory"]
        try:
            done = subprocess.run(
                ["git", "-C", self._root, "ls-files", "-z", *arguments],
                capture_output=True,
                check=False,
                timeout=60,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        if done.returncode != 0:
            return None
        names = (os.fsdecode(name) for name in done.stdout.split(b"\0"))
        return frozenset(name.rstrip("/") for name in names if name.endswith("/"))

    def _below(self, folder: str, ignored: frozenset[str] | None) -> Iterator[str]:
        try:
            with os.scandir(f"{self._root}/{folder}") as scan:
                names = [one.name for one in scan if one.is_dir(follow_symlinks=False)]
        except OSError:
            return  # it went away, or nobody may look into it
        for name in names:
            path = f"{folder}/{name}" if folder else name
            if name in _ALWAYS_OURS or is_ours(path) or f"{path}/" == self._without:
                continue
            if name in IGNORED if ignored is None else path in ignored:
                continue
            yield f"{self._root}/{path}"
            yield from self._below(path, ignored)
