"""Packages that a fixture has for itself are those its lock files name, or an error says so."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from fixtures import environment
from fixtures.environment import MissingPackagesError

CLIENTS = environment.ROOT / "fixtures" / "ollama" / "clients"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Locks nothing, and has nothing yet."""
    (tmp_path / "requirements.txt").write_text("# nothing\n")
    return tmp_path


def test_python_is_only_given_as_locked(folder: Path) -> None:
    with pytest.raises(MissingPackagesError, match=r"requirements\.txt says; `python -m fixtures"):
        environment.python(folder)
    # As an installation leaves it.
    interpreter = folder / ".venv" / "bin" / "python"
    interpreter.parent.mkdir(parents=True)
    interpreter.touch()
    (folder / ".venv" / environment.STAMP).write_text(environment.locked(folder))
    environment.install(folder)
    assert environment.python(folder).stat().st_size == 0, "what is there is not installed again"
    (folder / "requirements.txt").write_text("# something else\n")
    with pytest.raises(MissingPackagesError):
        environment.python(folder)


def test_node_packages_must_be_those_of_the_lock(node: None, tmp_path: Path) -> None:
    shutil.copytree(CLIENTS, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".venv"))
    assert environment.node(tmp_path)
    lock = tmp_path / "package-lock.json"
    content = json.loads(lock.read_text())
    content["packages"]["node_modules/ollama"]["integrity"] = "sha512-another"
    lock.write_text(json.dumps(content))
    with pytest.raises(MissingPackagesError, match=r"package-lock\.json"):
        environment.node(tmp_path)


def test_build_variables_are_read_without_their_reasons(tmp_path: Path) -> None:
    place = tmp_path / "build.env"
    assert environment.variables(place) == {}
    place.write_text("# why\nJOBS=2\nFLAGS=-DA=1 -DB=2\n")
    assert environment.variables(place) == {"JOBS": "2", "FLAGS": "-DA=1 -DB=2"}


def test_every_locked_folder_pins_with_digests() -> None:
    locks = sorted(environment.ROOT.glob("fixtures/**/requirements.txt"))
    pinned = [lock for lock in locks if ".venv" not in lock.parts]
    assert len(pinned) >= 3
    for lock in pinned:
        text = lock.read_text()
        names = [line for line in text.splitlines() if line[:1].isalpha()]
        assert names, lock
        assert all("==" in name for name in names)
        assert text.count("--hash=sha256:") >= len(names)
