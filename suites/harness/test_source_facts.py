"""What a run says about the sources it verified: commit, number of changes, digest of them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.cli.workspace import Workspace


def git(root: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", "-C", str(root), "-c", "user.name=T", "-c", "user.email=t@example.org", *arguments],
        check=True,
        capture_output=True,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "phases").mkdir()
    (tmp_path / "phases/policy.yaml").write_text("schema: 1\n")
    (tmp_path / "odd name\tof file").write_text("one\n")
    (tmp_path / "old").write_text("moved without a change\n" * 20)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "first")
    return tmp_path


def test_a_clean_checkout_differs_in_nothing(project: Path) -> None:
    facts = Workspace(project).source()
    assert facts["changed-files"] == "0"
    assert len(facts["commit"]) == 40


def test_a_second_edit_of_a_changed_file_is_another_source(project: Path) -> None:
    file = project / "odd name\tof file"
    digests = {Workspace(project).source()["modified"]}
    for text in ("two\n", "three\n", "four\n"):
        file.write_text(text)
        facts = Workspace(project).source()
        assert facts["changed-files"] == "1"
        digests.add(facts["modified"])
    assert len(digests) == 4


def test_a_renamed_and_an_untracked_file_count_once_each(project: Path) -> None:
    git(project, "mv", "old", "new")
    (project / "untracked").write_text("x")
    assert Workspace(project).source()["changed-files"] == "2"
