"""Digests of the project's files, read again only when a file may have changed.

A remembered digest counts while size, modification and change time, inode and device are the same.
A file that was written shortly before it was read is not remembered: another write within the
clock's tick would leave the same times (git calls such an entry racy), so it is read again.

The files of a project are those of `listing`. A path that is named without wildcards counts even
when it is ignored.
"""

from __future__ import annotations

import bisect
import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from harness.model.glob import compiled, fixed_part, is_literal
from harness.record.listing import Known, Stat, project_files, read_digest, stat_of

_MOST = 200_000

_Remembered = dict[str, tuple[Stat, str]]
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

    def known(self, path: str, digest: str) -> Known:
        """What a file that was read with this digest is known by."""
        facts, remembered = self._stats.get(path, (None, ""))
        return (facts if remembered == digest else None), digest

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
                mode = os.stat(self._prefix + name).st_mode  # noqa: PTH116 - as below
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
            self._files = project_files(str(self._root))
        return self._files

    def _digest(self, path: str) -> str:
        known = self._digests.get(path)
        if known is None:
            known = self._digests[path] = self._read(path)
        return known

    def _read(self, path: str) -> str:
        full = self._prefix + path
        remembered = self._remembered.get(path)
        # Thousands of files; Path doubles the cost.
        if remembered is not None and stat_of(os.stat(full)) == remembered[0]:  # noqa: PTH116
            self._stats[path] = remembered
            return remembered[1]
        facts, digest = read_digest(full)
        if facts is not None:
            self._stats[path] = (facts, digest)
            self._learned = True
        return digest


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
