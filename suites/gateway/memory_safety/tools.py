"""What the memory-safety tests share: toolchains, typed skips, and reading a tool's verdict.

The three tools are alternatives in order of preference; each has a blind spot that another covers:
Miri sees every undefined behaviour but cannot cross into C; AddressSanitizer crosses, but not into
the uninstrumented standard library; valgrind sees all code but misses overreads on the stack.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from suites.gateway import builds

PLANTED = Path(__file__).parent / "planted"
TARGET = "x86_64-unknown-linux-gnu"
BUILD_SECONDS = 1800


def require(capability: str, available: bool, remedy: str) -> None:
    """Skips with the typed reason `capability_missing`; for host tools only, never for builds."""
    if not available:
        pytest.skip(f"capability_missing: {capability} is not installed; {remedy}")


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
