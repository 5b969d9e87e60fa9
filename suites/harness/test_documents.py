"""What the documents name exists: targets, commands, files, links."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from harness import __version__
from harness.cli.app import cli

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = ["README.md", "ARCHITECTURE.md", *sorted(
    path.relative_to(ROOT).as_posix()
    for folder in ("harness", "native/core", "native/gateway", "native/python", "fixtures")
    for path in (ROOT / folder).rglob("README.md")
    if not {"target", "build", "node_modules", ".venv"} & set(path.relative_to(ROOT).parts)
)]  # fmt: skip


def text_of(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_relative_link_leads_somewhere(name: str) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)\)", text_of(name)):
        if "://" not in target:
            assert (ROOT / name).parent.joinpath(target).exists(), target


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_command_that_is_named_exists(name: str) -> None:
    for command in re.findall(r"release-manager ([a-z]+)", text_of(name)):
        assert cli.get_command(None, command) is not None, command  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["README.md", ".ci/run", ".github/workflows/pull-request.yml"])
def test_every_root_target_that_is_named_exists(name: str) -> None:
    targets = set(re.findall(r"^([a-z0-9_-]+):", text_of("Makefile"), re.MULTILINE))
    named = set(re.findall(r"(?:^|[`$ ])make ([a-z][a-z0-9_-]*)", text_of(name), re.MULTILINE))
    assert named
    assert named <= targets


def test_continuous_integration_runs_the_readmes_first_two_commands() -> None:
    block = re.search(r"```console\n(.*?)```", text_of("README.md"), re.DOTALL)
    assert block is not None
    commands = re.findall(r"^\$ (make [a-z0-9_-]+)", block[1], re.MULTILINE)
    assert commands == ["make v7-release", "make test"]
    lines = text_of(".ci/run").splitlines()
    assert lines.index("make test") < lines.index("make v7-release")


def test_workflow_actions_are_pinned_by_digest() -> None:
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        for job in yaml.safe_load(path.read_text("utf-8"))["jobs"].values():
            for step in job["steps"]:
                if "uses" in step:
                    assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", step["uses"]), step["uses"]


def test_the_package_states_one_version() -> None:
    declared = tomllib.loads(text_of("pyproject.toml"))["project"]["version"]
    assert declared == __version__


def test_no_other_top_level_folder_than_the_layout_names() -> None:
    allowed = {"harness", "phases", "suites", "fixtures", "native", "reports"}
    found = {
        path.name
        for path in ROOT.iterdir()
        if path.is_dir() and not path.name.startswith((".", "__"))
    }
    assert {name for name in found if not name.endswith(".egg-info")} <= allowed
