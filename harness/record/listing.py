"""Which files of a project can be inputs, and what tells cheaply that one of them changed.

Those that git knows or would add; without git, all but the folders in `IGNORED`. What runs leave
(`.release-manager`, run folders) never counts. Imports nothing of ours: it is asked before anything
else is loaded.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterator

IGNORED = frozenset(
    {
        ".git", ".hg", ".svn", ".release-manager", ".venv", "venv", ".tox", ".nox", ".hypothesis",
        ".mypy_cache", ".ruff_cache", ".pytest_cache", "__pycache__", "node_modules", "target",
    }
)  # fmt: skip
"""Folders that hold what tools made, at any depth, where git is not there to say."""

RACY_NS = 2_000_000_000
"""A file is known by its times only when it was last touched so long before it was read."""

_RUN_ID = "00000000T000000Z-"

Stat = tuple[int, int, int, int, int]
"""Size, modification and change time in nanoseconds, inode, device."""


Known = tuple[Stat | None, str]
"""What a file is known by: its stat, if that tells every change, and the digest of its contents."""


def stat_of(status: os.stat_result) -> Stat:
    """What tells a file from itself after a change."""
    return (
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
        status.st_ino,
        status.st_dev,
    )


def read_digest(path: str) -> Known:
    """A file's digest, and its stat when that tells every later change; else None.

    Another write within the clock's tick would leave the same times (git calls such an entry
    racy), so a file that was touched shortly before is known by its contents alone. Raises
    `OSError` for a file that cannot be read or is no regular one.
    """
    began = time.time_ns()
    # Opening a pipe for reading would wait for a writer.
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(number, "rb") as file:
        status = os.fstat(number)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{path}: is no regular file")
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        facts = stat_of(status)
        same = stat_of(os.fstat(number)) == facts
    # Whether a program may run it is part of what a file is.
    digest += "x" if status.st_mode & 0o111 else ""
    return (facts if same and max(facts[1], facts[2]) < began - RACY_NS else None), digest


def project_files(root: str) -> list[str]:
    """Every file that can be an input, sorted; relative paths with slashes."""
    listed = _from_git(root)
    if listed is None:
        listed = list(_walk(root, ""))
    else:
        # A submodule or a link to a folder is one entry of git's; its files count.
        folders = {one for one in listed if os.path.isdir(f"{root}/{one}")}  # noqa: PTH112 - many
        for folder in folders:
            inside = folder.rstrip("/")
            above = frozenset(os.path.realpath(one) for one in _above(f"{root}/{inside}"))
            listed.extend(_walk(root, inside, above))
        listed = [one for one in listed if one not in folders]
    return sorted({one for one in listed if not is_ours(one)})


def _above(path: str) -> Iterator[str]:
    """The folders that a path stands in, up to the root of the file system."""
    while (folder := os.path.dirname(path)) != path:  # noqa: PTH120 - text is all that is wanted
        yield folder
        path = folder


def is_ours(path: str) -> bool:
    """Whether a path is of what runs leave behind."""
    first, _, rest = path.partition("/")
    if first == ".release-manager":
        return True
    if first != "reports" or not rest:
        return False
    name = rest.partition("/")[0]
    return name in {"latest", ".gitignore"} or name.startswith(".latest-") or _is_run_id(name)


def _is_run_id(name: str) -> bool:
    """`20261123T073105Z-1f0c2a`, and nothing that only resembles it."""
    head, tail = name[: len(_RUN_ID)], name[len(_RUN_ID) :]
    shape = "".join("0" if one.isascii() and one.isdigit() else one for one in head)
    return shape == _RUN_ID and len(tail) == 6 and all(one in "0123456789abcdef" for one in tail)


def _from_git(root: str) -> list[str] | None:
    import subprocess

    arguments = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(
            ["git", "-C", root, *arguments], capture_output=True, check=False, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode != 0:
        return None
    return [os.fsdecode(name) for name in done.stdout.split(b"\0") if name]


def _walk(root: str, folder: str, above: frozenset[str] = frozenset()) -> Iterator[str]:
    """Files below a folder; a link to a folder that is being walked already is not followed."""
    place = os.path.realpath(f"{root}/{folder}")
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
