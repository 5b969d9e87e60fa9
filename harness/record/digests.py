"""Digests of the project's files, read again only when a file may have changed.

A remembered digest counts while size, modification and change time, inode and device are the same.
A file that was written shortly before it was read is not remembered: another write within the
clock's tick would leave the same times (git calls such an entry racy), so it is read again.

The files of a project are those git knows or would add; without git, all but `IGNORED` folders. A
path that is named without wildcards counts even when it is ignored.
"""

from __future__ import annotations

import bisect
import hashlib
import os
import re
import stat
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from harness.model.glob import compiled, fixed_part, is_literal

IGNORED = frozenset(
    {
        ".git", ".hg", ".svn", ".release-manager", ".venv", "venv", ".tox", ".nox", ".hypothesis",
        ".mypy_cache", ".ruff_cache", ".pytest_cache", "__pycache__", "node_modules", "target",
    }
)  # fmt: skip
"""Folders that hold what tools made, at any depth, where git is not there to say."""

_OWN = re.compile(
    r"(?:\.release-manager|reports/(?:latest|\.latest-[^/]*|\d{8}T\d{6}Z-[0-9a-f]{6}))(?:/.*)?"
)
_RACY_NS = 2_000_000_000
_MOST = 200_000

_Stat = tuple[int, int, int, int, int]
_Remembered = dict[str, tuple[_Stat, str]]
_decoder = msgspec.msgpack.Decoder(_Remembered)


class FileDigests:
    """The files of one project, as they are when each is first asked for."""

    def __init__(self, root: Path, index: Path) -> None:
        """Name the project and the file that remembers; nothing is read until it is asked for."""
        self._root = root
        self._prefix = f"{root}{os.sep}"
        self._index = index
        self._remembered = _load(index)
        self._digests: dict[str, str] = {}
        self._stats: _Remembered = {}
        self._patterns: dict[str, dict[str, str] | None] = {}
        self._files: list[str] | None = None
        self._learned = False

    def inputs(self, pattern: str) -> Mapping[str, str] | None:
        """Digest by path of what a pattern means; None when one of the files cannot be read."""
        if pattern not in self._patterns:
            self._patterns[pattern] = self._expand(pattern)
        return self._patterns[pattern]

    def files(self) -> list[str]:
        """Every file that can be an input, sorted."""
        return self._all_files()

    def save(self) -> None:
        """Remember for the next time; a place that refuses costs time and nothing else."""
        if not self._learned:
            return
        merged = {**_load(self._index), **self._stats}
        if len(merged) > _MOST:
            merged = dict(self._stats)
        payload = msgspec.msgpack.encode(merged)
        partial = self._index.with_suffix(f".{os.getpid()}")
        try:
            self._index.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(hashlib.sha256(payload).digest() + payload)
            partial.replace(self._index)
        except OSError:
            return

    def _expand(self, pattern: str) -> dict[str, str] | None:
        found: dict[str, str] = {}
        try:
            for path in self._paths(pattern):
                try:
                    found[path] = self._digest(path)
                except (FileNotFoundError, NotADirectoryError):
                    continue  # git still lists it, it is gone
        except OSError:
            return None
        return found

    def _paths(self, pattern: str) -> Iterator[str]:
        name = fixed_part(pattern)
        if is_literal(pattern):
            try:
                mode = Path(self._prefix + name).stat().st_mode
            except (FileNotFoundError, NotADirectoryError):
                return
            except OSError:
                yield name
                return
            if not stat.S_ISDIR(mode):
                yield name
                return
            name += "/"
        files = self._all_files()
        expression = compiled(pattern)
        for place in range(bisect.bisect_left(files, name), len(files)):
            if not files[place].startswith(name):
                return
            if expression.fullmatch(files[place]):
                yield files[place]

    def _all_files(self) -> list[str]:
        if self._files is None:
            listed = _from_git(self._root)
            if listed is None:
                listed = list(_walk(self._root, ""))
            else:
                # A submodule or a link to a folder is one entry of git's; its files count.
                folders = [one for one in listed if Path(self._prefix + one).is_dir()]
                for folder in folders:
                    above = {self._root, *(self._root / folder).parents}
                    real = frozenset(os.path.realpath(one) for one in above)
                    listed.extend(_walk(self._root, folder.rstrip("/"), real))
                listed = [one for one in listed if one not in set(folders)]
            self._files = sorted({one for one in listed if not _OWN.fullmatch(one)})
        return self._files

    def _digest(self, path: str) -> str:
        known = self._digests.get(path)
        if known is None:
            known = self._digests[path] = self._read(path)
        return known

    def _read(self, path: str) -> str:
        full = self._prefix + path
        status = os.stat(full)  # noqa: PTH116 - thousands of files; Path doubles the cost
        facts = _facts(status)
        remembered = self._remembered.get(path)
        if remembered is not None and remembered[0] == facts:
            self._stats[path] = remembered
            return remembered[1]
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{full}: is no regular file")
        began = time.time_ns()
        with open(full, "rb") as file:  # noqa: PTH123 - as above
            facts = _facts(os.fstat(file.fileno()))
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            same = _facts(os.fstat(file.fileno())) == facts
        # Whether a program may run it is part of what a file is.
        digest += "x" if status.st_mode & 0o111 else ""
        if same and max(facts[1], facts[2]) < began - _RACY_NS:
            self._stats[path] = (facts, digest)
            self._learned = True
        return digest


def _facts(status: os.stat_result) -> _Stat:
    return (
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
        status.st_ino,
        status.st_dev,
    )


def _load(index: Path) -> _Remembered:
    try:
        content = index.read_bytes()
    except OSError:
        return {}
    if hashlib.sha256(content[32:]).digest() != content[:32]:
        return {}
    try:
        return _decoder.decode(content[32:])
    except msgspec.MsgspecError:
        return {}


def _from_git(root: Path) -> list[str] | None:
    try:
        done = subprocess.run(
            [
                "git",
                "-C",
                str(root),
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ],
            capture_output=True,
            check=False,
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode != 0:
        return None
    return [os.fsdecode(name) for name in done.stdout.split(b"\0") if name]


def _walk(root: Path, folder: str, above: frozenset[str] = frozenset()) -> Iterator[str]:
    """Files below a folder; a link to a folder that is being walked already is not followed."""
    place = os.path.realpath(root / folder)
    if place in above:
        return
    try:
        with os.scandir(place) as scan:
            entries = list(scan)
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        path = f"{folder}/{entry.name}" if folder else entry.name
        if entry.is_dir():
            if entry.name not in IGNORED:
                yield from _walk(root, path, above | {place})
        else:
            yield path
