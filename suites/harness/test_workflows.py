"""The workflows here: pinned by digest, valid, frugal with rights, and true to the command line."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
import yaml

from harness import report
from harness.cli.app import LazyGroup
from harness.record.journal import JOURNAL_NAME

GITHUB = Path(__file__).resolve().parents[2] / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.y*ml"))
# An action by the full digest of its commit, and in a comment the version that a person reads.
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+(\.\d+){1,2}")
IMAGE = re.compile(r"docker://\S+@sha256:[0-9a-f]{64}")
USES = re.compile(r"^\s*(?:-\s+)?uses:\s*(.+?)\s*$", re.MULTILINE)
SCHEMA = resources.files("check_jsonschema") / "builtin_schemas/vendor/github-workflows.json"
APP = LazyGroup("release-manager")
REPORTS = {JOURNAL_NAME} | {getattr(report, name) for name in report.__all__ if name.isupper()}


def unpinned(text: str) -> list[str]:
    """Every `uses:` of a workflow that another's push could change under us."""
    return [
        used
        for used in USES.findall(text)
        if not used.startswith("./") and not PINNED.fullmatch(used) and not IMAGE.fullmatch(used)
    ]


def digests(text: str) -> Iterator[tuple[str, str]]:
    for used in USES.findall(text):
        action, _, rest = used.partition("@")
        yield "/".join(action.split("/")[:2]), rest


@pytest.fixture(params=WORKFLOWS, ids=lambda path: path.name)
def workflow(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def steps_of(workflow: Path) -> Iterator[dict[str, Any]]:
    for job in yaml.safe_load(workflow.read_text("utf-8"))["jobs"].values():
        yield from job["steps"]


def test_there_are_workflows() -> None:
    assert {path.name for path in WORKFLOWS} >= {"pull-request.yml", "nightly.yml"}


def test_every_action_is_pinned_by_the_digest_of_its_commit(workflow: Path) -> None:
    text = workflow.read_text("utf-8")
    assert USES.findall(text)
    assert unpinned(text) == []


@pytest.mark.parametrize(
    "used",
    [
        "actions/checkout@v4",
        "actions/checkout@main",
        "actions/checkout",
        "actions/checkout@3d3c42e # v7.0.1",
        "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1",
        "actions/checkout@3D3C42E5AAC5BA805825DA76410C181273BA90B1 # v7.0.1",
        "docker://alpine:3.22",
    ],
)
def test_an_action_that_is_not_pinned_is_found(used: str) -> None:
    assert unpinned(f"    steps:\n      - uses: {used}\n      - uses: ./local\n") == [used]


def test_an_action_has_one_version_in_all_workflows() -> None:
    pins: dict[str, set[str]] = {}
    for path in WORKFLOWS:
        for action, pin in digests(path.read_text("utf-8")):
            pins.setdefault(action, set()).add(pin)
    assert {action: pin for action, pin in pins.items() if len(pin) > 1} == {}


def test_the_schema_of_workflows_holds(workflow: Path) -> None:
    # YAML 1.1 reads `on` as a truth value; GitHub does not.
    content = yaml.load(workflow.read_text("utf-8"), Loader=yaml.BaseLoader)
    plain = yaml.safe_load(workflow.read_text("utf-8"))
    plain["on"] = plain.pop(True, content["on"])
    jsonschema.Draft7Validator(json.loads(SCHEMA.read_text("utf-8"))).validate(plain)


def test_zizmor_finds_nothing() -> None:
    program = Path(sys.executable).with_name("zizmor")
    done = subprocess.run(
        [program, "--offline", "--no-progress", "--persona=pedantic", "--format=plain", GITHUB],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout


def test_no_job_may_write_but_the_one_that_runs_none_of_our_code(workflow: Path) -> None:
    content = yaml.safe_load(workflow.read_text("utf-8"))
    assert content["permissions"] == {}
    for name, job in content["jobs"].items():
        assert 0 < job["timeout-minutes"] <= 360, name
        writes = {right for right, level in job["permissions"].items() if level == "write"}
        runs = [step for step in job["steps"] if "run" in step or "checkout" in step["uses"]]
        assert not writes or not runs, name


def test_no_answer_is_swallowed(workflow: Path) -> None:
    for step in steps_of(workflow):
        run = step.get("run", "")
        assert "continue-on-error" not in step
        assert not re.search(r"\|\|\s*(true|:)|set \+e|; *true\b", run)
        # Without `shell: bash` GitHub runs bash without pipefail.
        assert not re.search(r"(?<!\|)\|(?!\|)", run) or step.get("shell") == "bash"


def test_every_report_of_a_run_is_kept(workflow: Path) -> None:
    (kept,) = [
        step["with"]["path"].split()
        for step in steps_of(workflow)
        if step.get("with", {}).get("name") == "release-manager-run" and "upload" in step["uses"]
    ]
    assert {Path(path).name for path in kept} >= REPORTS
    assert {str(Path(path).parent) for path in kept} == {"reports/latest"}


def test_what_workflows_call_exists(workflow: Path) -> None:
    makefile = (GITHUB.parent / "Makefile").read_text("utf-8")
    calls = 0
    for step in steps_of(workflow):
        for line in step.get("run", "").splitlines():
            for call in re.findall(r"\.venv/bin/release-manager ([^|&;]*)", line):
                name, *arguments = shlex.split(call)
                command = APP.get_command(click.Context(APP), name)
                assert command is not None, call
                command.make_parser(click.Context(command)).parse_args(arguments)
                calls += 1
            for target in re.findall(r"\bmake ([\w-]+)", line):
                assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
                calls += 1
    assert calls


def test_the_nightly_run_proves_everything_and_reuses_nothing() -> None:
    text = (GITHUB / "workflows" / "nightly.yml").read_text("utf-8")
    assert "release-manager prove --fresh" in text
    assert "release-manager verify --profile release --fresh" in text
    assert text.index("prove --fresh") < text.index("verify --profile")
