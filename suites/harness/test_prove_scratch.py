"""The scratch tree: what it copies, breaks and mends, by which times; what becomes of old trees."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.errors import HostError
from harness.model.fault import Edit, Expectation, Fault
from harness.system.leading import led
from harness.system.patch import PatchError
from harness.system.scratch import Scratch, tidy


def fault(file: str = "src/a.c", find: str = "1", replace: str = "2", patch: str = "") -> Fault:
    edits = [] if patch else [Edit(file=file, find=find, replace=replace)]
    expect = [Expectation(check="p/c", test="t")]
    return Fault(id="f", title="F", expect=expect, edits=edits, patch=patch)


def git(root: Path, *arguments: str) -> str:
    settings = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    argv = ["git", "-C", str(root), *settings, *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "src").mkdir(parents=True)
    (root / "src/a.c").write_text("int a = 1;\n")
    (root / "src/b.c").write_text("int b = 1;\n")
    (root / "run.sh").write_text("true\n")
    (root / "run.sh").chmod(0o755)
    (root / "link.c").symlink_to("src/a.c")
    (root / ".gitignore").write_text("target/\nvenv\n")
    (root / "target").mkdir()
    (root / "target/built.o").write_text("built")
    (root / "venv").mkdir()
    for path in root.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000), follow_symlinks=False)
    return root


@pytest.fixture
def scratch(project: Path, tmp_path: Path) -> Iterator[Scratch]:
    with Scratch(tmp_path / "cache/one", project) as taken:
        taken.sync(shared=["target"], linked=["venv"])
        yield taken


def committed(project: Path) -> None:
    git(project, "init", "-q", "-b", "main")
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "First")
    git(project, "tag", "v1")


def test_the_tree_holds_files_modes_links_and_build_folders_with_their_times(
    scratch: Scratch, project: Path
) -> None:
    tree = scratch.tree
    assert (tree / "src/a.c").read_text() == "int a = 1;\n"
    assert (tree / "run.sh").stat().st_mode & 0o777 == 0o755
    assert (tree / "link.c").readlink() == Path("src/a.c")
    assert (tree / "target/built.o").stat().st_mtime == 1_000_000_000
    assert (tree / "src/a.c").stat().st_mtime == 1_000_000_000
    assert (tree / "venv").resolve() == project / "venv"


def test_a_build_tool_sees_what_is_broken_and_what_is_mended(scratch: Scratch) -> None:
    broken, other = scratch.tree / "src/a.c", scratch.tree / "src/b.c"
    assert scratch.apply(fault()) == ("src/a.c",)
    assert broken.read_text() == "int a = 2;\n"
    at = broken.stat().st_mtime_ns
    scratch.mend()
    assert broken.read_text() == "int a = 1;\n"
    assert broken.stat().st_mtime_ns > at > 1_000_000_000 * 10**9
    assert other.stat().st_mtime == 1_000_000_000
    # What is whole keeps its times, however often it is looked at.
    at = broken.stat().st_mtime_ns
    scratch.sync(shared=[], linked=[])
    assert broken.stat().st_mtime_ns == at


def test_a_project_edited_meanwhile_changes_nothing_in_the_tree(
    scratch: Scratch, project: Path
) -> None:
    scratch.apply(fault())
    (project / "src/a.c").write_text("int a = 3;\n")
    scratch.mend()
    assert (scratch.tree / "src/a.c").read_text() == "int a = 1;\n"
    scratch.sync(shared=[], linked=[])
    assert (scratch.tree / "src/a.c").read_text() == "int a = 3;\n"


def test_files_that_a_fault_makes_and_removes_come_and_go(scratch: Scratch) -> None:
    patch = (
        "--- /dev/null\n+++ b/new/c.c\n@@ -0,0 +1 @@\n+int c;\n"
        "--- a/run.sh\n+++ /dev/null\n@@ -1 +0,0 @@\n-true\n"
    )
    scratch.apply(fault(patch=patch))
    assert (scratch.tree / "new/c.c").read_text() == "int c;\n"
    assert not (scratch.tree / "run.sh").exists()
    scratch.mend()
    assert not (scratch.tree / "new").exists()
    assert (scratch.tree / "run.sh").read_text() == "true\n"
    assert (scratch.tree / "run.sh").stat().st_mode & 0o777 == 0o755


def test_what_checks_write_into_sources_is_put_back(project: Path, tmp_path: Path) -> None:
    committed(project)
    with Scratch(tmp_path / "cache/one", project) as scratch:
        scratch.sync(shared=["target"], linked=["venv"])
        (scratch.tree / "made-before.txt").write_text("by the control run")
        scratch.apply(fault())
        (scratch.tree / "src/b.c").write_text("rewritten by a tool")
        (scratch.tree / "run.sh").unlink()
        (scratch.tree / "stray.txt").write_text("left behind")
        (scratch.tree / "target/new.o").write_text("built")
        scratch.mend()
        assert (scratch.tree / "src/b.c").read_text() == "int b = 1;\n"
        assert (scratch.tree / "run.sh").read_text() == "true\n"
        assert not (scratch.tree / "stray.txt").exists()
        assert (scratch.tree / "made-before.txt").exists()
        assert (scratch.tree / "target/new.o").exists()
        scratch.sync(shared=["target"], linked=["venv"])
        assert not (scratch.tree / "made-before.txt").exists()

        (project / "src/b.c").write_text("edited by a person")
        (scratch.tree / "src/b.c").write_text("rewritten by a tool")
        with pytest.raises(HostError, match=r"src/b\.c: it changed in the project"):
            scratch.mend()


def test_no_empty_folder_stays_where_a_build_would_look_for_more(
    scratch: Scratch, project: Path
) -> None:
    (project / "crates/one/src").mkdir(parents=True)
    (project / "crates/one/src/lib.rs").write_text("")
    scratch.sync(shared=[], linked=[])
    assert (scratch.tree / "crates/one/src/lib.rs").exists()
    (project / "crates/one/src/lib.rs").unlink()
    scratch.sync(shared=[], linked=[])
    assert not (scratch.tree / "crates").exists()
    assert (scratch.tree / "src").exists()


def test_the_tree_has_the_commits_and_tags_of_the_project(project: Path, tmp_path: Path) -> None:
    committed(project)
    with Scratch(tmp_path / "cache/one", project) as scratch:
        scratch.sync(shared=[], linked=[])
        assert git(scratch.tree, "status", "--porcelain") == ""
        assert git(scratch.tree, "tag", "--points-at", "HEAD") == "v1"
        git(project, "tag", "-d", "v1")
        git(project, "commit", "-q", "--allow-empty", "-m", "Second")
        git(project, "tag", "v2")
        scratch.sync(shared=[], linked=[])
        assert git(scratch.tree, "rev-parse", "HEAD") == git(project, "rev-parse", "HEAD")
        assert git(scratch.tree, "tag") == "v2"


def test_a_repository_without_a_commit_can_be_copied(project: Path, tmp_path: Path) -> None:
    git(project, "init", "-q")
    with Scratch(tmp_path / "cache/one", project) as scratch:
        scratch.sync(shared=[], linked=[])
        assert (scratch.tree / "src/a.c").exists()


def test_what_was_killed_is_mended_by_the_next(project: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cache/one"
    with Scratch(folder, project) as scratch:
        scratch.sync(shared=[], linked=[])
        scratch.apply(fault())
        scratch.apply(fault(patch="--- /dev/null\n+++ b/new.c\n@@ -0,0 +1 @@\n+int c;\n"))
    with Scratch(folder, project) as scratch:
        assert "2" in (scratch.tree / "src/a.c").read_text()
        scratch.sync(shared=[], linked=[])
        assert "1" in (scratch.tree / "src/a.c").read_text()
        assert not (scratch.tree / "new.c").exists()


def test_a_damaged_list_of_files_costs_the_tree_and_nothing_else(
    project: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "cache/one"
    with Scratch(folder, project) as scratch:
        scratch.sync(shared=[], linked=[])
        scratch.apply(fault())
    (folder / "0/files.json").write_text("[")
    with Scratch(folder, project) as scratch:
        scratch.sync(shared=[], linked=[])
        assert "1" in (scratch.tree / "src/a.c").read_text()


def test_a_fault_that_does_not_apply_breaks_nothing(scratch: Scratch) -> None:
    both = fault(patch="--- a/src/b.c\n+++ b/src/b.c\n@@ -1 +1 @@\n-int c = 1;\n+int c = 2;\n")
    with pytest.raises(PatchError, match="hunk 1 of 1"):
        scratch.apply(both)
    with pytest.raises(PatchError, match=r"link\.c: is a symbolic link, or behind one"):
        scratch.apply(fault("link.c"))
    with pytest.raises(PatchError, match=r"venv/x: is a symbolic link, or behind one"):
        scratch.apply(fault("venv/x"))
    assert (scratch.tree / "src/a.c").read_text() == "int a = 1;\n"


def test_two_at_once_have_a_tree_each(project: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cache/one"
    with Scratch(folder, project) as first, Scratch(folder, project) as second:
        assert first.tree != second.tree
    with Scratch(folder, project) as third:
        assert third.tree == first.tree


def test_old_trees_go_and_those_in_use_stay(project: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    gone = tmp_path / "gone"
    gone.mkdir()
    for name, root in (("one", project), ("two", gone)):
        with Scratch(cache / name, root) as first, Scratch(cache / name, root) as second:
            first.sync(shared=[], linked=[])
            second.sync(shared=[], linked=[])
    now = time.time()
    assert tidy(cache, now) == []
    gone.rmdir()
    with Scratch(cache / "two", gone):
        assert tidy(cache, now) == [cache / "two/1"]
    assert tidy(cache, now) == [cache / "two/0"]
    assert not (cache / "two").exists()
    # Second trees are kept a day, the first of a project a month.
    assert tidy(cache, now + 2 * 24 * 3600) == [cache / "one/1"]
    assert tidy(cache, now + 40 * 24 * 3600) == [cache / "one/0"]


def test_a_folder_that_takes_nothing_is_named(project: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HostError, match="the scratch copy cannot be made") as error:
        Scratch(tmp_path / "file/one", project).__enter__()
    assert "XDG_CACHE_HOME" in error.value.next_step


def test_every_path_leads_into_the_tree(tmp_path: Path) -> None:
    root, tree = tmp_path / "project", tmp_path / "tree"
    site = root / ".venv/lib/python3.11/site-packages"
    site.mkdir(parents=True)
    (site / "app.pth").write_text(f"import sys\n{root}/src\n/elsewhere\n{root}/.venv/more\n")
    (site / "__editable___app_finder.py").write_text(
        f"MAPPING: dict[str, str] = {{'app': '{root}/lib/app'}}\nNAMESPACES = {{}}\n"
    )
    environ = {
        "PATH": f"{root}/.venv/bin:/usr/bin", "PYTHONPATH": f"{root}:/opt", "HOME": "/root",
        "LIBRARY": f"{root}/build/lib.so", "OTHER": f"{root}-two/x", "SAID": f"see {root}",
    }  # fmt: skip
    assert led(environ, root=root, tree=tree, linked=[".venv"]) == {
        "PATH": f"{tree}/.venv/bin:/usr/bin",
        "PYTHONPATH": f"{tree}/src:{tree}/lib:{tree}:/opt",
        "HOME": "/root",
        "LIBRARY": f"{tree}/build/lib.so",
        "OTHER": f"{root}-two/x",
        "SAID": f"see {root}",
    }
