"""A whole decision in one small file: what it rested on, and the run it would be again.

While all that a stamp names is as it was, the run it tells of can be told once more without reading
a definition. A file counts as it was while its size, times, inode and device are, or when it was
too young for them to tell (`listing.RACY_NS`), while its contents are. Imports nothing of ours that
imports something: it is asked before anything else is loaded.
"""

from __future__ import annotations

import hashlib
import marshal
import os
from collections.abc import Iterable, Mapping

from harness.record.listing import Known, read_digest, stat_of

VERSION = 2
LIFETIME_SECONDS = 24 * 3600.0
_KEEP = 8
_DIGEST_BYTES = 32
_PREFIX = "stamp-"


class Stamp:
    """What one decision rested on, and what it came to.

    `facts` are of the surroundings, by name; `programs`, `variables` and `capabilities` (what is
    run, and what that starts) say which of them to look at. `made` and `expires` are seconds since
    1970. `fixed` are files that must be as they were, by absolute path; `files` are inputs of
    checks, by path in the project. `patterns` are inputs that name many files, and `listing` is
    every file there was (NUL between two), where there are such patterns. `globs` are outputs of
    builds by pattern. `folders` hold the evidence, by run; `run_id` is the latest run with reports
    of its own. `head`, `source`, `plan` and `ends` are the parts of a journal, in its JSON; `title`
    and `words` what a terminal is told; `attachments` files to copy, as source and name; `checks`
    how many checks there are. `whole` is false when the plan is recorded with something masked.
    """

    __slots__ = (
        "attachments", "capabilities", "checks", "ends", "expires", "facts", "files", "fixed",
        "folders", "globs", "head", "listing", "made", "patterns", "plan", "programs", "reports",
        "run_id", "source", "title", "variables",
        "whole", "words",
    )  # fmt: skip

    facts: dict[str, str]
    programs: tuple[str, ...]
    variables: tuple[str, ...]
    capabilities: dict[str, tuple[tuple[str, ...], tuple[str, ...]]]
    made: float
    expires: float
    fixed: dict[str, Known]
    files: dict[str, Known]
    patterns: tuple[str, ...]
    listing: str
    globs: dict[str, tuple[str, ...]]
    folders: dict[str, str]
    reports: str
    run_id: str
    checks: int
    whole: bool
    head: bytes
    source: bytes
    plan: bytes
    ends: tuple[bytes, ...]
    title: str
    words: tuple[str, ...]
    attachments: tuple[tuple[str, str], ...]

    def __init__(self, **values: object) -> None:
        """Take every value by its name. Raises `KeyError` when one is missing."""
        for name in self.__slots__:
            setattr(self, name, values[name])


def stamp_path(folder: str, words: Iterable[str]) -> str:
    """Where the stamp of one question stands; `words` are all that the question consists of."""
    digest = hashlib.sha256("\0".join(words).encode("utf-8", "surrogateescape")).hexdigest()
    return f"{folder}/{_PREFIX}{digest[:32]}"


def load(path: str) -> Stamp | None:
    """The stamp in a file; None when there is none, or it is damaged or of another version."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - pathlib would be loaded for it
            content = memoryview(file.read())
        if hashlib.sha256(content[_DIGEST_BYTES:]).digest() != content[:_DIGEST_BYTES]:
            return None
        version, values = marshal.loads(content[_DIGEST_BYTES:])  # noqa: S302 - a cache of ours
        return Stamp(**values) if version == VERSION else None
    except (OSError, ValueError, EOFError, TypeError, KeyError):
        return None


def save(path: str, stamp: Stamp) -> bool:
    """Keep a stamp, and only the newest few; False when the place refuses: that only costs time."""
    values = {name: getattr(stamp, name) for name in Stamp.__slots__}
    payload = marshal.dumps((VERSION, values))
    partial = f"{path}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
        with open(partial, "wb") as file:  # noqa: PTH123
            file.write(hashlib.sha256(payload).digest() + payload)
        os.replace(partial, path)  # noqa: PTH105
        _prune(os.path.dirname(path))  # noqa: PTH120
    except OSError:
        return False
    return True


def differing(files: Mapping[str, Known], prefix: str) -> set[str]:
    """Which of these files are not what they were, a missing one included."""
    changed = set()
    stat = os.stat
    for path, (facts, digest) in files.items():
        try:
            if facts is not None and stat_of(stat(prefix + path)) == facts:
                continue
            if read_digest(prefix + path)[1] == digest:
                continue
        except OSError:
            pass
        changed.add(path)
    return changed


def _prune(folder: str) -> None:
    with os.scandir(folder) as scan:
        found = [one for one in scan if one.name.startswith(_PREFIX)]
    aged = sorted((one.stat().st_mtime_ns, one.path) for one in found)
    for _, path in aged[:-_KEEP]:
        os.unlink(path)  # noqa: PTH108
