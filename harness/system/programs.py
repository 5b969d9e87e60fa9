"""Finds programs as `execvp` would, and explains a program that cannot be started."""

from __future__ import annotations

import difflib
import errno
import os
from collections.abc import Mapping
from pathlib import Path

_DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"


class StartError(Exception):
    """A program could not be started; the message says why and what to do."""


def find_program(name: str, search_path: str) -> str:
    """The path of a program. A name with a slash is taken as it is.

    Raises `StartError` when no folder of `search_path` holds an executable of that name.
    """
    if "/" in name:
        return name
    folders = (search_path or _DEFAULT_PATH).split(os.pathsep)
    # Looked up each time: a check may well install the program that the next one runs. Plain
    # strings, because this happens once per spawn.
    for folder in folders:
        candidate = f"{folder or '.'}/{name}"
        if os.access(candidate, os.X_OK) and not os.path.isdir(candidate):  # noqa: PTH112
            return candidate
    for folder in folders:
        if (Path(folder) / name).is_file():
            raise StartError(f"{folder}/{name} is not executable; run `chmod +x {folder}/{name}`")
    near = difflib.get_close_matches(name, _programs_of(search_path), n=1, cutoff=0.75)
    hint = f"nearest is {near[0]!r}; " if near else ""
    raise StartError(f"program {name!r} is not on PATH; {hint}{install_hint(name)}")


def install_hint(name: str) -> str:
    """How to get a program, where the capability table knows it."""
    from harness.system.capabilities import TABLE, install_command

    for row in TABLE:
        if row.command and row.command[0] == name:
            return f"install it with `{install_command(row)}`"
    return "install it or correct the name"


def explain_start_failure(error: OSError, program: str, cwd: str) -> str:
    """Why `posix_spawn` refused, in words."""
    path = Path(cwd) / program
    if error.errno == errno.ENOENT:
        if not path.exists():
            return f"program {program!r} does not exist{_nearest_sibling(path)}"
        interpreter = _interpreter(path)
        if interpreter:
            return (
                f"{program}: its interpreter {interpreter!r} does not exist;"
                " correct the #! line or install the interpreter"
            )
        return f"{program}: its dynamic loader does not exist; it was built for another system"
    if error.errno == errno.EACCES:
        if path.is_dir():
            return f"{program} is a folder; name a program"
        return f"{program} is not executable; run `chmod +x {program}`"
    if error.errno == errno.ENOEXEC:
        return f"{program} is neither a program nor a script with a #! line; add one"
    if error.errno == errno.E2BIG:
        return f"{program}: its arguments and environment are too long; pass a file instead"
    return f"{program} cannot be started: {error.strerror}"


def _nearest_sibling(path: Path) -> str:
    """The nearest name in the same folder, or the first folder that is missing."""
    if not path.parent.is_dir():
        return f": its folder {str(path.parent)!r} does not exist; build it first"
    names = [entry.name for entry in os.scandir(path.parent)]
    near = difflib.get_close_matches(path.name, names, n=1)
    return f"; nearest is {near[0]!r}" if near else "; build it first or correct the name"


def _interpreter(path: Path) -> str:
    with path.open("rb") as file:
        line = file.readline(256)
    if not line.startswith(b"#!"):
        return ""
    words = line[2:].decode("utf-8", "replace").split()
    return words[0] if words else ""


def _programs_of(search_path: str) -> set[str]:
    names: set[str] = set()
    for folder in search_path.split(os.pathsep):
        if Path(folder or ".").is_dir():
            names.update(entry.name for entry in os.scandir(folder or "."))
    return names


def search_path_of(env: Mapping[str, str]) -> str:
    """The PATH a child will see."""
    return env.get("PATH", _DEFAULT_PATH)
