"""The badge: self-contained, said aloud as well as shown, and inert."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from harness.judge import judge
from harness.report import as_badge, build
from harness.report.shape import View
from suites.harness.run_builder import RunBuilder
from suites.harness.sample_extremes import HOSTILE
from suites.harness.sample_runs import approved, blocked, incomplete
from suites.harness.test_report_page import contrast

SVG = "{http://www.w3.org/2000/svg}"


def view_of(builder: RunBuilder) -> View:
    run = builder.run()
    return build(run, judge(run))


def extent(outline: str) -> float:
    """How far to the right an outline goes: its first horizontal line, and its corner."""
    line, corner = re.findall(r"H([\d.]+)a([\d.]+) ", outline)[0]
    return float(line) + float(corner)


def named(project: str) -> ET.Element:
    view = view_of(blocked())
    return ET.fromstring(as_badge(replace(view, run=replace(view.run, project=project))))


@pytest.mark.parametrize("example", [approved, blocked, incomplete])
def test_the_badge_is_as_agreed(
    example: Callable[[], RunBuilder], golden: Callable[[str, bytes], None]
) -> None:
    golden(f"{example.__name__}.svg", as_badge(view_of(example())).encode())


@pytest.mark.parametrize("example", [approved, blocked, incomplete])
def test_the_badge_says_the_verdict_in_words_and_in_its_title(
    example: Callable[[], RunBuilder],
) -> None:
    view = view_of(example())
    root = ET.fromstring(as_badge(view))
    word = view.verdict.conclusion.value
    assert [node.text for node in root.iter(f"{SVG}text")] == ["Convergio", word]
    title = root.find(f"{SVG}title")
    assert title is not None
    assert root.get("role") == "img"
    assert root.get("aria-label") == title.text
    assert title.text == f"Convergio: {word}. {view.verdict.sentence}"


@pytest.mark.parametrize("example", [approved, blocked, incomplete])
def test_the_badge_asks_nothing_of_anywhere(example: Callable[[], RunBuilder]) -> None:
    root = ET.fromstring(as_badge(view_of(example())))
    tags = {node.tag.removeprefix(SVG) for node in root.iter()}
    assert tags == {"svg", "title", "path", "g", "text"}
    names = {name for node in root.iter() for name in node.attrib}
    assert not any("href" in name or name.startswith("on") or name == "style" for name in names)


def test_two_badges_in_one_page_share_nothing() -> None:
    page = "".join(as_badge(view_of(example())) for example in (approved, blocked, approved))
    assert page.count("<svg") == 3
    for reference in (" id=", "url(", "aria-labelledby", "aria-describedby"):
        assert reference not in page, reference


@pytest.mark.parametrize("example", [approved, blocked, incomplete])
def test_white_stands_out_from_every_ground(example: Callable[[], RunBuilder]) -> None:
    grounds = ET.fromstring(as_badge(view_of(example()))).iter(f"{SVG}path")
    colours = [fill for path in grounds if (fill := path.get("fill"))]
    assert len(colours) == 2
    assert all(contrast(colour, "#ffffff") >= 4.5 for colour in colours)


@pytest.mark.parametrize("project", ["x", "i" * 60, "W" * 60, "日本語のプロジェクト", "  a \n b  "])
def test_both_halves_are_as_wide_as_what_stands_in_them(project: str) -> None:
    root = named(project)
    left, right = (extent(path.get("d", "")) for path in root.iter(f"{SVG}path"))
    assert float(root.get("width", "0")) == pytest.approx(left + right, abs=0.2)
    for half, text in zip((left, right), root.iter(f"{SVG}text"), strict=True):
        assert float(text.get("textLength", "0")) == pytest.approx(half - 14, abs=0.2)
        assert len(text.text or "") <= 40
    assert float(root.get("width", "0")) < 600


def test_hostile_text_stays_text_in_the_badge() -> None:
    root = named("<script>&]]>\"'" + HOSTILE.replace("\x1b", "").replace("\x00", "")[:20])
    assert not [node for node in root.iter() if node.tag.endswith("script")]
    assert next(root.iter(f"{SVG}text")).text == "<script>&]]>\"'<script>alert(1)</sc"


def test_a_project_without_a_name_still_has_a_label() -> None:
    assert next(named(" ").iter(f"{SVG}text")).text == "release"
