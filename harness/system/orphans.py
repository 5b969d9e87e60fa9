"""Finds processes that outlived the check that began them, and knows whose they were.

Linux: this process becomes the *child subreaper* (prctl(2)), so a process whose parent ends becomes
our direct child. One small read of `/proc/self/task/<pid>/children` after each exit is then a full
census, however the process hid (double fork, setsid, ignored signals): whoever is there and was
not spawned by us is an orphan of a check. Whose, its process group or its environment says.

Elsewhere there is no such list; `limits()` says in words what cannot be promised.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Container
from pathlib import Path

TRACE = "RELEASE_MANAGER_TRACE"
"""Environment variable: `OUTER/RUN.NUMBER`, the chain of supervised spawns a process stems from.

It nests: a harness inside a harness appends to what it inherited, so the outer one still knows
its own, and ends them, however deep they are."""

_PR_SET_CHILD_SUBREAPER = 36  # <linux/prctl.h>


def become_subreaper() -> bool:
    """Let orphaned descendants become our children. False where the system has no such thing."""
    if sys.platform != "linux":
        return False
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)


class Census:
    """Lists this process's direct children that nobody spawned knowingly."""

    def __init__(self) -> None:
        """Children that exist already are somebody else's business and are never touched."""
        self.works = False
        self._fd = -1
        self._foreign: frozenset[int] = frozenset()
        if not become_subreaper():
            return
        try:
            # The kernel hands orphans to the first living thread, which is the main one.
            self._fd = os.open(f"/proc/self/task/{os.getpid()}/children", os.O_RDONLY)
            self._foreign = frozenset(self._children())
        except OSError:
            return
        self.works = True

    def limits(self) -> str:
        """What cannot be promised on this system; empty when everything can."""
        if self.works:
            return ""
        return (
            "this system does not list orphaned processes: only process groups are ended, and a"
            " process that left its group can outlive its check unseen"
        )

    def strangers(self, known: Container[int]) -> list[int]:
        """Children, alive or not yet reaped, that are neither `known` nor older than the census."""
        if not self.works:
            return []
        return [pid for pid in self._children() if pid not in known and pid not in self._foreign]

    def _children(self) -> list[int]:
        return [int(pid) for pid in os.pread(self._fd, 65536, 0).split()]

    def close(self) -> None:
        """Let go of the list. This process stays the subreaper: that cannot harm."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        self.works = False


def trace_of(pid: int) -> str:
    """The `TRACE` a process was started with; empty when it has none or is not ours to read."""
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return ""
    prefix = TRACE.encode() + b"="
    for entry in environment.split(b"\0"):
        if entry.startswith(prefix):
            return entry[len(prefix) :].decode("utf-8", "replace")
    return ""


def describe(pid: int) -> str:
    """A process for a person: its command line (shortened) and its id."""
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").strip()
        if not line:
            line = Path(f"/proc/{pid}/comm").read_bytes().strip()
    except OSError:
        line = b"a process that just ended"
    text = line.decode("utf-8", "replace")
    if len(text) > 120:
        text = text[:117] + "..."
    return f"{text} (pid {pid})"


def reap(pid: int) -> bool:
    """Take the exit status of a child that has ended. False when it still runs."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


def kill_family(pid: int, signal_number: int) -> None:
    """Signal an unreaped child's whole group, or the child alone when it shares ours.

    The child is not reaped yet, so neither its id nor its group's can have been taken by another.
    """
    try:
        group = os.getpgid(pid)
        if group == os.getpgrp():
            os.kill(pid, signal_number)
        else:
            os.killpg(group, signal_number)
    except (ProcessLookupError, PermissionError):
        return  # it ended meanwhile, or became another user's; the next census tells
