"""`--audit-inputs`: what a check really reads, held against what it says it reads."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.cli.auditing import audit
from harness.model.plan import Decision, PlannedCheck
from harness.model.spec import Position
from harness.system.trace import files_read
from suites.harness.projects import check, make_project

LOG = """\
10 openat(AT_FDCWD</p>, "src/a", O_RDONLY|O_CLOEXEC) = 3</p/src/a>
10 openat(AT_FDCWD</p>, "gone", O_RDONLY) = -1 ENOENT (No such file or directory)
10 openat(AT_FDCWD</p>, ".", O_RDONLY|O_DIRECTORY) = 3</p>
11 openat(AT_FDCWD</p>, "out", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3</p/out>
12 openat(AT_FDCWD</p>, "out", O_RDONLY) = 3</p/out>
12 openat(AT_FDCWD</p>, "src/b", O_RDONLY <unfinished ...>
13 execve("/p/tool", ["tool"], 0x7ffd /* 9 vars */) = 0
12 <... openat resumed>) = 4</p/src/b>
12 openat(AT_FDCWD</p>, "caf\\303\\251", O_RDONLY) = 4</p/caf\\303\\251>
"""


def test_a_trace_tells_reads_from_writes_misses_and_folders() -> None:
    assert files_read(LOG) == {"/p/src/a", "/p/src/b", "/p/tool", "/p/café"}


def planned(*inputs: str) -> PlannedCheck:
    return PlannedCheck(
        id="p/a", phase="p", title="A", kind="command", decision=Decision.RUN, reason="",
        position=Position(file="phases/p.yaml", line=1, column=1), inputs=inputs,
    )  # fmt: skip


def test_reads_outside_the_inputs_and_inputs_never_read_are_found() -> None:
    found = audit(planned("src/**", "never.txt"), {"src/a", "other"})
    assert [one.message for one in found] == [
        "other is read and no input says so",
        "the input never.txt is never read",
    ]
    assert audit(planned("src/**"), {"src/a"}) == []
    assert audit(planned(), {"src/a"}) == []
    assert audit(planned("src/**", "$EDITION"), {"src/a"}) == []


@pytest.mark.skipif(shutil.which("strace") is None, reason="capability-missing: strace")
def test_a_run_is_audited_without_changing_its_verdict(tmp_path: Path) -> None:
    more = "inputs: [src/**, never.txt]"
    project = make_project(
        tmp_path, check("a", "sh", "-c", "cat src/a other > out; cat out", more=more)
    )
    for name in ("src/a", "other", "never.txt"):
        project.write(name, "x")
    done = project.run("verify", "--audit-inputs")
    assert done.code == 0, done.text
    assert "inputs audited: 2 disagree" in done.err
    assert "p/a: other is read and no input says so" in done.err
    assert "p/a: the input never.txt is never read" in done.err


def test_without_strace_nothing_runs_and_the_way_out_is_named(tmp_path: Path) -> None:
    project = make_project(tmp_path, check("a", "true"))
    empty = tmp_path / "empty"
    empty.mkdir()
    done = project.run("verify", "--audit-inputs", env={"PATH": str(empty)})
    assert done.code == 8, done.text
    assert "apt-get install strace" in done.err
    assert not (tmp_path / "reports").exists()
