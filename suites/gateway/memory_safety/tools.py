"""What the memory-safety tests share: toolchains, typed skips, and reading a tool's verdict.

The three tools are alternatives in order of preference; each has a blind spot that another covers:
Miri sees every undefined behaviour but cannot cross into C; AddressSanitizer crosses, but not into
the uninstrumented standard library; valgrind sees all code but misses overreads on the stack.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from suites.gateway import builds

PLANTED = Path(__file__).parent / "planted"
TARGET = "x86_64-unknown-linux-gnu"
BUILD_SECONDS = 1800


def missing(tool: str) -> list[str]:
    """What this host lacks for a tool, each with the remedy; empty when it can run."""
    needs: dict[str, list[tuple[str, Callable[[], bool], str]]] = {
        "miri": [("miri", has_miri, "rustup +nightly component add miri")],
        "asan": [CARGO, GCC],
        "valgrind": [CARGO, GCC, ("valgrind", lambda: has_program("valgrind"), _apt("valgrind"))],
    }
    return [
        f"capability_missing: {name} is not installed; {remedy}"
        for name, available, remedy in needs[tool]
        if not available()
    ]


def require(tool: str) -> None:
    """Skips with the typed reason `capability_missing`; for host tools only, never for builds."""
    reasons = missing(tool)
    if reasons:
        pytest.skip("; ".join(reasons))


def has_program(name: str) -> bool:
    return shutil.which(name) is not None


def sanitizing_cargo() -> tuple[tuple[str, ...], dict[str, str]]:
    """Cargo that accepts `-Zsanitizer`: the nightly one, else the stable one told to allow it.

    Sanitizer runtimes ship with both toolchains.
    """
    if _answers(("cargo", "+nightly", "--version")):
        return ("cargo", "+nightly"), {}
    return ("cargo",), {"RUSTC_BOOTSTRAP": "1"}


def has_miri() -> bool:
    return _answers(("cargo", "+nightly", "miri", "--version"))


def _answers(command: tuple[str, ...]) -> bool:
    if not has_program(command[0]):
        return False
    return subprocess.run(command, cwd=builds.WORKSPACE, capture_output=True).returncode == 0


def _apt(package: str) -> str:
    return f"apt-get install {package}"


CARGO = ("cargo", lambda: has_program("cargo"), "install Rust with rustup")
GCC = ("gcc", lambda: has_program("gcc"), _apt("gcc"))
