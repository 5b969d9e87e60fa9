"""valgrind's memcheck over the C programs and the library as one process.

It needs no instrumentation, so it also sees into the standard library, where AddressSanitizer is
blind; it misses overreads on the stack, which AddressSanitizer sees.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from suites.gateway import builds
from suites.gateway.memory_safety import tools
from suites.gateway.programs import (
    SYSTEM_LIBRARIES,
    Linkage,
    compile_program,
    ending,
    program_sources,
    run_program,
)

pytestmark = pytest.mark.timeout(tools.BUILD_SECONDS)

CAUGHT = 99
VALGRIND = (
    "valgrind",
    "-q",
    f"--error-exitcode={CAUGHT}",
    "--leak-check=full",
    "--show-leak-kinds=definite",
    "--errors-for-leak-kinds=definite",
    # Valgrind runs one thread at a time; without this a spinning thread can starve the others.
    "--fair-sched=yes",
)


@pytest.fixture(scope="session", autouse=True)
def toolchain() -> None:
    tools.require("valgrind")


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mixed program with a bug per name, built as plainly as the library is."""
    folder = tmp_path_factory.mktemp("planted-valgrind")
    library = folder / "libplanted.a"
    source = str(tools.PLANTED / "planted.rs")
    rustc = ("rustc", "--edition=2024", "--crate-type=staticlib", "-Copt-level=1", "-g")
    builds.run_tool((*rustc, source, f"-o{library}"), cwd=folder)
    program = folder / "planted"
    gcc = ("gcc", "-std=c17", "-g", "-O1", "-Wno-use-after-free")
    source = str(tools.PLANTED / "planted.c")
    builds.run_tool((*gcc, source, f"-o{program}", str(library), *SYSTEM_LIBRARIES), cwd=folder)
    return program


@pytest.mark.parametrize(
    ("bug", "report"),
    [
        ("c-use-after-free", "Invalid read"),
        ("c-overread", "Invalid read"),
        ("c-leak", "definitely lost"),
        ("rust-use-after-free", "Invalid read"),
        ("rust-overread", "Invalid read"),
        ("rust-leak", "definitely lost"),
    ],
)
def test_planted_bug_is_caught(planted: Path, bug: str, report: str) -> None:
    finished = run_program((*VALGRIND, planted, bug), {})
    assert finished.returncode == CAUGHT, ending(finished)
    assert report in finished.stderr


def test_clean_control_passes(planted: Path) -> None:
    finished = run_program((*VALGRIND, planted, "clean"), {})
    assert finished.returncode == 0, ending(finished)


@pytest.mark.parametrize("source", program_sources(), ids=lambda source: source.stem)
def test_program_is_clean(
    source: Path, fault_library: Path, program_environment: dict[str, str], tmp_path: Path
) -> None:
    program = compile_program(source, tmp_path, Linkage(library=fault_library))

    finished = run_program((*VALGRIND, program), program_environment, seconds=600)

    assert finished.returncode == 0, ending(finished)
