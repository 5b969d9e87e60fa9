"""What probes found, remembered until a program that answered is another or a day has passed.

Asking costs up to a second of processes; whether they would answer the same costs a few
milliseconds (`identity`). What depends on more than files is asked every time (`ASKED_ALWAYS`), and
`doctor` believes nothing that is remembered. The file can be deleted at any time.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from harness.model.base import Record
from harness.model.plan import Capability
from harness.system.capabilities import Row
from harness.system.identity import answered_by
from harness.system.probe import KNOWN, probe

ASKED_ALWAYS = frozenset({"docker"})
"""An engine may have ended since, without any file telling."""

LIFETIME_SECONDS = 24 * 3600.0
LOOKS = {"rust-asan": ("rustc", "cc"), "link-asan": ("gcc",), "netns": ("unshare",)}


class _Answer(Record, frozen=True):
    """One answer: the identity of whoever gave it, and when (seconds since 1970)."""

    identity: str
    at: float
    capability: Capability


def programs_of(row: Row) -> tuple[str, ...]:
    """The programs that observing a capability starts, with the interpreter as `{python}`."""
    return (*row.command[:1], *row.also, *LOOKS.get(row.look, ()))


def answers(memory: Path) -> dict[str, tuple[str, float]]:
    """The identity and the time of each remembered answer, by capability."""
    return {name: (one.identity, one.at) for name, one in _load(memory).items()}


def observed(
    names: Iterable[str],
    memory: Path,
    *,
    ask: Callable[[Iterable[str]], dict[str, Capability]] = probe,
) -> dict[str, Capability]:
    """What this host has of `names`; `ask` answers only what `memory`, a file, cannot.

    Raises `KeyError` for an unknown name.
    """
    wanted = list(dict.fromkeys(names))
    known, now = _load(memory), time.time()
    identities = {name: _identity(KNOWN[name]) for name in wanted}
    found = {
        name: known[name].capability
        for name in wanted
        if name in known
        and name not in ASKED_ALWAYS
        and known[name].identity == identities[name]
        and 0 <= now - known[name].at < LIFETIME_SECONDS
    }
    unknown = [name for name in wanted if name not in found]
    asked = ask(unknown) if unknown else {}
    if asked:
        answers = {
            name: _Answer(identity=identities[name], at=now, capability=capability)
            for name, capability in asked.items()
        }
        _save(memory, {**_load(memory), **answers})
    return {name: found.get(name) or asked[name] for name in wanted}


def _identity(row: Row) -> str:
    return answered_by(row.command, programs_of(row), os.environ)


def _load(memory: Path) -> dict[str, _Answer]:
    try:
        content = memory.read_bytes()
        if hashlib.sha256(content[32:]).digest() != content[:32]:
            return {}
        return msgspec.msgpack.decode(content[32:], type=dict[str, _Answer])
    except (OSError, msgspec.MsgspecError):
        return {}


def _save(memory: Path, answers: dict[str, _Answer]) -> None:
    """Remember; a place that refuses costs time and nothing else."""
    payload = msgspec.msgpack.encode(answers)
    partial = memory.with_suffix(f".{os.getpid()}")
    try:
        memory.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(hashlib.sha256(payload).digest() + payload)
        partial.replace(memory)
    except OSError:
        return
