"""What tells whether a program is still the one that answered: files and settings, nothing is run.

An identity is text that differs when the answer might. Where a program only passes a call on (a
rustup proxy, a shim of pyenv, an interpreter's module), what it passes the call on to counts too.
Imports nothing of ours: it is asked before anything else is loaded.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping

PYTHON = "{python}"
"""Stands for the interpreter that runs this, in the command of a capability."""

_VARIABLES = ("RUSTUP_", "CARGO_HOME", "PYENV_", "ASDF_", "PKG_CONFIG", "PYTHON", "NODE_", "LD_")
_CHOSEN = ("rust-toolchain", "rust-toolchain.toml", ".python-version", ".tool-versions")
"""Files by which the working folder, or one above it, chooses what a proxy stands for."""
_PACKAGE_CONFIG = ("/usr/lib", "/usr/local/lib", "/usr/share", "/usr/local/share", "/opt/homebrew")
_NAMESPACES = (
    "/proc/sys/user/max_user_namespaces",
    "/proc/sys/user/max_net_namespaces",
    "/proc/sys/kernel/unprivileged_userns_clone",
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
)


def find(name: str, search_path: str) -> str | None:
    """The path of a program as a shell would find it, or None. A name with a slash is a path."""
    folders = [""] if "/" in name else [f"{one or '.'}/" for one in search_path.split(os.pathsep)]
    for folder in folders:
        path = folder + name
        if os.access(path, os.X_OK) and not os.path.isdir(path):  # noqa: PTH112 - asked very often
            return path
    return None


def facts(path: str) -> str:
    """A file or folder by what changes when it is replaced or written to; never raises."""
    try:
        status = os.stat(path)  # noqa: PTH116 - asked very often
    except OSError as error:
        return f"{path}: {error.errno}"
    return (
        f"{path}: {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"
        f" {status.st_ino} {status.st_dev}"
    )


def identity(programs: Iterable[str], environ: Mapping[str, str]) -> str:
    """What the answers of programs depend on, as text; each is a name, a path or `PYTHON`."""
    lines = [f"{name}={environ[name]}" for name in sorted(environ) if name.startswith(_VARIABLES)]
    for name in programs:
        lines += _program(name, environ)
    return "\n".join(lines)


def answered_by(command: Iterable[str], programs: Iterable[str], environ: Mapping[str, str]) -> str:
    """A digest of all that the answer to a command depends on, the kernel and the user included."""
    system = os.uname()
    kernel = f"{system.sysname} {system.release} {system.version} {system.machine} {os.geteuid()}"
    text = f"{tuple(command)}\n{kernel}\n{identity(programs, environ)}"
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _program(name: str, environ: Mapping[str, str]) -> Iterator[str]:
    found = sys.executable if name == PYTHON else find(name, environ.get("PATH", os.defpath))
    if found is None:
        yield f"{name}: not found"
        return
    real = os.path.realpath(found)
    yield f"{name} is {found}"
    yield facts(real)
    if name == PYTHON:
        yield from (facts(path) for path in sys.path if path.endswith("-packages"))
    elif os.path.basename(real) == "rustup":  # noqa: PTH119 - text is all that is wanted
        yield from _rustup(environ)
        yield from _choices()
    elif "/shims/" in found:
        home = found.rpartition("/shims/")[0]
        yield facts(f"{home}/version")
        yield facts(f"{home}/versions")
        yield from _choices()
    elif name in {"gcc", "g++", "cc"}:
        # The runtimes of the sanitizers are packages of their own beside the compiler.
        above = os.path.dirname(os.path.dirname(real))  # noqa: PTH120
        yield from (facts(one) for one in _below(f"{above}/lib/gcc", 2))
    elif name == "pkg-config":
        for place in _PACKAGE_CONFIG:
            yield facts(f"{place}/pkgconfig")
            yield from (facts(f"{one}/pkgconfig") for one in _below(place, 1))
    elif name == "unshare":
        yield from (_content(path) for path in _NAMESPACES)


def _rustup(environ: Mapping[str, str]) -> Iterator[str]:
    """Which toolchains there are, with which components, and which one is the default."""
    home = environ.get("RUSTUP_HOME") or f"{os.path.expanduser('~')}/.rustup"  # noqa: PTH111
    yield facts(f"{home}/settings.toml")
    for toolchain in _below(f"{home}/toolchains", 1):
        yield facts(f"{toolchain}/lib/rustlib/components")
        yield facts(f"{toolchain}/bin")


def _choices() -> Iterator[str]:
    folder = os.getcwd()  # noqa: PTH109 - text is all that is wanted
    while True:
        yield from (facts(f"{folder}/{name}") for name in _CHOSEN)
        above = os.path.dirname(folder)  # noqa: PTH120
        if above == folder:
            return
        folder = above


def _below(folder: str, depth: int) -> list[str]:
    """The folders so many levels below one, sorted; none where there is no such folder."""
    try:
        with os.scandir(folder) as scan:
            found = sorted(one.path for one in scan if one.is_dir())
    except OSError:
        return []
    return found if depth == 1 else [two for one in found for two in _below(one, depth - 1)]


def _content(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - as above
            return f"{path}: {file.read(200).strip()}"
    except OSError as error:
        return f"{path}: {error.errno}"
