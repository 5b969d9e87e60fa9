"""Whole runs that end badly: killed, interrupted, no room, bad files. Never a pass."""

from __future__ import annotations

import os
import resource
import shlex
import signal
import subprocess
import time
from pathlib import Path

import pytest

from harness.record.folder import list_runs
from suites.harness.projects import Done, Project, check, make_project


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 30
    while not path.exists() or not path.read_text().strip():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, f"{path} was never written"
        time.sleep(0.02)


def end(process: subprocess.Popen[str]) -> Done:
    out, err = process.communicate(timeout=60)
    assert "Traceback" not in out + err, err
    return Done(process.returncode, out, err)


def sleeping_project(root: Path) -> Project:
    return make_project(
        root,
        check("quick", "true")
        + check("slow", "sh", "-c", "echo $$ > pid; exec sleep 300", more="needs: [quick]")
        + check("never", "true", more="needs: [slow]"),
    )


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().split(")")[-1].split()[0]


def test_a_killed_harness_leaves_no_process_and_the_truth(tmp_path: Path) -> None:
    project = sleeping_project(tmp_path)
    process = project.start("verify")
    wait_for(tmp_path / "pid", process)
    process.kill()
    process.communicate()
    pid = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 10
    while alive(pid):
        assert time.monotonic() < deadline, "the check outlived the harness"
        time.sleep(0.05)
    (run,) = list_runs(tmp_path / "reports")
    done = project.run("report", run.run_id)
    assert done.code == 3
    assert "INCOMPLETE" in done.out
    assert "APPROVED" not in (run.path / "summary.md").read_text()


def test_after_a_pass_a_killed_run_is_the_latest(tmp_path: Path) -> None:
    project = sleeping_project(tmp_path)
    assert project.run("verify", "quick").code == 0
    process = project.start("verify")
    wait_for(tmp_path / "pid", process)
    process.kill()
    process.communicate()
    done = project.run("report")
    assert done.code == 3, done.text
    assert "the run did not finish" in done.out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    project = sleeping_project(tmp_path)
    process = project.start("verify")
    wait_for(tmp_path / "pid", process)
    process.send_signal(number)
    done = end(process)
    assert done.code == 130
    assert "INCOMPLETE" in done.out
    assert not alive(int((tmp_path / "pid").read_text()))
    again = project.run("report")
    assert again.code == 3
    assert number.name in (tmp_path / "reports" / "latest" / "summary.md").read_text()


def test_a_disk_that_fills_up_is_said_and_never_a_pass(tmp_path: Path) -> None:
    checks = "".join(check(f"c{n}", "sh", "-c", "head -c 9000 /dev/zero") for n in range(40))
    project = make_project(tmp_path, checks)
    process = subprocess.Popen(
        project.argv("verify"),
        cwd=tmp_path,
        env=project.environ({"PYTHONDONTWRITEBYTECODE": "1"}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000)),  # noqa: PLW1509
    )
    done = end(process)
    assert done.code == 5, done.text
    assert "APPROVED" not in done.out
    assert "--output" in done.err
    (run,) = list_runs(tmp_path / "reports")
    assert project.run("report", run.run_id).code == 3


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    project = make_project(tmp_path, check("a", "true"))
    (tmp_path / "reports").write_text("in the way")
    done = project.run("verify")
    assert done.code == 5
    assert "choose a writable folder with --output" in done.err
    assert project.run("verify", "--output", str(tmp_path / "elsewhere")).code == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\x00\x01\x02\xff\xfe", "p.yaml:1"),
        (b"schema: 1\nphase: [}\n", "p.yaml:2"),
        (b"schema: 1\nschema: 1\n", "p.yaml:2:1"),
        (b"- " * 3_000_000, "p.yaml"),
    ],
    ids=["empty", "binary", "broken", "duplicate", "huge"],
)
def test_bad_definitions_are_named_by_place(tmp_path: Path, content: bytes, said: str) -> None:
    project = make_project(tmp_path, check("a", "true"))
    (tmp_path / "phases" / "p.yaml").write_bytes(content)
    done = project.run("verify")
    assert done.code == 4, done.text
    assert said in done.err
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize("arguments", [["verify", "--json"], ["verify", "--plain"]])
def test_a_reader_who_leaves_changes_no_verdict(tmp_path: Path, arguments: list[str]) -> None:
    project = make_project(tmp_path, check("a", "true") + check("b", "false"))
    process = project.start(*arguments)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stderr.close()
    assert process.wait(60) == 1
    assert project.run("report", "--verify").code == 1


def test_a_missing_program_is_an_error_of_the_environment(tmp_path: Path) -> None:
    project = make_project(tmp_path, check("a", "no-such-program-anywhere"))
    done = project.run("verify")
    assert done.code == 3
    assert "no-such-program-anywhere" in done.err


@pytest.mark.parametrize("streams", [">/dev/full", "2>/dev/full", "2>&-", ">&- 2>&- <&-"])
def test_an_output_that_takes_nothing_changes_no_verdict(tmp_path: Path, streams: str) -> None:
    project = make_project(tmp_path, check("a", "sh", "-c", "echo said; echo too >&2"))
    assert through_shell(project, f"verify {streams}").code == 0
    assert project.run("report", "--verify").code == 0


def test_an_error_that_cannot_be_told_keeps_its_exit_code(tmp_path: Path) -> None:
    project = make_project(tmp_path, check("a", "true"))
    assert through_shell(project, "verify nothing-of-it 2>/dev/full").code == 2
    assert through_shell(project, "no-such-command 2>/dev/full").code == 2
    full = through_shell(project, "plan >/dev/full")
    assert full.code == 5
    assert "the output: cannot be written (No space left on device)" in full.err


def through_shell(project: Project, line: str) -> Done:
    """`release-manager LINE` with the redirections that only a shell can make."""
    command = f"{shlex.join(project.argv())} {line}"
    done = subprocess.run(
        ["sh", "-c", command],
        env=project.environ(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("stray", ["pipe", "device", "folder", "dangling"])
def test_a_definition_that_is_no_regular_file_is_named(tmp_path: Path, stray: str) -> None:
    project = make_project(tmp_path, check("a", "true"))
    make_stray(stray, tmp_path / "phases" / "stray.yaml")
    done = project.run("plan")
    assert done.code == 5
    assert "phases/stray.yaml: " in done.err
    assert "; " in done.err


@pytest.mark.parametrize("stray", ["pipe", "device", "folder", "dangling"])
def test_init_passes_over_what_is_no_manifest(tmp_path: Path, stray: str) -> None:
    (tmp_path / "Makefile").write_text("all:\n\t@echo built\n")
    make_stray(stray, tmp_path / "Cargo.toml")
    done = Project(tmp_path).run("init", str(tmp_path), "--dry-run")
    assert done.code == 0, done.text
    assert "make-all" in done.out
    assert "cargo" not in done.out


def make_stray(kind: str, path: Path) -> None:
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "device":
            path.symlink_to("/dev/zero")
        case "folder":
            path.mkdir()
        case _:
            path.symlink_to("nowhere")
