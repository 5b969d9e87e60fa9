"""What is being verified, as git knows it: commit, branch, and what differs from the commit."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator

_CHANGED = {"1": 8, "2": 9, "u": 10, "?": 1}
"""Entries of `git status --porcelain=v2` that tell of a difference: fields before the path."""


def checkout(root: str) -> dict[str, str]:
    """Commit, branch and what differs, or under `unknown` why that is not known.

    `modified` is a digest of the tracked files that differ.
    """
    if not _may_be_one(root):
        return {"unknown": "not a git checkout"}
    import subprocess

    try:
        done = subprocess.run(
            ["git", "-C", root, "status", "--porcelain=v2", "--branch", "-z"],
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
            timeout=30,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return {"unknown": f"git cannot be asked ({error})"}
    if done.returncode != 0:
        return {"unknown": "not a git checkout"}
    lines = done.stdout.removesuffix("\0").split("\0")
    facts = dict(
        line.removeprefix("# branch.").split(" ", 1)
        for line in lines
        if line.startswith("# branch.")
    )
    changed = [line for line in _entries(lines) if line[0] in _CHANGED]
    return {
        "commit": facts.get("oid", ""),
        "branch": facts.get("head", "").encode("utf-8", "replace").decode(),
        "changed-files": str(len(changed)),
        "modified": digest_of_parts(
            (line, _content(f"{root}/{line.split(' ', _CHANGED[line[0]])[-1]}"))
            for line in changed
            if line[0] != "?"
        ),
    }


def digest_of_parts(parts: Iterable[tuple[str, bytes]]) -> str:
    """One digest of named contents, in their order."""
    total = hashlib.sha256()
    for name, content in parts:
        total.update(hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest())
        total.update(hashlib.sha256(content).digest())
    return total.hexdigest()[:16]


def _may_be_one(root: str) -> bool:
    """Whether git has anything to say here; where it has not, no process is started for it."""
    folder = os.path.realpath(root)
    while not os.path.exists(f"{folder}/.git"):  # noqa: PTH110 - pathlib would be loaded for it
        above = os.path.dirname(folder)  # noqa: PTH120
        if above == folder:
            return "GIT_DIR" in os.environ
        folder = above
    return True


def _entries(lines: list[str]) -> Iterator[str]:
    """The entries of git's NUL-separated status; a renamed file's old name is none of its own."""
    rest = iter(lines)
    for line in rest:
        if line:
            yield line
        if line.startswith("2 "):
            next(rest, None)


def _content(path: str) -> bytes:
    """The bytes of a file, or nothing where there is none to read: it is gone, or a folder."""
    try:
        # Opening a pipe for reading would wait for a writer.
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(number, "rb") as file:
            return file.read()
    except OSError:
        return b""
