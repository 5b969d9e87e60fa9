"""Attachments: named in output, copied from project and run alone, masked, bounded, told of."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from harness.model.result import Outcome, Output, Status, TestRecord
from harness.run import attachments
from harness.run.attachments import Attachments
from suites.harness.projects import check, make_project


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "out").mkdir(parents=True)
    (folder / "out" / "page.png").write_bytes(b"\x89PNG")
    (folder / "out" / "log.txt").write_text("the key is hunter2")
    (tmp_path / "run" / "work").mkdir(parents=True)
    (tmp_path / "run" / "work" / "trace.zip").write_bytes(b"PK")
    return folder


@pytest.fixture
def keeping(root: Path) -> Attachments:
    return Attachments(root, root.parent / "run", lambda data: data.replace(b"hunter2", b"[M]"))


def says(*names: str) -> str:
    return "".join(f"noise\n  [[ATTACHMENT|{name}]] \n" for name in names)


def of(keeping: Attachments, printed: str, *tests: TestRecord) -> Outcome:
    return keeping.of("p/x", Outcome(status=Status.FAILED, tests=tests), Output(head=printed))


def test_a_named_file_is_copied_masked_with_its_digest_and_type(
    root: Path, keeping: Attachments
) -> None:
    found = of(keeping, says("out/page.png", str(root / "out/log.txt")))
    page, log = found.attachments
    assert (page.name, page.media_type, page.size) == ("page.png", "image/png", 4)
    assert page.path.startswith("attachments/p/x/")
    content = (root.parent / "run" / log.path).read_bytes()
    assert content == b"the key is [M]"
    assert (log.sha256, log.size) == (hashlib.sha256(content).hexdigest(), len(content))
    assert keeping.notes == []


def test_a_file_of_the_run_itself_may_be_named(root: Path, keeping: Attachments) -> None:
    (kept,) = of(keeping, says(str(root.parent / "run/work/trace.zip"))).attachments
    assert kept.media_type == "application/zip"


def test_what_a_test_printed_is_its_own_and_not_the_checks_too(keeping: Attachments) -> None:
    test = TestRecord(id="t", status=Status.FAILED, output=says("out/page.png"))
    other = TestRecord(id="u", status=Status.PASSED, message=says("out/page.png"))
    found = of(keeping, says("out/page.png", "out/log.txt"), test, other)
    assert [one.name for one in found.tests[0].attachments] == ["page.png"]
    assert found.tests[1].attachments == found.tests[0].attachments
    assert [one.name for one in found.attachments] == ["log.txt"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("/etc/hostname", "neither in the project"),
        ("../secret.txt", "neither in the project"),
        ("out/leads-out", "neither in the project"),
        (".git/config", "hidden"),
        ("out/../.env", "hidden"),
        ("out", "no such file"),
        ("out/gone.txt", "no such file"),
        ("out/nul\0.txt", "null"),
    ],
)
def test_what_may_not_be_kept_is_said(
    root: Path, keeping: Attachments, name: str, why: str
) -> None:
    (root.parent / "secret.txt").write_text("no")
    (root / ".env").write_text("no")
    (root / "out" / "leads-out").symlink_to(root.parent / "secret.txt")
    assert of(keeping, says(name)).attachments == ()
    (note,) = keeping.notes
    assert note.startswith(f"p/x: attachment {name} is not kept: ")
    assert why in note
    assert not (root.parent / "run" / "attachments").exists()


def test_size_and_number_are_bounded_and_said(
    root: Path, keeping: Attachments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "_MOST", 2)
    monkeypatch.setattr(attachments, "_LARGEST", 10)
    found = of(keeping, says("out/log.txt", "out/page.png", *(f"out/{n}.txt" for n in range(9))))
    assert [one.name for one in found.attachments] == ["page.png"]
    large, many = keeping.notes
    assert "18 bytes are more than 10" in large
    assert many == "p/x: only its first 2 attachments are kept"


def test_a_name_in_the_midst_of_a_line_is_somebody_elses_word(keeping: Attachments) -> None:
    source = 'print(f"[[ATTACHMENT|out/{name}]]")\nuser said [[ATTACHMENT|out/log.txt]]\n'
    assert of(keeping, source).attachments == ()
    assert keeping.notes == []


def test_nothing_named_costs_nothing(keeping: Attachments) -> None:
    outcome = Outcome(status=Status.PASSED, tests=(TestRecord(id="t", status=Status.PASSED),))
    assert keeping.of("p/x", outcome, Output(head="[[ATTACHMEN")) is outcome


def test_a_hostile_name_stays_inside_its_folder(root: Path, keeping: Attachments) -> None:
    (root / "out" / "<b>a b;c").write_text("x")
    (kept,) = of(keeping, says("out/<b>a b;c")).attachments
    assert kept.path.rpartition("-")[2] == "b_a_b_c"
    assert (root.parent / "run" / kept.path).read_text() == "x"


def test_a_run_keeps_them_and_the_page_shows_them(tmp_path: Path) -> None:
    project = make_project(
        tmp_path,
        check(
            "a",
            "sh",
            "-c",
            'printf "{\\"n\\": 1}" > got.json; echo "[[ATTACHMENT|got.json]]"; exit 1',
        ),
    )
    assert project.run("verify").code == 1
    folder = (tmp_path / "reports" / "latest").resolve()
    report = json.loads((folder / "report.json").read_bytes())
    (kept,) = report["phases"][0]["checks"][0]["attachments"]
    assert (folder / kept["path"]).read_text() == '{"n": 1}'
    page = (folder / "report.html").read_text("utf-8")
    assert "got.json" in page
    assert "&#34;n&#34;: 1" in page
    (folder / kept["path"]).write_text('{"n": 2}')
    done = project.run("report", "--verify")
    assert done.code == 6, "the page holds what the run kept, so an edited file shows"
    assert project.run("report").code == 1
    assert "not what the run kept" in (folder / "report.html").read_text("utf-8")
