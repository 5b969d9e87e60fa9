"""`verify --watch`: real processes and real edits, and the pure decisions behind them."""

from __future__ import annotations

import os
import pty
import queue
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Self

import pytest

from harness.model.result import Status
from harness.plan import Selection, make_plan
from harness.plan.rounds import OwnWrites, Pending, to_run
from harness.record.changes import ProjectChanges
from suites.harness.loading import HEADER, host, load_files
from suites.harness.projects import Project, check, make_project

# -- what is to run -----------------------------------------------------------------------------

PLAN = make_plan(
    load_files(
        p=HEADER
        + b"""\
  - { id: one, title: One, uses: command, with: { run: [x] }, inputs: ["src/one/**"] }
  - { id: two, title: Two, uses: command, with: { run: [x] }, inputs: ["src/two/**"] }
  - { id: both, title: Both, uses: command, with: { run: [x] }, inputs: [doc], needs: [one, two] }
"""
    ),
    project="Sample",
    host=host(),
    selection=Selection(),
)


@pytest.mark.parametrize(
    ("changed", "pending", "ids"),
    [
        ({"src/one/a"}, set(), {"p/one", "p/both"}),
        ({"doc"}, set(), {"p/both"}),
        ({"elsewhere"}, set(), set()),
        ({"elsewhere"}, {"p/two", "p/gone"}, {"p/two"}),
        ({"phases/p.yaml"}, set(), {"p/one", "p/two", "p/both"}),
        ({"phases/policy.yaml"}, set(), {"p/one", "p/two", "p/both"}),
        ({"phases/waivers.yml"}, set(), {"p/one", "p/two", "p/both"}),
        ({"docs/policy.yaml"}, set(), set()),
    ],
)
def test_a_round_runs_what_changed_and_what_has_not_passed(
    changed: set[str], pending: set[str], ids: set[str]
) -> None:
    assert to_run(PLAN, changed, pending).reasons.keys() == ids


def test_a_check_is_pending_until_it_passes() -> None:
    pending = Pending()
    pending.take([("a", Status.FAILED), ("b", Status.PRECLUDED), ("c", Status.PASSED)])
    pending.take([("b", Status.PASSED)])
    assert pending.ids == {"a"}


def test_a_check_that_writes_a_file_causes_no_rounds_for_ever() -> None:
    writes = OwnWrites()
    assert writes.during({"out", "edited"}) == ({"out", "edited"}, [])
    assert writes.during({"out"}) == ({"out"}, [])
    assert writes.during({"out", "edited"}) == ({"edited"}, ["out"])
    assert writes.during({"out"}) == (set(), [])  # told once
    writes.between({"out"})
    assert writes.during({"out"}) == ({"out"}, [])


# -- what changed -------------------------------------------------------------------------------


@pytest.fixture(params=[True, False], ids=["git", "no-git"])
def tree(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    if request.param:
        subprocess.run(["git", "init", "-q", str(tmp_path)], check=True, timeout=30)
    project = Project(tmp_path)
    project.write("src/a", "a")
    project.write(".gitignore", "made/\n.venv/\n*.log\n" if request.param else "")
    return project


def test_changes_are_told_once_and_by_content(tree: Project) -> None:
    changes = ProjectChanges(tree.root, without=tree.root / "out")
    assert changes.take() == set()
    tree.write("src/a", "b")
    tree.write("new/deep/b", "b")
    assert changes.take() == {"src/a", "new/deep/b"}
    assert changes.take() == set()
    tree.write("src/a", "b")  # as it was
    os.utime(tree.root / "src/a", ns=(1, 1))
    assert changes.take() == set()
    (tree.root / "src/a").rename(tree.root / "src/c")
    assert changes.take() == {"src/a", "src/c"}


def test_what_tools_editors_and_runs_leave_is_no_change(tree: Project) -> None:
    changes = ProjectChanges(tree.root, without=tree.root / "out")
    for name in ("src/.a.swp", "src/a~", "src/.#a", "src/4913", ".release-manager/cache/x",
                 "reports/20261123T073105Z-1f0c2a/journal.jsonl", "out/x/journal.jsonl",
                 ".venv/lib/x"):  # fmt: skip
        tree.write(name, "x")
    assert changes.take() == set()
    tree.write("reports/templates/page", "x")
    assert changes.take() == {"reports/templates/page"}


def test_every_folder_where_a_file_may_appear_is_watched(tree: Project) -> None:
    for name in ("empty/below", "made/deep", ".venv/lib", "reports/20261123T073105Z-1f0c2a", "out"):
        (tree.root / name).mkdir(parents=True)
    tree.write("made/x", "x")
    tree.write(".venv/x", "x")
    found = ProjectChanges(tree.root, without=tree.root / "out").folders()
    inside = {str(Path(one).relative_to(tree.root)) for one in found}
    assert {".", "src", "empty", "empty/below", "reports"} <= inside
    assert inside.isdisjoint({".venv", ".venv/lib", ".git", "out"})
    assert "reports/20261123T073105Z-1f0c2a" not in inside
    assert ("made" in inside) is not (tree.root / ".git").exists()


# -- a person at work ---------------------------------------------------------------------------


class Watching:
    """A running `verify --watch`, and the lines it printed on each of its outputs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._verdicts: queue.Queue[str] = queue.Queue()
        self._words: queue.Queue[str] = queue.Queue()
        assert process.stdout is not None
        assert process.stderr is not None
        self._readers = [
            threading.Thread(target=self._read, args=(stream, lines), daemon=True)
            for stream, lines in ((process.stdout, self._verdicts), (process.stderr, self._words))
        ]
        for reader in self._readers:
            reader.start()

    @staticmethod
    def _read(stream: IO[str], lines: queue.Queue[str]) -> None:
        for line in stream:
            lines.put(line)

    def verdict(self, *words: str) -> str:
        """The next line on standard output that holds all the words."""
        return self._next(self._verdicts, words)

    def said(self, *words: str) -> str:
        """The next line on standard error that holds all the words."""
        return self._next(self._words, words)

    @staticmethod
    def _next(lines: queue.Queue[str], words: tuple[str, ...]) -> str:
        seen = []
        while True:
            try:
                line = lines.get(timeout=60)
            except queue.Empty:
                pytest.fail(f"no line with {words} in {seen}")
            seen.append(line)
            if all(word in line for word in words):
                return line

    def idle(self) -> None:
        """Wait until it waits; once a round."""
        self.said("waiting for changes")

    def end(self) -> int:
        """Press Ctrl-C; the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        for reader in self._readers:
            reader.join(timeout=60)
        self.process.__exit__(None, None, None)


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[Watching]:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True, timeout=30)
    project = make_project(
        tmp_path,
        check("one", "test", "!", "-e", "src/one/bad", more='inputs: ["src/one/**"]')
        + check("two", "sh", "-c", "date +%N > made-by-two", more='inputs: ["src/two/**"]'),
    )
    project.write(".gitignore", "made-by-two\nbuild/\n")
    project.write("src/one/a", "a")
    project.write("src/two/b", "b")
    with Watching(project.start("verify", "--watch")) as started:
        yield started


def save(path: Path, text: str) -> None:
    """Save a file at once, as editors do: nobody ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.swp")
    beside.write_text(text, "utf-8")
    beside.replace(path)


def test_from_the_first_round_to_ctrl_c(tmp_path: Path, watching: Watching) -> None:
    watching.verdict("round 1 APPROVED: 2 passed")
    watching.idle()

    save(tmp_path / "build/x", "x")  # ignored by git: if it counted, the round below were the third
    save(tmp_path / "src/one/bad", "")
    watching.said("round 2: changed: src/one/bad")
    said = watching.verdict("round 2 BLOCKED: 1 failed, 1 untouched")
    assert "p/one failed: exit 1" in said
    assert "reports/" in said
    watching.idle()

    save(tmp_path / "src/two/new/c", "c")  # in a new folder; what failed is tried again, too
    watching.verdict("round 3 BLOCKED: 1 failed, 1 passed")
    watching.idle()

    phase = tmp_path / "phases/p.yaml"
    sound = phase.read_text("utf-8")
    save(phase, sound + "  - id: [\n")
    watching.said("phases/p.yaml:", "mend the syntax")
    watching.verdict("round 4 NO VERDICT: 1 problem in the definition files (exit 4)")
    watching.idle()

    (tmp_path / "src/one/bad").unlink()
    watching.verdict("round 5 NO VERDICT")
    watching.idle()
    save(phase, sound.replace("Check one", "Check one anew"))
    watching.verdict("round 6 APPROVED: 2 passed")
    watching.idle()

    save(tmp_path / "src/one/bad", "")
    watching.verdict("round 7 BLOCKED")
    watching.idle()
    assert watching.end() == 1


def test_ctrl_c_in_a_round_interrupts_it(tmp_path: Path) -> None:
    project = make_project(tmp_path, check("slow", "sleep", "60"))
    with Watching(project.start("verify", "--watch", "--json")) as watching:
        watching.verdict('"event":"check-started"')
        assert watching.end() == 130
        watching.verdict('"event":"verdict"', "INCOMPLETE")


def test_a_command_line_that_selects_nothing_does_not_wait(tmp_path: Path) -> None:
    done = make_project(tmp_path, check("one", "true")).run("verify", "--watch", "gone")
    assert done.code == 2, done.text


def test_a_terminal_is_cleared_for_each_round(tmp_path: Path) -> None:
    project = make_project(tmp_path, check("one", "true"))
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        project.argv("verify", "--watch"),
        cwd=tmp_path,
        env=project.environ({"TERM": "xterm", "CI": "true"}),  # CI: plain lines on stderr
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        os.close(theirs)
        assert process.stderr is not None
        try:
            seen = read_until(ours, b"round 1")
            assert b"\x1b[2J" not in seen
            while "waiting for changes" not in process.stderr.readline():
                pass
            project.write("new", "")
            assert b"\x1b[2J" in read_until(ours, b"round 2")
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=60) == 0
            os.close(ours)


def read_until(descriptor: int, words: bytes) -> bytes:
    """What a terminal shows up to the words."""
    seen = b""
    while words not in seen:
        seen += os.read(descriptor, 4096)
    return seen
