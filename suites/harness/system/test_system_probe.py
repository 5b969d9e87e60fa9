"""Capabilities are what tools answer, not what is hoped for."""

from __future__ import annotations

import re
import sys

import pytest

from harness.model.spec import CAPABILITY_PATTERN
from harness.system import probe as probing
from harness.system.capabilities import TABLE, Row, install_command
from harness.system.probe import KNOWN, observe, probe


def test_every_row_says_what_it_enables_and_how_to_get_it():
    assert len({row.name for row in TABLE}) == len(TABLE)
    for row in TABLE:
        assert re.fullmatch(CAPABILITY_PATTERN, row.name)
        assert row.enables
        assert install_command(row)
        assert row.command or row.look


def test_a_version_is_what_the_tool_prints():
    row = Row(name="tool", enables="-", command=("sh", "-c", "echo 'tool v12.4.0-rc.1 (build 7)'"))

    assert observe(row).version == "12.4.0-rc.1"


def test_gnu_compilers_tell_their_own_version_not_the_packagers():
    said = "echo 'gcc (Debian 12.2.0-14+deb12u1) 12.2.0'"
    row = Row(name="gcc", enables="-", version=KNOWN["gcc"].version, command=("sh", "-c", said))

    assert observe(row).version == "12.2.0"


def test_a_program_may_go_by_another_name(tmp_path, monkeypatch):
    program = tmp_path / "google-chrome"
    program.write_text("#!/bin/sh\necho 'Google Chrome 140.0.1'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert observe(KNOWN["chromium"]).version == "140.0.1"
    assert probing.browser() == str(program)

    program.unlink()
    assert observe(KNOWN["chromium"]).detail == "chromium is not on PATH"
    assert probing.browser() == ""


def test_a_missing_tool_comes_with_its_installer():
    capability = observe(Row(name="x", enables="y", command=("no-such-tool",), pip="x"))

    assert not capability.present
    assert capability.detail == "no-such-tool is not on PATH"
    assert capability.install == "python -m pip install x"


def test_a_tool_that_fails_is_not_there():
    row = Row(name="x", enables="y", command=("sh", "-c", "echo engine does not answer; exit 1"))

    assert not observe(row).present
    assert "engine does not answer" in observe(row).detail


def test_a_tool_that_hangs_is_not_there(monkeypatch):
    monkeypatch.setattr(probing, "TIMEOUT_SECONDS", 0.2)
    capability = observe(Row(name="x", enables="y", command=("sleep", "30"), how="wait"))

    assert not capability.present
    assert "no answer in 0.2 s" in capability.detail


def test_an_unknown_capability_is_refused():
    with pytest.raises(KeyError, match="perpetuum-mobile"):
        probe(["perpetuum-mobile"])


def test_a_capability_is_looked_at_once(monkeypatch):
    looked: list[str] = []
    monkeypatch.setattr(probing, "_CACHE", {})
    original = probing.observe
    monkeypatch.setattr(probing, "observe", lambda row: looked.append(row.name) or original(row))

    first, second = probe(["linux", "macos"]), probe(["macos", "linux", "linux"])

    assert sorted(looked) == ["linux", "macos"]
    assert first == second
    assert first["linux"].present == (sys.platform == "linux")


def test_pytest_is_found_in_this_very_interpreter():
    assert probe(["pytest"])["pytest"].version == pytest.__version__
