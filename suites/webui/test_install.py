"""The web UI installs from its lock file alone, in a copy that has nothing else in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

WEBUI = Path(__file__).resolve().parents[2] / "native/webui"
FILES = ("package.json", "package-lock.json", ".npmrc")
# Packages that may run code of their own while they are installed. None of ours has to.
MAY_RUN_SCRIPTS: frozenset[str] = frozenset()


def npm(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["npm", *arguments], cwd=cwd, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.fixture(scope="module")
def lock() -> dict:
    return json.loads((WEBUI / "package-lock.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("webui")
    for name in FILES:
        shutil.copy(WEBUI / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def installed(copy: Path) -> subprocess.CompletedProcess[str]:
    # Would be made by a script of the root package, had npm been let run one.
    return npm("ci", "--loglevel=warn", cwd=copy)


def test_it_installs(installed: subprocess.CompletedProcess[str]) -> None:
    said = [line for line in installed.stderr.splitlines() if line.startswith("npm error")]
    assert installed.returncode == 0, "\n".join(said[:6])


def test_nothing_is_complained_of(installed: subprocess.CompletedProcess[str]) -> None:
    complaints = [line for line in installed.stderr.splitlines() if "warn" in line.lower()]
    # How this user has set up npm is none of the web UI's doing.
    assert [line for line in complaints if "Unknown user config" not in line] == []


def test_the_lock_is_left_as_it_is(copy: Path, installed: object) -> None:
    assert (copy / "package-lock.json").read_bytes() == (WEBUI / "package-lock.json").read_bytes()


def test_what_is_installed_is_what_the_lock_says(
    copy: Path, lock: dict, installed: subprocess.CompletedProcess[str]
) -> None:
    assert installed.returncode == 0
    wrong = []
    for place, entry in lock["packages"].items():
        manifest = copy / place / "package.json"
        if not place or (not manifest.exists() and entry.get("optional")):
            continue  # the package itself; one for another system
        if json.loads(manifest.read_text("utf-8"))["version"] != entry["version"]:
            wrong.append(place)
    assert wrong == []


def test_every_package_is_pinned_with_a_digest(lock: dict) -> None:
    bare = [place for place, entry in lock["packages"].items() if place and not _pinned(entry)]
    assert bare == []


def _pinned(entry: dict) -> bool:
    return entry.get("integrity", "").startswith("sha512-")


def test_the_lock_names_no_registry(lock: dict) -> None:
    named = [place for place, entry in lock["packages"].items() if "resolved" in entry]
    assert named == []


def test_every_direct_dependency_is_an_exact_version() -> None:
    manifest = json.loads((WEBUI / "package.json").read_text("utf-8"))
    wanted = {**manifest.get("dependencies", {}), **manifest["devDependencies"]}
    loose = {name: version for name, version in wanted.items() if not version[0].isdigit()}
    assert loose == {}


def test_only_packages_of_the_allow_list_bring_install_scripts(lock: dict) -> None:
    bringing = {
        place.rpartition("node_modules/")[2]
        for place, entry in lock["packages"].items()
        if entry.get("hasInstallScript")
    }
    assert bringing == MAY_RUN_SCRIPTS


def test_npm_runs_no_script_while_it_installs(tmp_path: Path) -> None:
    """The setting itself is tried: a package whose script would leave a file behind."""
    shutil.copy(WEBUI / ".npmrc", tmp_path / ".npmrc")
    script = "node -e \"require('node:fs').writeFileSync('ran', '')\""
    manifest = {"name": "one", "version": "1.0.0", "scripts": {"postinstall": script}}
    (tmp_path / "package.json").write_text(json.dumps(manifest))

    done = npm("install", "--offline", cwd=tmp_path)

    assert done.returncode == 0, done.stderr[-2000:]
    assert not (tmp_path / "ran").exists()


def test_the_trap_for_scripts_would_close(tmp_path: Path) -> None:
    """The same without the setting: a trap that never closes proves nothing."""
    script = "node -e \"require('node:fs').writeFileSync('ran', '')\""
    manifest = {"name": "one", "version": "1.0.0", "scripts": {"postinstall": script}}
    (tmp_path / "package.json").write_text(json.dumps(manifest))
    environ = {name: value for name, value in os.environ.items() if not _npm_setting(name)}

    subprocess.run(
        ["npm", "install", "--offline", "--ignore-scripts=false", "--no-audit"],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        timeout=300,
        check=True,
    )

    assert (tmp_path / "ran").exists()


def _npm_setting(name: str) -> bool:
    return name.lower() == "npm_config_ignore_scripts"
