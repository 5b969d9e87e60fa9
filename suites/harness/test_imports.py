"""Imports point inward: the architecture as a test."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

HARNESS = Path(__file__).resolve().parents[2] / "harness"

# Folder -> the folders of ours it may import. `errors` and `model` are open to all.
ALLOWED = {
    "errors": set(),
    "model": {"errors"},
    "load": {"errors", "model"},
    "plan": {"errors", "model"},
    "judge": {"errors", "model"},
    "compare": {"errors", "model"},
    "report": {"errors", "model"},
    "system": {"errors", "model"},
    "record": {"errors", "model"},
    "artifact": {"errors", "model"},
    "run": {"errors", "model", "plan", "system"},
    "cli": {
        "errors", "model", "load", "plan", "judge", "compare", "report", "system", "record",
        "artifact", "run",
    },
    "__main__": {"cli"},
    "__init__": set(),
}  # fmt: skip
PURE = {"model", "load", "plan", "judge", "compare", "report", "errors"}
BANNED = {"os", "subprocess", "time", "random", "socket", "shutil", "tempfile", "threading"}
# The protocols of `model/ports.py` name paths; nothing there touches one.
HOT_START = {"msgspec", "yaml", "jinja2", "rich", "junitparser", "packaging", "subprocess"}


def modules() -> list[Path]:
    return sorted(HARNESS.rglob("*.py"))


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the direction"
            found.add(node.module or "")
            if node.module == "harness":
                found.update(f"harness.{alias.name}" for alias in node.names)
    return found


def violations(folder: str, names: set[str]) -> list[str]:
    problems = []
    for name in sorted(names):
        parts = name.split(".")
        if parts[0] == "harness" and len(parts) > 1 and parts[1] != "__version__":
            target = parts[1]
            if target != folder and target not in ALLOWED[folder]:
                problems.append(f"{folder} must not import {name}")
        elif folder in PURE and parts[0] in BANNED:
            problems.append(f"{folder} is pure and must not import {name}")
    return problems


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(HARNESS).as_posix())
def test_imports_point_inward(path: Path) -> None:
    folder = path.relative_to(HARNESS).parts[0].removesuffix(".py")
    assert violations(folder, imports(path)) == []


def test_every_folder_has_a_rule() -> None:
    folders = {path.relative_to(HARNESS).parts[0].removesuffix(".py") for path in modules()}
    assert folders - {"templates"} <= set(ALLOWED)


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("judge", "harness.report.view"),
        ("load", "os"),
        ("system", "harness.record.journal"),
        ("model", "harness.plan"),
        ("plan", "subprocess"),
    ],
)
def test_a_wrong_import_is_found(folder: str, name: str) -> None:
    assert violations(folder, {name}) != []


def test_the_entry_point_imports_nothing_heavy() -> None:
    for name in ("__main__.py", "__init__.py", "errors.py", "cli/__init__.py", "cli/app.py"):
        top = ast.parse((HARNESS / name).read_text("utf-8")).body
        eager = {
            alias.name.split(".")[0]
            for node in top
            if isinstance(node, ast.Import)
            for alias in node.names
        } | {(node.module or "").split(".")[0] for node in top if isinstance(node, ast.ImportFrom)}
        assert not eager & HOT_START, name
