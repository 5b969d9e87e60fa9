"""Lines around a failure: from project files alone, bounded, masked, as they were."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.model.result import Excerpt, Finding, Outcome, Status, TestRecord
from harness.run.excerpt import Excerpts
from suites.harness.projects import check, make_project

SOURCE = "\n".join(f"line {number}" for number in range(1, 31)) + "\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "a.py").write_text(SOURCE)
    return folder


def failing(**fields: object) -> Outcome:
    test = TestRecord(id="t", status=Status.FAILED, **fields)  # type: ignore[arg-type]
    return Outcome(status=Status.FAILED, tests=(test,))


def of(root: Path, outcome: Outcome) -> Outcome:
    return Excerpts(root, lambda data: data.replace(b"line 10", b"[REDACTED]")).of(outcome)


def test_a_failing_test_gets_the_lines_its_message_names(root: Path) -> None:
    outcome = failing(
        file="src/a.py", line=3, message="x\nsrc/a.py:5: in f\nsrc/a.py:12: AssertionError"
    )
    found = of(root, outcome).tests[0].excerpt
    assert found is not None
    assert (found.file, found.first, found.line) == ("src/a.py", 8, 12)
    assert found.text.split("\n")[4] == "line 12"
    assert "[REDACTED]" in found.text


def test_without_a_place_in_the_message_the_tests_own_counts(root: Path) -> None:
    found = of(root, failing(file="src/a.py", line=2, message="assert 0")).tests[0].excerpt
    assert found == Excerpt(
        file="src/a.py", first=1, line=2, text="\n".join(f"line {n}" for n in range(1, 6))
    )


def test_a_finding_gets_its_lines(root: Path) -> None:
    outcome = Outcome(
        status=Status.FAILED, findings=(Finding(message="m", file="src/a.py", line=30),)
    )
    found = of(root, outcome).findings[0].excerpt
    assert found is not None
    assert found.line == 30


@pytest.mark.parametrize(
    "file",
    ["../secret.txt", "/etc/passwd", "src", "src/missing.py", "link.py", "src/a.py\0", "big.py"],
)
def test_nothing_else_is_read(root: Path, file: str) -> None:
    (root.parent / "secret.txt").write_text("secret\n" * 9)
    (root / "link.py").symlink_to(root.parent / "secret.txt")
    (root / "big.py").write_bytes(b"x\n" * 600_000)
    outcome = failing(file=file, line=1)
    assert of(root, outcome) is outcome


def test_a_line_beyond_the_file_and_a_passing_test_get_none(root: Path) -> None:
    beyond = failing(file="src/a.py", line=900)
    assert of(root, beyond) is beyond
    passed = Outcome(
        status=Status.PASSED,
        tests=(TestRecord(id="t", status=Status.PASSED, file="src/a.py", line=1),),
    )
    assert of(root, passed) is passed


def test_only_so_many_are_read_and_long_lines_are_cut(root: Path) -> None:
    (root / "src" / "long.py").write_text("y" * 5_000 + "\n")
    tests = tuple(
        TestRecord(id=str(number), status=Status.FAILED, file="src/long.py", line=1)
        for number in range(200)
    )
    found = of(root, Outcome(status=Status.FAILED, tests=tests)).tests
    assert sum(test.excerpt is not None for test in found) == 60
    assert all(len(test.excerpt.text) <= 242 for test in found if test.excerpt)


def test_a_run_keeps_the_lines_in_its_journal(tmp_path: Path) -> None:
    project = make_project(
        tmp_path,
        check("a", "sh", "-c", "echo 'main.c:2:1: error: no such thing' >&2; exit 1").replace(
            "uses: command", "uses: build"
        ),
    )
    (tmp_path / "main.c").write_text("int main(void) {\n  return nothing;\n}\n")
    project.run("verify")
    (tmp_path / "main.c").unlink()
    assert project.run("report").code == 1
    page = (tmp_path / "reports" / "latest" / "report.html").read_text()
    assert "return nothing;" in page
