"""Small projects on disk and the real command line run in them, for tests of whole runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

POLICY = """\
schema: 1
project: Sample
default: change
profiles:
  change:
    about: A change.
    rules: { failed: block, flaky: block, leaked: block, errored: incomplete,
             precluded: incomplete, capability-missing: incomplete, not-applicable: ignore,
             deselected: ignore, advisory-failed: warn, reused: ignore, waived: warn,
             quarantined: warn, unproven: ignore, survived: warn }
  release:
    about: A release.
    rules: { failed: block, deselected: incomplete, not-applicable: ignore,
             unproven: ignore }
"""


def phase(checks: str, name: str = "p") -> str:
    """A phase file around the text of its checks."""
    return f"schema: 1\nphase: {name}\ntitle: Phase {name}\nabout: Does it work?\nchecks:\n{checks}"


def check(name: str, *argv: str, more: str = "") -> str:
    """One `command` check; `more` is further YAML of the check, a line each."""
    extra = "".join(f"    {line}\n" for line in more.splitlines())
    return (
        f"  - id: {name}\n    title: Check {name}\n    uses: command\n"
        f"    with: {{ run: {json.dumps(list(argv))} }}\n{extra}"
    )


@dataclass(frozen=True, slots=True)
class Done:
    """A finished command line."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Everything it said."""
        return self.out + self.err


@dataclass(frozen=True, slots=True)
class Project:
    """A project folder with definitions."""

    root: Path

    def write(self, name: str, text: str) -> None:
        """Write one file, its folders included."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    def argv(self, *arguments: str) -> list[str]:
        """The command line that runs `release-manager` here."""
        return [sys.executable, "-m", "harness", "-C", str(self.root), *arguments]

    def environ(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment of a person's shell, without what the test runner added."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("RELEASE_MANAGER_", "PYTEST_", "GITHUB_")) and name != "CI"
        }
        source = str(Path(__file__).resolve().parents[2])
        return {**kept, "PYTHONPATH": source, **(extra or {})}

    def run(self, *arguments: str, env: Mapping[str, str] | None = None) -> Done:
        """Run `release-manager` here to its end."""
        done = subprocess.run(
            self.argv(*arguments),
            cwd=self.root,
            env=self.environ(env),
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `release-manager` here and leave it running."""
        return subprocess.Popen(
            self.argv(*arguments),
            cwd=self.root,
            env=self.environ(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def report(self) -> dict[str, Any]:
        """The newest run's report.json."""
        content = (self.root / "reports" / "latest" / "report.json").read_bytes()
        report: dict[str, Any] = json.loads(content)
        return report


def make_project(root: Path, checks: str, **files: str) -> Project:
    """A project of one phase; `files` are further files of `phases/`, by stem."""
    project = Project(root)
    project.write("phases/policy.yaml", POLICY)
    project.write("phases/p.yaml", phase(checks))
    for stem, text in files.items():
        project.write(f"phases/{stem}.yaml", text)
    return project
