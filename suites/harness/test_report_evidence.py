"""Attachments on the page: what stands in it, what is linked, what is refused, within budgets."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from harness.judge import judge
from harness.model.result import Attachment, Status, TestRecord
from harness.record.kept import read_attachments
from harness.report import as_html, build, wanted
from harness.report.evidence import Evidence, Piece
from harness.report.shape import View
from suites.harness.run_builder import RunBuilder
from suites.harness.sample_attachments import ATTACHED, attached
from suites.harness.sample_told import told


def kept(path: str, media_type: str = "text/plain", size: int = 4) -> Attachment:
    name = path.rpartition("/")[2] or path
    return Attachment(name=name, path=path, media_type=media_type, size=size, sha256="")


def view_with(*attachments: Attachment) -> View:
    builder = RunBuilder()
    builder.check("p/x", Status.FAILED, message="no", attachments=attachments)
    run = builder.run()
    return build(run, judge(run))


def piece(attachment: Attachment, content: bytes | None) -> Piece:
    files = {} if content is None else {attachment.path: content}
    (found,) = Evidence(view_with(attachment), files).of([attachment])
    return found


def test_an_image_stands_in_the_page_as_it_is() -> None:
    found = piece(kept("a/x.png", "image/png"), b"\x89PNG")
    assert found.image == "data:image/png;base64," + base64.b64encode(b"\x89PNG").decode()
    assert (found.text, found.file) == ("", "")


def test_json_is_laid_out_and_what_only_claims_to_be_json_is_text() -> None:
    assert piece(kept("x.json", "application/json"), b'{"b":[1,{"a":null}]}').text == (
        '{\n  "b": [\n    1,\n    {\n      "a": null\n    }\n  ]\n}'
    )
    assert piece(kept("x.json", "application/json"), b'{"b": 1').text == '{"b": 1'
    deep = b"[" * 5_000 + b"]" * 5_000
    assert piece(kept("x.json", "application/json"), deep).text.startswith("[[[")


def test_text_is_inert_and_bounded() -> None:
    found = piece(kept("x.log"), b"\x1b[31mred\x1b[0m \x00 \xff\n" + b"line\n" * 9_000)
    assert found.text.startswith("red ␀ �\n")
    assert len(found.text) < 17_000
    assert found.note == "both ends of 44 KiB"


@pytest.mark.parametrize(
    "media_type", ["application/zip", "text/html", "image/x-odd", "video/webm"]
)
def test_other_files_are_taken_along_as_a_type_no_browser_opens(media_type: str) -> None:
    found = piece(kept("x.bin", media_type), b"<b>1")
    assert found.file == "data:application/octet-stream;base64,PGI+MQ=="
    assert (found.image, found.text) == ("", "")


def test_what_is_gone_or_changed_is_said_and_not_linked() -> None:
    found = piece(kept("x.log"), None)
    assert found.note == "missing, or not what the run kept"
    assert not found.there
    assert found.text == ""


@pytest.mark.parametrize(
    "path", ["../x.log", "/etc/passwd", "a/../../x", "C:\\x", "", "attachments/..\\x"]
)
def test_a_path_that_leads_out_is_neither_asked_for_nor_linked(path: str) -> None:
    attachment = kept(path)
    assert wanted(view_with(attachment)) == ()
    found = piece(attachment, b"1234")
    assert (found.href, found.text) == ("", "")
    assert "outside" in found.note


def test_a_link_is_never_more_than_a_path() -> None:
    assert piece(kept('javascript:alert("1")'), b"1234").href == "javascript%3Aalert%28%221%22%29"
    assert piece(kept("a b?#%.log"), b"1234").href == "a%20b%3F%23%25.log"


def test_a_file_stands_in_the_page_once() -> None:
    attachment = kept("x.png", "image/png")
    first, second = Evidence(view_with(attachment), {"x.png": b"1234"}).of([attachment] * 2)
    assert first.image
    assert (second.image, second.note, second.there) == ("", "shown above", True)


def test_what_is_too_large_stays_beside_the_page() -> None:
    large = kept("x.webm", "video/webm", size=2_000_000)
    many = [kept(f"{n}.png", "image/png", size=1_000_000) for n in range(9)]
    empty = kept("e.log", size=0)
    view = view_with(large, *many, empty)
    assert [one.path for one in wanted(view)] == [f"{n}.png" for n in range(6)]
    found = Evidence(view, {}).of([large, many[8], empty])
    assert [one.note for one in found] == ["beside this page", "beside this page", "empty"]
    assert all(one.there for one in found)


def test_failures_come_first_where_room_is_short() -> None:
    builder = RunBuilder()
    big = {"media_type": "image/png", "size": 1_000_000}
    builder.check("p/a", attachments=[kept(f"good/{n}.png", **big) for n in range(6)])  # type: ignore[arg-type]
    test = TestRecord(
        id="t",
        status=Status.FAILED,
        message="no",
        attachments=(kept("bad/t.png", **big),),  # type: ignore[arg-type]
    )
    builder.check("p/z", Status.FAILED, message="no", tests=[test])
    run = builder.run()
    names = [one.path for one in wanted(build(run, judge(run)))]
    assert names[0] == "bad/t.png"
    assert len(names) == 6


def test_the_page_shows_what_a_test_and_its_check_attached(templates: dict[str, str]) -> None:
    run = told().run()
    view = build(run, judge(run))
    page = as_html(view, templates, files=ATTACHED)
    image = base64.b64encode(next(iter(ATTACHED.values()))).decode()
    assert page.count(f'src="data:image/png;base64,{image}"') == 1
    for text in (
        "&#34;status&#34;: 503",
        "&#34;error&#34;: &#34;&lt;b&gt;no&lt;/b&gt;&#34;",
        "listening on 40000\n&lt;/pre&gt;&lt;script&gt;",
        'download="trace.zip"',
        "gone.log <span",
        "missing, or not what the run kept",
        'href="attachments/v7-1/boundary/7-film.webm"',
        "8.6 MiB, beside this page",
    ):
        assert text in page, text
    assert page == as_html(view, templates, files=ATTACHED)
    assert "data:image" not in as_html(view, templates)


def test_what_an_earlier_attempt_attached_stands_with_it(templates: dict[str, str]) -> None:
    first = attached("attachments/p/x/1-first.log", b"first")
    builder = RunBuilder()
    builder.check("p/x", Status.FAILED, message="once", attachments=[first])
    builder.check("p/x", attempt=2)
    run = builder.run()
    view = build(run, judge(run))
    assert wanted(view) == (first,)
    page = as_html(view, templates, files={first.path: b"first"})
    part = page[page.index("Attempt 1 failed") : page.index("Run it again")]
    assert 'aria-label="Attached first.log">first</pre>' in part


def test_only_what_is_as_the_run_kept_it_is_read_back(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    (folder / "attachments").mkdir(parents=True)
    good = attached("attachments/1-a.log", b"good")
    for name, content in (("1-a.log", b"good"), ("2-b.log", b"evil"), ("3-c.log", b"longer")):
        (folder / "attachments" / name).write_bytes(content)
    (tmp_path / "outside.log").write_bytes(b"good")
    (folder / "attachments" / "5-e.log").symlink_to(tmp_path / "outside.log")
    asked = [
        good,
        attached("attachments/2-b.log", b"good"),
        attached("attachments/3-c.log", b"good"),
        attached("attachments/4-d.log", b"good"),
        attached("attachments/5-e.log", b"good"),
        attached("../outside.log", b"good"),
        attached("attachments/nul\0.log", b"good"),
    ]
    assert read_attachments(folder, asked) == {good.path: b"good"}
    assert hashlib.sha256(b"good").hexdigest() == good.sha256
