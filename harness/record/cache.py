"""Loaded definitions, kept by the digest of everything they were loaded from.

Validating thousands of checks costs seconds; reading them back costs milliseconds. An entry that is
missing, damaged or of another version is a miss, never an error and never trusted.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from harness.model.definitions import Definitions
from harness.record.folder import make_ignored

_KEEP = 8
_DIGEST_BYTES = 32


def definitions_key(files: Mapping[str, bytes], context: Iterable[str]) -> str:
    """The digest of definition files and of what else decides their meaning (versions, kinds)."""
    digest = hashlib.sha256()
    for text in context:
        digest.update(f"{len(text)}:{text}".encode())
    for name in sorted(files):
        digest.update(f"{len(name)}:{name}:{len(files[name])}:".encode())
        digest.update(files[name])
    return digest.hexdigest()


class DefinitionsCache:
    """A folder of loaded definitions; safe for many processes, bounded to the newest few."""

    def __init__(self, folder: Path) -> None:
        """Name the folder; it is made when something is kept."""
        self._folder = folder

    def get(self, key: str) -> Definitions | None:
        """The definitions kept under `key`, or None."""
        try:
            content = self._path(key).read_bytes()
        except OSError:
            return None
        digest, payload = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
        if hashlib.sha256(payload).digest() != digest:
            return None
        try:
            return msgspec.msgpack.decode(payload, type=Definitions)
        except msgspec.MsgspecError:
            return None

    def put(self, key: str, definitions: Definitions) -> bool:
        """Keep definitions; False when the place refuses, which costs time and nothing else."""
        payload = msgspec.msgpack.encode(definitions)
        target = self._path(key)
        partial = target.with_suffix(f".{os.getpid()}")
        try:
            make_ignored(self._folder.parent)
            self._folder.mkdir(exist_ok=True)
            partial.write_bytes(hashlib.sha256(payload).digest() + payload)
            partial.replace(target)
            self._prune()
        except OSError:
            return False
        return True

    def _path(self, key: str) -> Path:
        return self._folder / f"definitions-{key[:32]}.msgpack"

    def _prune(self) -> None:
        entries = sorted(
            self._folder.glob("definitions-*.msgpack"), key=lambda path: path.stat().st_mtime
        )
        for entry in entries[:-_KEEP]:
            entry.unlink(missing_ok=True)
