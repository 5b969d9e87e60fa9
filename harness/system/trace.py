"""Which files a command reads and writes, seen by strace at the system's own calls."""

from __future__ import annotations

import os
import re

ARGUMENTS = ("-f", "-qq", "-y", "-s", "4096", "-e", "trace=open,openat,openat2,creat,execve")
"""`-y` makes strace print the resolved path behind each descriptor, so no folder is tracked."""

_UNFINISHED = re.compile(r"(.*) <unfinished \.\.\.>$")
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>(.*)$")
_OPENED = re.compile(r"(open|openat|openat2|creat)\((.*)\) = \d+<(.*)>$")
_RAN = re.compile(r'execve\("((?:[^"\\]|\\.)*)", .*\) = 0$')
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)")
_NAMED = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"v": b"\v", b"f": b"\f"}


def tracing(program: str, log: str, argv: tuple[str, ...]) -> tuple[str, ...]:
    """The command line that runs `argv` and its children, and writes what they open to `log`."""
    return (program, *ARGUMENTS, "-o", log, "--", *argv)


def files_read(log: str) -> set[str]:
    """Absolute paths that were opened to read, or run, and not written by the command before."""
    read: set[str] = set()
    written: set[str] = set()
    waiting: dict[str, str] = {}
    for line in log.splitlines():
        pid, _, call = line.partition(" ")
        call = call.lstrip()
        if found := _UNFINISHED.match(call):
            waiting[pid] = found[1]
            continue
        if found := _RESUMED.match(call):
            call = waiting.pop(pid, "") + found[1]
        if opened := _OPENED.match(call):
            name, arguments, path = opened[1], opened[2], _plain(opened[3])
            if name == "creat" or re.search(r"\bO_(?:WRONLY|TRUNC)\b", arguments):
                written.add(path)
            elif "O_DIRECTORY" not in arguments and path not in written:
                read.add(path)
        elif ran := _RAN.match(call):
            path = _plain(ran[1])
            if path.startswith("/") and path not in written:
                read.add(path)
    return read


def _plain(text: str) -> str:
    """The path behind strace's escapes."""

    def one(found: re.Match[bytes]) -> bytes:
        said = found[1]
        return bytes([int(said, 8)]) if said.isdigit() else _NAMED.get(said, said)

    return os.fsdecode(_ESCAPE.sub(one, os.fsencode(text)))
