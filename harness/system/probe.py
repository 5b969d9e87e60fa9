"""Observes which capabilities this host has, by running the tools and reading what they say.

Nothing is believed: a compiler has to link, a container engine has to answer, a version is what the
tool prints. Probes run side by side, each with a deadline, and once per process.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness.model.plan import Capability
from harness.system.capabilities import TABLE, Row, install_command

TIMEOUT_SECONDS = 20.0
_PARALLEL = 4
_CACHE: dict[str, Capability] = {}

KNOWN: dict[str, Row] = {row.name: row for row in TABLE}
"""Every capability there is, by name."""


class _MissingError(Exception):
    """The capability is not there; the message says how one knows."""


def probe(names: Iterable[str]) -> dict[str, Capability]:
    """What this host has of `names`, each by its name. Raises `KeyError` for an unknown one."""
    wanted = list(dict.fromkeys(names))
    missing = [name for name in wanted if name not in _CACHE]
    rows = [KNOWN[name] for name in missing]
    if len(rows) == 1:
        _CACHE[rows[0].name] = observe(rows[0])
    elif rows:
        with ThreadPoolExecutor(max_workers=_PARALLEL) as pool:
            for capability in pool.map(observe, rows):
                _CACHE[capability.name] = capability
    return {name: _CACHE[name] for name in wanted}


def observe(row: Row) -> Capability:
    """Look at the host once."""
    try:
        version = _run(row) if row.command else ""
        detail = _LOOKS[row.look]() if row.look else ""
    except _MissingError as why:
        return Capability(
            name=row.name,
            present=False,
            detail=str(why),
            enables=row.enables,
            install=install_command(row),
        )
    return Capability(
        name=row.name, present=True, version=version, detail=detail, enables=row.enables
    )


def browser() -> str:
    """The path of the browser that the capability `chromium` means; empty where there is none."""
    row = KNOWN["chromium"]
    found = (shutil.which(name) for name in (row.command[0], *row.also))
    return next((path for path in found if path), "")


def _run(row: Row) -> str:
    argv = [sys.executable if word == "{python}" else word for word in row.command]
    if row.also and not shutil.which(argv[0]):
        argv[0] = next((name for name in row.also if shutil.which(name)), argv[0])
    text = _output(argv)
    match = re.search(row.version, text)
    return match[1] if match else ""


def _output(argv: list[str], **more: str) -> str:
    """What a command prints. Raises `_MissingError` unless it exits 0 in time."""
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TIMEOUT_SECONDS,
            env={**os.environ, "LC_ALL": "C", **more},
            check=False,
        )
    except FileNotFoundError:
        raise _MissingError(f"{argv[0]} is not on PATH") from None
    except subprocess.TimeoutExpired:
        raise _MissingError(f"{argv[0]} gave no answer in {TIMEOUT_SECONDS:g} s") from None
    except OSError as error:
        raise _MissingError(f"{argv[0]} cannot be run ({error.strerror})") from None
    text = done.stdout.decode("utf-8", "replace")
    if done.returncode != 0:
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        said = f": {lines[0][:160]}" if lines else ""
        raise _MissingError(f"`{' '.join(argv)}` failed{said}")
    return text


def _link_asan() -> str:
    """gcc links and runs a program under AddressSanitizer and UBSan: the runtimes are there."""
    with tempfile.TemporaryDirectory(prefix="release-manager-") as folder:
        source, program = Path(folder, "probe.c"), Path(folder, "probe")
        source.write_text("int main(void) { return 0; }\n")
        _output(["gcc", "-fsanitize=address,undefined", "-o", str(program), str(source)])
        _output([str(program)])
    return "links and runs -fsanitize=address,undefined"


def _rust_asan() -> str:
    """rustc builds and runs a program under AddressSanitizer: nightly, or stable unlocked."""
    with tempfile.TemporaryDirectory(prefix="release-manager-") as folder:
        source, program = Path(folder, "probe.rs"), Path(folder, "probe")
        source.write_text("fn main() {}\n")
        build = ["-Zsanitizer=address", "-o", str(program), str(source)]
        try:
            _output(["rustc", "+nightly", *build])
            how = "rustc +nightly -Zsanitizer=address"
        except _MissingError:
            _output(["rustc", *build], RUSTC_BOOTSTRAP="1")
            how = "rustc -Zsanitizer=address with RUSTC_BOOTSTRAP=1"
        _output([str(program)])
    return how


def _system(name: str) -> str:
    if platform.system() != name:
        raise _MissingError(f"this is {platform.system()}")
    return f"{platform.release()} {platform.machine()}"


def _apple_silicon() -> str:
    if platform.system() != "Darwin" or platform.machine() != "arm64":
        raise _MissingError(f"this is {platform.system()} on {platform.machine()}")
    return platform.machine()


def _root() -> str:
    if os.geteuid() != 0:
        raise _MissingError("this user is not root")
    return "effective user id 0"


_LOOKS: dict[str, Callable[[], str]] = {
    "link-asan": _link_asan,
    "rust-asan": _rust_asan,
    "linux": lambda: _system("Linux"),
    "macos": lambda: _system("Darwin"),
    "apple-silicon": _apple_silicon,
    "netns": lambda: "an unprivileged user can make one",
    "root": _root,
}
