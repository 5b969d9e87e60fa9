"""Reuse through the real command line: what stands, what does not, and what people are told."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from suites.harness.projects import Project, check, make_project


def counting(name: str, more: str = "inputs: [src/**]", script: str = "true") -> str:
    """A check that leaves a line in NAME.log whenever it runs."""
    return check(name, "sh", "-c", f"echo ran >> {name}.log; {script}", more=more)


def project_of(tmp_path: Path, *checks: str) -> Project:
    project = make_project(tmp_path, "".join(checks))
    project.write("src/a.txt", "one")
    project.write("src/b.txt", "two")
    return project


def ran(project: Project, name: str) -> int:
    log = project.root / f"{name}.log"
    return len(log.read_text().splitlines()) if log.exists() else 0


def journal(project: Project) -> list[dict[str, Any]]:
    text = (project.root / "reports/latest/journal.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def test_what_passed_and_did_not_change_is_reused_and_says_from_where(tmp_path: Path) -> None:
    project = project_of(tmp_path, counting("a"), counting("b", "inputs: [src/b.txt]\nneeds: [a]"))
    assert project.run("verify").code == 0
    first = (tmp_path / "reports/latest").resolve().name
    done = project.run("verify")
    assert done.code == 0, done.text
    assert (ran(project, "a"), ran(project, "b")) == (1, 1)
    ends = [event for event in journal(project) if event["event"] == "check-finished"]
    assert [event["reused_from"] for event in ends] == [first, first]
    assert f"unchanged since run {first}" in json.dumps(journal(project)[0])
    shutil.rmtree(tmp_path / "reports" / first)
    assert project.run("verify").code == 0
    assert "whose folder is gone" in json.dumps(journal(project)[0])


def test_any_change_runs_the_check_and_its_dependents_again(tmp_path: Path) -> None:
    project = project_of(
        tmp_path,
        counting("a"),
        counting("after", "inputs: [other.txt]\nneeds: [a]"),
        counting("apart", "inputs: [other.txt]"),
    )
    project.write("other.txt", "x")
    assert project.run("verify").code == 0
    definitions = tmp_path / "phases/p.yaml"
    redefined = definitions.read_text().replace("a.log; true", "a.log; true #", 1)
    changes: dict[str, Callable[[], object]] = {
        "edit": lambda: project.write("src/a.txt", "eno"),  # as long as before
        "add": lambda: project.write("src/c.txt", "three"),
        "remove": (tmp_path / "src/b.txt").unlink,
        "mode": lambda: (tmp_path / "src/a.txt").chmod(0o755),
        "definition": lambda: definitions.write_text(redefined),
    }
    for times, (name, change) in enumerate(changes.items(), start=2):
        change()
        assert project.run("verify").code == 0, name
        assert (ran(project, "a"), ran(project, "after")) == (times, times), name
        assert ran(project, "apart") == 1, name
    assert project.run("verify", env={"CFLAGS": "-O3"}).code == 0
    assert [ran(project, name) for name in ("a", "after", "apart")] == [7, 7, 2]


def test_what_may_not_stand_runs_every_time(tmp_path: Path) -> None:
    project = project_of(
        tmp_path,
        counting("no-inputs", ""),
        counting("failed", script="false"),
        counting("no-file", "inputs: [nothing/**]"),
        counting("changes-its-input", "inputs: [log.txt]", "echo more >> log.txt"),
        counting("needs-one-without-key", "inputs: [src/**]\nneeds: [no-inputs]"),
    )
    project.write("log.txt", "")
    for times in (1, 2):
        assert project.run("verify").code == 1
        for name in (
            "no-inputs", "failed", "no-file", "changes-its-input", "needs-one-without-key",
        ):  # fmt: skip
            assert ran(project, name) == times, name


def test_a_variable_that_an_input_names_counts_and_others_do_not(tmp_path: Path) -> None:
    project = project_of(tmp_path, counting("a", "inputs: [src/**, $EDITION]"))
    for edition in ("one", "two", "two", "one"):
        assert project.run("verify", env={"EDITION": edition, "EDITOR": edition}).code == 0
    assert ran(project, "a") == 2
    assert "variable EDITION changed" in project.run("why", "a").out


def test_fresh_and_a_profile_that_forbids_it_reuse_nothing(tmp_path: Path) -> None:
    project = project_of(tmp_path, counting("a"))
    project.run("verify")
    project.run("verify", "--fresh")
    project.run("verify", "--profile", "release")
    assert ran(project, "a") == 3
    project.run("verify")
    assert ran(project, "a") == 3


def test_a_build_whose_output_is_gone_or_other_runs_again(tmp_path: Path) -> None:
    build = (
        "  - id: b\n    title: B\n    uses: build\n    with:\n"
        "      run: [sh, -c, 'echo ran >> b.log; echo made > out.bin']\n      outputs: [out.bin]\n"
        "    inputs: [src/**]\n"
    )
    project = project_of(tmp_path, build)
    assert project.run("verify").code == 0
    assert project.run("verify").code == 0
    assert ran(project, "b") == 1
    project.write("out.bin", "eda\n")
    assert project.run("verify").code == 0
    assert ran(project, "b") == 2
    assert "output out.bin is not what that run made" in json.dumps(journal(project))
    (tmp_path / "out.bin").unlink()
    assert project.run("verify").code == 0
    assert ran(project, "b") == 3


def test_a_damaged_entry_is_a_miss_and_a_warning(tmp_path: Path) -> None:
    project = project_of(tmp_path, counting("a"))
    project.run("verify")
    database = tmp_path / ".release-manager/results/results.db"
    db = sqlite3.connect(database)
    with db:
        db.execute("UPDATE result SET payload = replace(payload, 'passed', 'failed')")
    db.close()
    assert project.run("verify").code == 0
    assert ran(project, "a") == 2
    assert "is damaged" in json.dumps(journal(project))
    assert project.run("cache", "verify").code == 0
    database.write_bytes(b"nonsense" * 1000)
    for leftover in ("-wal", "-shm"):
        database.with_name(f"results.db{leftover}").unlink(missing_ok=True)
    assert project.run("verify").code == 0
    assert ran(project, "a") == 3
    assert project.run("verify").code == 0
    assert ran(project, "a") == 3


def test_the_cache_can_be_looked_at_and_emptied(tmp_path: Path) -> None:
    project = project_of(tmp_path, counting("a"))
    project.run("verify")
    assert json.loads(project.run("cache", "stats", "--json").out)["entries"] == 1
    assert "1 results are sound" in project.run("cache", "verify").out
    assert "1 results removed, 0 kept" in project.run("cache", "prune").out
    project.run("verify")
    assert ran(project, "a") == 2


def test_why_names_what_changed_or_the_run_that_answers(tmp_path: Path) -> None:
    project = project_of(tmp_path, counting("a"), check("free", "true"))
    assert "no execution of it is remembered" in project.run("why", "a").out
    project.run("verify")
    run = (tmp_path / "reports/latest").resolve().name
    assert f"unchanged since run {run}" in project.run("why", "p/a").out
    assert "declares no inputs" in project.run("why", "free").out
    project.write("src/a.txt", "changed")
    project.write("src/new.txt", "")
    (tmp_path / "src/b.txt").unlink()
    done = project.run("why", "a", env={"RUSTFLAGS": "-g"})
    for text in (
        "input src/a.txt changed", "input src/b.txt removed", "input src/new.txt added",
        "variable RUSTFLAGS added",
    ):  # fmt: skip
        assert text in done.out, done.text
    assert json.loads(project.run("why", "a", "--json").out)[0]["since"] == run
    typo = project.run("why", "fre")
    assert typo.code == 2
    assert "did you mean free?" in typo.err


def git(root: Path, *arguments: str) -> None:
    person = ["-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *person, *arguments], cwd=root, check=True, capture_output=True)


def test_affected_takes_what_a_change_can_touch_and_tells_the_rest(tmp_path: Path) -> None:
    project = project_of(
        tmp_path,
        counting("a", "inputs: [src/a.txt]"),
        counting("b", "inputs: [src/b.txt]"),
        counting("after", "inputs: [src/b.txt]\nneeds: [a]"),
    )
    project.write(".gitignore", "*.log\nreports/\n.release-manager/\n")
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    nothing = project.run("verify", "--affected=main")
    assert nothing.code == 0
    assert "0 of 3 checks affected" in nothing.err
    assert "nothing was verified" in nothing.err
    project.write("src/a.txt", "changed")
    done = project.run("verify", "--affected")
    assert done.code == 0, done.text
    assert (ran(project, "a"), ran(project, "after"), ran(project, "b")) == (1, 1, 0)
    assert "src/a.txt is an input" in done.err
    assert "left out" in done.err
    assert "p/b" in done.err
    assert project.run("verify", "--affected=nowhere").code == 2
