"""Where the things under test are, and the refusal to test what is missing or out of date.

Each path comes from its environment variable, else from Cargo's release folder. A missing or stale
build is a failure that names the make target; a skip here would let a broken build pass.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORKSPACE = ROOT / "native" / "gateway"
RELEASE = WORKSPACE / "target" / "release"
BUILD_COMMAND = "make v7-build"

# `convergio-abi` with its test-only entry points, apart from the shipped build so that neither
# overwrites the other.
FAULT_TARGET = WORKSPACE / "target" / "boundary"
FAULT_BUILD = (
    "cargo",
    "build",
    "--package=convergio-abi",
    "--features=fault-injection",
    f"--target-dir={FAULT_TARGET}",
)


def header() -> Path:
    """The generated C header."""
    return _product("CONVERGIO_HEADER", WORKSPACE / "include" / "convergio.h")


def shared_library() -> Path:
    """The shared library as shipped."""
    return _product("CONVERGIO_LIBRARY", RELEASE / "libconvergio.so")


def static_library() -> Path:
    """The static library as shipped."""
    return _product("CONVERGIO_STATIC_LIBRARY", RELEASE / "libconvergio.a")


def gateway() -> Path:
    """The gateway binary as shipped."""
    return _product("CONVERGIO_GATEWAY", RELEASE / "convergio-gateway")


def fault_library() -> Path:
    """Builds the library with its test-only entry points (Cargo does nothing when it is fresh)."""
    run_tool(FAULT_BUILD, cwd=WORKSPACE)
    return _product("CONVERGIO_FAULT_LIBRARY", FAULT_TARGET / "debug" / "libconvergio.so")


def run_tool(
    command: tuple[str, ...], *, cwd: Path, environment: dict[str, str] | None = None
) -> str:
    """Runs a build tool; its failure is ours, with everything it printed."""
    finished = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="backslashreplace",
    )
    assert finished.returncode == 0, (
        f"{' '.join(command)}\nin {cwd} ended with {finished.returncode}:\n{finished.stdout}"
    )
    return finished.stdout


def _product(variable: str, default: Path) -> Path:
    path = Path(os.environ.get(variable, default))
    assert path.is_file(), (
        f"{path} does not exist; `{BUILD_COMMAND}` builds it, or set {variable} to one you built"
    )
    newer = _sources_newer_than(path)
    assert not newer, f"{path} is older than {newer[0]}; `{BUILD_COMMAND}` builds it afresh"
    return path


def _sources_newer_than(product: Path) -> list[Path]:
    """Sources changed since, by the dependency list Cargo writes beside what it builds."""
    listing = product.with_suffix(".d")
    if not listing.is_file():
        return []
    _, _, sources = listing.read_text().partition(": ")
    # Make syntax: a space inside a name is escaped by a backslash.
    names = sources.strip().replace("\\ ", "\0").split(" ")
    paths = [Path(name.replace("\0", " ")) for name in names if name]
    built = product.stat().st_mtime
    return [path for path in paths if path.exists() and path.stat().st_mtime > built]
