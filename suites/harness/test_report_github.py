"""Annotations: read as GitHub's runner reads them, gravest first, nothing slipping through."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cli.replay import Replayed
from harness.cli.summary import print_summary
from harness.judge import judge
from harness.model.result import Finding, Severity, Status, TestRecord
from harness.record.folder import RunFolder
from harness.report import build
from harness.report.github import MOST_OF_A_KIND, annotations
from harness.report.shape import View
from suites.harness.projects import check, make_project
from suites.harness.run_builder import RunBuilder
from suites.harness.sample_extremes import HOSTILE, hostile, large
from suites.harness.sample_runs import approved, blocked, incomplete


def view_of(builder: RunBuilder, **how: object) -> View:
    run = builder.run(**how)  # type: ignore[arg-type]
    return build(run, judge(run))


def read(line: str) -> tuple[str, dict[str, str], str]:
    """A workflow command as the runner takes it apart: name, properties, message."""
    match = re.fullmatch(r"::([a-z]+) ([^\r\n]*?)::([^\r\n]*)", line)
    assert match is not None, line
    pairs = (pair.split("=", 1) for pair in match[2].split(","))
    properties = {
        key: unescaped(value.replace("%3A", ":").replace("%2C", ",")) for key, value in pairs
    }
    return match[1], properties, unescaped(match[3])


def unescaped(text: str) -> str:
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


@pytest.mark.parametrize("example", [approved, blocked, incomplete])
def test_the_annotations_are_as_agreed(
    example: Callable[[], RunBuilder], golden: Callable[[str, bytes], None]
) -> None:
    text = "".join(f"{line}\n" for line in annotations(view_of(example())))
    golden(f"{example.__name__}.annotations.txt", text.encode())


def test_an_approved_run_without_a_doubt_says_nothing() -> None:
    builder = RunBuilder()
    builder.check("p/x")
    assert annotations(view_of(builder)) == []


def test_text_cannot_leave_its_field_or_start_another_command() -> None:
    evil = "50% a:b,c=d\r\n::set-env name=PATH::/tmp\n##[error]x\n%0A::add-mask::y"
    builder = RunBuilder()
    test = TestRecord(id=evil, status=Status.FAILED, message=evil, file=evil, line=3)
    builder.check("p/x", Status.FAILED, title=evil, tests=[test])
    lines = annotations(view_of(builder))
    assert len(lines) == 2
    assert not any("\n" in line or "\r" in line for line in lines)
    name, properties, message = read(lines[1])
    plain = evil.replace("\r\n", "\n")
    assert name == "error"
    assert properties == {"file": plain, "line": "3", "title": "p/x: 50% a:b,c=d"}
    assert message == f"{plain}\n\nrelease-manager verify p/x"


def test_each_of_githubs_special_characters_is_escaped() -> None:
    builder = RunBuilder()
    found = Finding(message="100%: a,\nb", file="a,b:c%.py", line=2, column=5)
    builder.check("p/x", Status.FAILED, message="no", findings=[found])
    assert annotations(view_of(builder))[1] == (
        "::error file=a%2Cb%3Ac%25.py,line=2,col=5,title=p/x%3A x"
        "::100%25: a,%0Ab%0A%0Arelease-manager verify p/x"
    )


def test_the_gravest_come_first_and_what_is_left_off_is_said() -> None:
    builder = large(30, 2, failed=25)
    for number in range(14):
        builder.check(f"w/{number}", Status.FAILED, message="not now", advisory=True)
    lines = [read(line) for line in annotations(view_of(builder))]
    kinds = [name for name, _, _ in lines]
    assert kinds == ["error"] * MOST_OF_A_KIND + ["warning"] * MOST_OF_A_KIND + ["notice"]
    assert lines[0][1]["title"] == "release-manager: BLOCKED"
    assert lines[-1][2].startswith("16 more errors and 4 more warnings of this run")


def test_what_fits_is_all_there_and_nothing_is_said_to_be_missing() -> None:
    names = [read(line)[0] for line in annotations(view_of(large(20, 1, failed=9)))]
    assert names == ["error"] * 10


def test_a_failure_that_stands_in_nobodys_way_is_a_warning() -> None:
    builder = RunBuilder()
    builder.check("p/ok")
    error = Finding(message="bad", severity=Severity.ERROR, file="a.c", line=1)
    note = Finding(message="by the way", severity=Severity.NOTE, file="a.c", line=2)
    builder.check("p/docs", Status.FAILED, advisory=True, findings=[error, note])
    (line,) = annotations(view_of(builder))
    assert line.startswith("::warning file=a.c,line=1,")


def test_a_failure_without_a_place_points_at_its_definition() -> None:
    builder = RunBuilder()
    builder.check("p/x", Status.FAILED, message="no")
    assert read(annotations(view_of(builder))[1])[1] == {
        "file": "phases/p.yaml", "line": "8", "col": "5", "title": "p/x: x",
    }  # fmt: skip


@pytest.mark.parametrize("how", [{"interrupted": "SIGINT"}, {"finished": False}, {}])
def test_an_incomplete_run_says_so_even_with_nothing_to_point_at(how: dict[str, object]) -> None:
    builder = RunBuilder()
    builder.plan("p/never")
    (line,) = annotations(view_of(builder, **how))
    assert read(line)[0] == "error"
    assert read(line)[1] == {"title": "release-manager: INCOMPLETE"}


def test_hostile_text_is_bounded_and_inert() -> None:
    for line in annotations(view_of(hostile())):
        read(line)
        assert "\x1b" not in line
        assert len(line) < 12_000
    assert HOSTILE not in "".join(annotations(view_of(hostile())))


# The command line


def test_annotations_are_printed_in_githubs_jobs(tmp_path: Path) -> None:
    project = make_project(tmp_path, check("a", "true") + check("b", "false"))
    done = project.run("verify", env={"GITHUB_ACTIONS": "true"})
    assert done.code == 1
    lines = [line for line in done.out.splitlines() if line.startswith("::")]
    titles = [read(line)[1]["title"] for line in lines]
    assert titles == ["release-manager: BLOCKED", "p/b: Check b"]
    assert read(lines[1])[1]["file"] == "phases/p.yaml"


@pytest.mark.parametrize(
    ("at_github", "as_json", "printed"),
    [("true", False, True), ("", False, False), ("false", False, False), ("true", True, False)],
)
def test_annotations_are_printed_nowhere_else(
    at_github: str,
    as_json: bool,
    printed: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", at_github)
    run = blocked().run()
    verdict = judge(run)
    replayed = Replayed(run=run, verdict=verdict, view=build(run, verdict))
    print_summary(replayed, RunFolder(Path("reports/x")), as_json=as_json)
    assert ("::error" in capsys.readouterr().out) == printed
