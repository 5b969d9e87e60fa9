"""Miri over the crates that are Rust alone, without C or sockets, so that it sees all of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from suites.gateway import builds
from suites.gateway.memory_safety import tools
from suites.gateway.programs import ending, run_program

pytestmark = pytest.mark.timeout(tools.BUILD_SECONDS)

PURE_CRATES = ("convergio-wire",)
MIRI = ("cargo", "+nightly", "miri", "test")
ENVIRONMENT = {
    # Property tests read the clock and the environment; a few cases are enough for Miri, which
    # looks at how memory is used rather than at what is computed.
    "MIRIFLAGS": "-Zmiri-disable-isolation",
    "PROPTEST_CASES": "4",
}


@pytest.fixture(scope="session", autouse=True)
def toolchain() -> None:
    tools.require("miri")


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A crate whose tests hold one bug each."""
    folder = tmp_path_factory.mktemp("planted-miri")
    (folder / "src").mkdir()
    (folder / "src" / "lib.rs").write_text((tools.PLANTED / "miri.rs").read_text())
    (folder / "Cargo.toml").write_text(
        '[package]\nname = "planted"\nversion = "0.0.0"\nedition = "2024"\n[workspace]\n'
    )
    return folder / "Cargo.toml"


@pytest.mark.parametrize(
    ("bug", "report"),
    [("use_after_free", "dangling"), ("overread", "out-of-bounds")],
)
def test_planted_bug_is_caught(planted: Path, bug: str, report: str) -> None:
    command = (*MIRI, f"--manifest-path={planted}", "--", bug)
    finished = run_program(command, ENVIRONMENT, seconds=tools.BUILD_SECONDS)
    assert finished.returncode != 0, ending(finished)
    assert "Undefined Behavior" in finished.stderr
    assert report in finished.stderr


def test_clean_control_passes(planted: Path) -> None:
    command = (*MIRI, f"--manifest-path={planted}", "--", "clean")
    finished = run_program(command, ENVIRONMENT, seconds=tools.BUILD_SECONDS)
    assert finished.returncode == 0, ending(finished)
    assert "1 passed" in finished.stdout


@pytest.mark.parametrize("crate", PURE_CRATES)
def test_crate_is_clean(crate: str) -> None:
    target = builds.WORKSPACE / "target" / "miri"
    command = (
        *MIRI,
        f"--manifest-path={builds.WORKSPACE / 'Cargo.toml'}",
        f"--package={crate}",
        f"--target-dir={target}",
    )
    finished = run_program(command, ENVIRONMENT, seconds=tools.BUILD_SECONDS)
    assert finished.returncode == 0, ending(finished)
    assert " 0 passed" not in finished.stdout.split("test result:")[1], finished.stdout
