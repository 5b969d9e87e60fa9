"""Whole runs through the real command line: what a person gets, and the exit code."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from harness.cli.workspace import template_cache
from suites.harness.projects import check, make_project, phase


def test_a_good_project_is_approved_and_leaves_its_evidence(tmp_path: Path) -> None:
    project = make_project(tmp_path, check("a", "true") + check("b", "true", more="needs: [a]"))
    done = project.run("verify")
    assert done.code == 0, done.text
    assert "APPROVED" in done.out
    assert "2 passed" in done.out
    latest = tmp_path / "reports" / "latest"
    for name in ("journal.jsonl", "report.html", "report.json", "junit.xml", "summary.md"):
        assert (latest / name).stat().st_size > 100, name


def test_a_replayed_journal_gives_every_report_byte_for_byte(tmp_path: Path) -> None:
    project = make_project(tmp_path, check("a", "echo", "hello") + check("b", "false"))
    assert project.run("verify").code == 1
    latest = tmp_path / "reports" / "latest"
    before = {path.name: path.read_bytes() for path in latest.glob("*.*")}
    assert project.run("report", "--verify").code == 1
    assert project.run("report").code == 1
    assert before == {path.name: path.read_bytes() for path in latest.glob("*.*")}


def test_a_report_that_was_edited_is_found(tmp_path: Path) -> None:
    project = make_project(tmp_path, check("a", "false"))
    project.run("verify")
    report = tmp_path / "reports" / "latest" / "report.html"
    report.write_text(report.read_text().replace("BLOCKED", "APPROVED"))
    done = project.run("report", "--verify")
    assert done.code == 6
    assert "report.html: not what the journal gives" in done.err


def test_a_journal_that_was_edited_proves_nothing(tmp_path: Path) -> None:
    project = make_project(tmp_path, check("a", "false"))
    project.run("verify")
    journal = tmp_path / "reports" / "latest" / "journal.jsonl"
    journal.write_text(journal.read_text().replace('"status":"failed"', '"status":"passed"'))
    done = project.run("report")
    assert done.code == 6
    assert "the journal is damaged" in done.err


def test_a_failure_blocks_and_precludes_only_its_dependents(tmp_path: Path) -> None:
    project = make_project(
        tmp_path,
        check("build", "sh", "-c", "echo no such header; exit 2")
        + check("unit", "true", more="needs: [build]")
        + check("lint", "true"),
    )
    done = project.run("verify")
    assert done.code == 1
    assert "BLOCKED" in done.out
    assert "no such header" in done.err
    assert "p/build" in done.out
    text = json.dumps(project.report())
    assert "precluded" in text
    assert project.run("verify", "lint").code == 0


def test_a_missing_capability_leaves_the_answer_open(tmp_path: Path) -> None:
    more = "requires: [apple-silicon]\nif: linux"
    project = make_project(tmp_path, check("a", "true") + check("b", "true", more=more))
    done = project.run("verify")
    assert done.code == 3
    assert "INCOMPLETE" in done.out
    assert "apple-silicon" in done.out
    demanded = project.run("verify", "--require", "apple-silicon")
    assert demanded.code == 8
    assert "apple-silicon is missing" in demanded.err


def test_nothing_executed_is_never_approved(tmp_path: Path) -> None:
    project = make_project(tmp_path, check("a", "true", more="if: macos and linux"))
    done = project.run("verify")
    assert done.code == 3
    assert "APPROVED" not in done.out


def test_a_part_is_not_a_release(tmp_path: Path) -> None:
    project = make_project(tmp_path, check("a", "true") + check("b", "true"))
    assert project.run("verify", "a").code == 0
    assert project.run("verify", "a", "--profile", "release").code == 3
    assert project.run("verify", "--profile", "release").code == 0


def test_an_advisory_failure_warns_and_stops_nobody(tmp_path: Path) -> None:
    project = make_project(
        tmp_path,
        check("a", "false", more="continue-on-error: true") + check("b", "true", more="needs: [a]"),
    )
    done = project.run("verify")
    assert done.code == 0, done.text
    assert "warn" in done.out


def test_a_matrix_runs_once_per_value(tmp_path: Path) -> None:
    project = make_project(
        tmp_path,
        "  - id: m\n    title: Matrix\n    uses: command\n"
        "    with: { run: [test, '${{ matrix.n }}', -lt, '3'] }\n"
        "    strategy: { matrix: { n: [1, 2, 3] } }\n",
    )
    done = project.run("verify")
    assert done.code == 1
    assert "2 passed, 1 failed" in done.out
    assert project.run("verify", "p/m[1]").code == 0


def test_an_any_of_says_what_ran_and_what_the_others_lacked(tmp_path: Path) -> None:
    project = make_project(
        tmp_path,
        "  - id: x\n    title: X\n    any-of:\n"
        "      - { title: Best, uses: command, with: { run: ['false'] },"
        " requires: [apple-silicon] }\n"
        "      - { title: Good, uses: command, with: { run: ['true'] } }\n",
        other=phase(check("z", "true"), "q"),
    )
    assert project.run("verify").code == 0
    text = json.dumps(project.report())
    assert "Best" in text
    assert "apple-silicon" in text
    assert "Good" in text


def test_machines_read_events_and_the_verdict(tmp_path: Path) -> None:
    project = make_project(tmp_path, check("a", "true"))
    done = project.run("verify", "--json")
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert [line["event"] for line in lines] == [
        "run-started", "check-started", "check-finished", "compared", "run-finished", "verdict",
    ]  # fmt: skip
    assert lines[-1]["verdict"]["conclusion"] == "APPROVED"


def test_a_plan_says_why_and_draws(tmp_path: Path) -> None:
    project = make_project(
        tmp_path,
        check("a", "true")
        + check("b", "true", more="needs: [a]")
        + check("c", "true", more="requires: [apple-silicon]"),
    )
    text = project.run("plan").out
    assert "p/a" in text
    assert "apple-silicon" in text
    plan = json.loads(project.run("plan", "--json").out)
    assert [one["decision"] for one in plan["checks"]] == ["run", "run", "skip"]
    assert project.run("plan", "--graph", "mermaid").out.startswith("flowchart")
    assert project.run("plan", "--graph", "dot").out.startswith("digraph")
    assert project.run("plan", "--graph", "dot", "--json").code == 2
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["verify", "unti"], 2, "did you mean unit"),
        (["verify", "--profile", "relaese"], 2, "release"),
        (["verify", "--tag", "nothing"], 2, "nothing"),
        (["verify", "--flag", "=on"], 2, "NAME"),
        (["doctor", "carg"], 2, "nearest is 'cargo'"),
        (["report", "1999"], 6, "no run '1999'"),
        (["report"], 6, "no run yet"),
        (["versions", "check"], 2, "versions.yaml"),
        (["schema", "nothing"], 2, "phase.schema.json"),
        (["schema", "--check"], 7, "schema --write"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_mistake_is_answered_with_a_way_on(
    tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    done = make_project(tmp_path, check("unit", "true")).run(*arguments)
    assert done.code == code, done.text
    assert said in done.err


def test_outside_a_project_the_way_in_is_named(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", check("a", "true"))
    (tmp_path / "project" / "phases" / "policy.yaml").unlink()
    done = project.run("verify")
    assert done.code == 2
    assert "release-manager init" in done.err


def test_init_writes_phases_that_run(tmp_path: Path) -> None:
    project = make_project(tmp_path / "other", check("a", "true"))
    new = tmp_path / "new"
    new.mkdir()
    (new / "Makefile").write_text("all:\n\t@echo built\ntest: all\n\t@echo tested\n")
    assert project.run("init", str(new)).code == 0
    done = project.run("-C", str(new), "verify")
    assert done.code == 0, done.text
    assert "2 passed" in done.out
    again = project.run("init", str(new))
    assert again.code == 2
    assert "exists already" in again.err
    assert project.run("-C", str(new), "schema", "--check").code == 0


def test_a_demanded_capability_nothing_knows_is_a_mistake(tmp_path: Path) -> None:
    done = make_project(tmp_path, check("a", "true")).run("verify", "--require", "crago")
    assert done.code == 2, done.text
    assert "no capability is called 'crago'" in done.err


def test_a_user_without_a_home_gets_a_report(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    assert template_cache() is None


@pytest.mark.parametrize(("env", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_is_coloured_unless_told_not_to(
    tmp_path: Path, env: dict[str, str], coloured: bool
) -> None:
    project = make_project(tmp_path, check("a", "true"))
    master, terminal = os.openpty()
    environ = {**project.environ(), "TERM": "xterm"}
    environ.pop("NO_COLOR", None)
    subprocess.run(
        project.argv("verify", "--plain"),
        env={**environ, **env},
        stdout=terminal,
        stderr=subprocess.DEVNULL,
        check=True,
        timeout=60,
    )
    os.close(terminal)
    said = os.read(master, 65536)
    os.close(master)
    assert b"APPROVED" in said
    assert (b"\x1b[" in said) is coloured
