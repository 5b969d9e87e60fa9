"""Real C programs against libconvergio: one test per claim, one process per test.

Programs that need nothing but the promised functions run against the library as shipped; those
that break things on purpose, against a build with the test entry points.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from suites.gateway import builds
from suites.gateway.programs import (
    Linkage,
    claims_of,
    compile_program,
    ending,
    needs_faults,
    program_sources,
    run_program,
)

CLAIMS = [
    pytest.param(source, claim, id=f"{source.stem}-{claim}")
    for source in program_sources()
    for claim in claims_of(source)
]


@pytest.fixture(scope="session")
def compiled(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Callable[[Path], Path]:
    """Compiles each program once per session, against the library it needs."""
    folder = tmp_path_factory.mktemp("programs")

    @cache
    def compile_once(source: Path) -> Path:
        if needs_faults(source):
            library: Path = request.getfixturevalue("fault_library")
        else:
            library = builds.shared_library()
        return compile_program(source, folder, Linkage(library=library))

    return compile_once


@pytest.mark.parametrize(("source", "claim"), CLAIMS)
def test_claim(
    source: Path,
    claim: str,
    compiled: Callable[[Path], Path],
    program_environment: dict[str, str],
) -> None:
    finished = run_program((compiled(source), claim), program_environment)

    assert finished.returncode == 0, ending(finished)
    assert finished.stdout == f"ok {claim}\n"


@pytest.mark.parametrize("source", program_sources(), ids=lambda source: source.stem)
def test_every_claim_of_a_program_is_run(source: Path, compiled: Callable[[Path], Path]) -> None:
    listed = run_program((compiled(source), "--list"), {}).stdout.split()
    assert listed == claims_of(source)
    assert listed


def test_static_library_serves_as_well(tmp_path: Path, program_environment: dict[str, str]) -> None:
    source = next(source for source in program_sources() if source.stem == "happy_path")
    program = compile_program(source, tmp_path, Linkage(library=builds.static_library()))

    finished = run_program((program,), program_environment)

    assert finished.returncode == 0, ending(finished)


def test_a_status_that_differs_is_the_first_line_too() -> None:
    said = "/src/x.h:7: f(a): expected ok, got internal (9)\nlast error: {}\n"
    finished = subprocess.CompletedProcess(["x"], 1, stdout="ok before\n", stderr=said)
    assert ending(finished).startswith(
        "x.h:7: f(a): expected ok, got internal (9)\nexit status 1\n"
    )

    killed = subprocess.CompletedProcess(["x"], -11, stdout="", stderr="no claim\n")
    assert ending(killed) == "signal SIGSEGV\nno claim\n"


def test_a_claim_that_does_not_hold_fails(tmp_path: Path) -> None:
    # The checker itself: a program whose claim is false must not pass.
    source = tmp_path / "false_claim.c"
    source.write_text('#include "support.h"\n\nCLAIM(false_claim)\n{\n    CHECK(1 == 2);\n}\n')
    program = compile_program(source, tmp_path, Linkage(library=builds.shared_library()))

    finished = run_program((program,), {})

    assert finished.returncode == 1
    assert ending(finished).splitlines()[:2] == [
        "false_claim.c:5: does not hold: 1 == 2",
        "exit status 1",
    ]
    assert run_program((program, "no_such_claim"), {}).returncode == 2
