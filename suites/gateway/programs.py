"""Compiles the C test programs and runs them, one process per claim."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from suites.gateway import builds

SOURCES = Path(__file__).parent / "c"
WARNINGS = ("-Wall", "-Wextra", "-Werror", "-pedantic", "-Wstrict-prototypes", "-Wshadow")
# What a Rust static library needs from the system, as `rustc --print native-static-libs` says.
SYSTEM_LIBRARIES = ("-lpthread", "-ldl", "-lm", "-lgcc_s", "-lrt", "-lutil")
SECONDS = 60

# As CHECK and CHECK_STATUS of claims.h write it.
_BROKEN_CLAIM = re.compile(
    r"^(.+\.[ch]):(\d+): (.*(?:does not hold: |: expected ).*)$", re.MULTILINE
)
_CLAIM = re.compile(r"^CLAIM\((\w+)\)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Linkage:
    """How a program reaches the library: compiler, extra flags, and the library file."""

    library: Path
    compiler: str = "gcc"
    flags: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def arguments(self) -> tuple[str, ...]:
        """The linker's part of the command line."""
        if self.library.suffix == ".a":
            return (str(self.library), *SYSTEM_LIBRARIES)
        return (str(self.library), f"-Wl,-rpath,{self.library.parent}", "-lpthread")


def program_sources() -> list[Path]:
    """Every test program, in a stable order."""
    return sorted(SOURCES.glob("*.c"))


def needs_faults(source: Path) -> bool:
    """Whether a program calls entry points that the shipped library does not have."""
    return '#include "fault_injection.h"' in source.read_text()


def claims_of(source: Path) -> list[str]:
    """The names in a program's source, which a test compares with what the program lists."""
    return _CLAIM.findall(source.read_text())


def compile_program(source: Path, folder: Path, linkage: Linkage) -> Path:
    """Compiles one program into `folder`."""
    program = folder / source.stem
    command = (
        linkage.compiler,
        "-std=c17",
        # The programs use threads and clocks of POSIX, which strict C17 hides.
        "-D_POSIX_C_SOURCE=200809L",
        "-g",
        "-O1",
        *WARNINGS,
        *linkage.flags,
        f"-I{builds.header().parent}",
        f"-I{SOURCES}",
        str(source),
        "-o",
        str(program),
        *linkage.arguments(),
    )
    builds.run_tool(command, cwd=folder)
    return program


def run_program(
    command: Sequence[str | Path], environment: Mapping[str, str], seconds: float = SECONDS
) -> subprocess.CompletedProcess[str]:
    """Runs a program whose end, whatever it is, the caller judges."""
    return subprocess.run(
        command,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="backslashreplace",
        timeout=seconds,
    )


def ending(finished: subprocess.CompletedProcess[str]) -> str:
    """What a program said and how it ended, for a failure message. A claim that does not
    hold comes first: reports quote the first line."""
    code = finished.returncode
    how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
    said = finished.stdout + finished.stderr
    broken = _BROKEN_CLAIM.search(finished.stderr)
    if broken is None:
        return f"{how}\n{said}"
    where, line, what = broken.groups()
    return f"{Path(where).name}:{line}: {what}\n{how}\n{said}"
