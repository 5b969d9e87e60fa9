"""Whole runs that end badly: killed, interrupted, no room, bad files. Never a pass."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from pathlib import Path

import pytest

from suites.harness.projects import Done, Project, check, make_project


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, f"{path} never appeared"
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
    (run,) = [path for path in (tmp_path / "reports").iterdir() if path.is_dir()]
    done = project.run("report", run.name)
    assert done.code == 3
    assert "INCOMPLETE" in done.out
    assert "APPROVED" not in (run / "summary.md").read_text()


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
    (run,) = [path for path in (tmp_path / "reports").iterdir() if path.is_dir()]
    assert project.run("report", run.name).code == 3


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
