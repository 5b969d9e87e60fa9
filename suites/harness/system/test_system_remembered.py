"""Remembered capabilities: nothing is started twice, and nothing that changed goes unseen."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest

from harness.model.plan import Capability
from harness.system import remembered
from harness.system.capabilities import TABLE
from harness.system.identity import find, identity
from harness.system.remembered import LIFETIME_SECONDS, observed, programs_of


class Asked:
    """Answers like a probe and counts; `version` is what it says."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.version = "1"

    def __call__(self, names: Iterable[str]) -> dict[str, Capability]:
        wanted = list(names)
        self.names += wanted
        return {name: Capability(name=name, present=True, version=self.version) for name in wanted}


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `valgrind` that is alone on the PATH."""
    path = tmp_path / "bin/valgrind"
    path.parent.mkdir()
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(path.parent))
    return path


def test_an_answer_stands_until_the_program_is_another(tmp_path: Path, tool: Path) -> None:
    memory, ask = tmp_path / "cache/capabilities", Asked()
    assert observed(["valgrind"], memory, ask=ask)["valgrind"].version == "1"
    ask.version = "2"
    assert observed(["valgrind"], memory, ask=ask)["valgrind"].version == "1"
    tool.write_text("#!/bin/sh\n# newer\n")
    assert observed(["valgrind"], memory, ask=ask)["valgrind"].version == "2"
    tool.unlink()
    observed(["valgrind"], memory, ask=ask)
    assert ask.names == ["valgrind"] * 3


def test_an_engine_is_asked_every_time_and_others_beside_it_are_not(
    tmp_path: Path, tool: Path
) -> None:
    memory, ask = tmp_path / "capabilities", Asked()
    for _ in range(2):
        observed(["docker", "valgrind", "linux"], memory, ask=ask)
    assert ask.names == ["docker", "valgrind", "linux", "docker"]


@pytest.mark.parametrize("damage", ["flipped", "cut", "empty", "old", "from-the-future"])
def test_what_is_damaged_or_old_is_asked_again(
    tmp_path: Path, tool: Path, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory, ask = tmp_path / "capabilities", Asked()
    observed(["valgrind"], memory, ask=ask)
    content = memory.read_bytes()
    match damage:
        case "flipped":
            memory.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        case "cut":
            memory.write_bytes(content[:40])
        case "empty":
            memory.write_bytes(b"")
        case "old":
            later = time.time() + LIFETIME_SECONDS
            monkeypatch.setattr(remembered.time, "time", lambda: later)
        case "from-the-future":
            earlier = time.time() - 60
            monkeypatch.setattr(remembered.time, "time", lambda: earlier)
    observed(["valgrind"], memory, ask=ask)
    assert len(ask.names) == 2


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path: Path, tool: Path) -> None:
    (tmp_path / "file").write_text("")
    memory, ask = tmp_path / "file/capabilities", Asked()
    for _ in range(2):
        assert observed(["valgrind"], memory, ask=ask)["valgrind"].present
    assert len(ask.names) == 2


def test_every_program_a_row_starts_is_part_of_its_identity() -> None:
    for row in TABLE:
        assert programs_of(row) or row.look in {"linux", "macos", "apple-silicon", "root"}, row.name
        assert not row.look or row.look in remembered.LOOKS or not programs_of(row)


def test_a_proxy_is_another_when_its_toolchains_are(tmp_path: Path) -> None:
    rustup = tmp_path / "bin/rustup"
    rustup.parent.mkdir()
    rustup.write_text("")
    rustup.chmod(0o755)
    (tmp_path / "bin/cargo").symlink_to("rustup")
    components = tmp_path / "home/toolchains/nightly/lib/rustlib/components"
    components.parent.mkdir(parents=True)
    components.write_text("cargo\n")
    environ = {"PATH": str(rustup.parent), "RUSTUP_HOME": str(tmp_path / "home")}
    seen = {identity(["cargo"], environ)}
    components.write_text("cargo\nmiri\n")
    seen.add(identity(["cargo"], environ))
    (tmp_path / "home/settings.toml").write_text("")
    seen.add(identity(["cargo"], environ))
    seen.add(identity(["cargo"], {**environ, "RUSTUP_TOOLCHAIN": "nightly"}))
    assert len(seen) == 4
    assert identity(["cargo"], environ) in seen


def test_a_shim_is_another_when_what_it_passes_on_to_is(tmp_path: Path) -> None:
    shim = tmp_path / "shims/python3.12"
    shim.parent.mkdir()
    shim.write_text("")
    shim.chmod(0o755)
    environ = {"PATH": str(shim.parent)}
    before = identity(["python3.12"], environ)
    (tmp_path / "versions/3.12.1").mkdir(parents=True)
    assert identity(["python3.12"], environ) != before


def test_a_program_is_found_as_a_shell_would(tmp_path: Path, tool: Path) -> None:
    (tmp_path / "first/valgrind").mkdir(parents=True)
    path = f"{tmp_path}/first:{tmp_path}/none:{tool.parent}"
    assert find("valgrind", path) == str(tool)
    assert find(str(tool), "") == str(tool)
    tool.chmod(0o644)
    assert find("valgrind", path) is None or os.geteuid() == 0


def test_answers_survive_the_file(tmp_path: Path, tool: Path) -> None:
    memory, ask = tmp_path / "capabilities", Asked()
    first = observed(["valgrind"], memory, ask=ask)
    assert msgspec.to_builtins(observed(["valgrind"], memory, ask=ask)) == msgspec.to_builtins(
        first
    )
