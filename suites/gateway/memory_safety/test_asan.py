"""AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer over C and Rust in one process.

The Rust library, the C core inside it and the C programs are all instrumented; with a plain Rust
library the Rust side's overreads would pass unseen. Planted bugs on both sides prove the tool.
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

TARGET_FOLDER = builds.WORKSPACE / "target" / "asan"
CAUGHT = 86
C_FLAGS = (
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=undefined",
    "-fno-omit-frame-pointer",
)
ENVIRONMENT = {
    "ASAN_OPTIONS": f"detect_leaks=1:detect_stack_use_after_return=1:exitcode={CAUGHT}",
    "UBSAN_OPTIONS": f"print_stacktrace=1:exitcode={CAUGHT}",
}


@pytest.fixture(scope="session", autouse=True)
def toolchain() -> None:
    tools.require("asan")


@pytest.fixture(scope="session")
def instrumented_library() -> Path:
    """`libconvergio.a` with its test entry points, all of it but std instrumented."""
    cargo, environment = tools.sanitizing_cargo()
    builds.run_tool(
        (
            *cargo,
            "rustc",
            "--package=convergio-abi",
            "--lib",
            "--crate-type=staticlib",
            "--features=fault-injection",
            f"--target={tools.TARGET}",
            f"--target-dir={TARGET_FOLDER}",
        ),
        cwd=builds.WORKSPACE,
        environment={
            **environment,
            "RUSTFLAGS": "-Zsanitizer=address",
            f"CFLAGS_{tools.TARGET.replace('-', '_')}": " ".join(C_FLAGS),
        },
    )
    return TARGET_FOLDER / tools.TARGET / "debug" / "libconvergio.a"


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mixed program with a bug per name, instrumented exactly as the real ones are."""
    folder = tmp_path_factory.mktemp("planted-asan")
    library = folder / "libplanted.a"
    cargo, environment = tools.sanitizing_cargo()
    builds.run_tool(
        (
            "rustc",
            *cargo[1:],
            "--edition=2024",
            "--crate-type=staticlib",
            "-Copt-level=1",
            "-Zsanitizer=address",
            f"--target={tools.TARGET}",
            str(tools.PLANTED / "planted.rs"),
            f"-o{library}",
        ),
        cwd=folder,
        environment=environment,
    )
    program = folder / "planted"
    source = str(tools.PLANTED / "planted.c")
    builds.run_tool(
        (
            "gcc",
            "-std=c17",
            "-g",
            "-O1",
            *C_FLAGS,
            source,
            f"-o{program}",
            str(library),
            *SYSTEM_LIBRARIES,
        ),
        cwd=folder,
    )
    return program


@pytest.mark.parametrize(
    ("bug", "report"),
    [
        ("c-use-after-free", "heap-use-after-free"),
        ("c-overread", "heap-buffer-overflow"),
        ("c-leak", "LeakSanitizer: detected memory leaks"),
        ("c-overflow", "signed integer overflow"),
        ("rust-use-after-free", "heap-use-after-free"),
        ("rust-overread", "heap-buffer-overflow"),
        ("rust-leak", "LeakSanitizer: detected memory leaks"),
    ],
)
def test_planted_bug_is_caught(planted: Path, bug: str, report: str) -> None:
    finished = run_program((planted, bug), ENVIRONMENT)
    assert finished.returncode == CAUGHT, ending(finished)
    assert report in finished.stderr


def test_clean_control_passes(planted: Path) -> None:
    finished = run_program((planted, "clean"), ENVIRONMENT)
    assert finished.returncode == 0, ending(finished)


@pytest.mark.parametrize("source", program_sources(), ids=lambda source: source.stem)
def test_program_is_clean(
    source: Path,
    instrumented_library: Path,
    program_environment: dict[str, str],
    tmp_path: Path,
) -> None:
    linkage = Linkage(library=instrumented_library, flags=C_FLAGS)
    program = compile_program(source, tmp_path, linkage)

    finished = run_program((program,), {**program_environment, **ENVIRONMENT}, seconds=300)

    assert finished.returncode == 0, ending(finished)
    assert "runtime error" not in finished.stderr, finished.stderr
