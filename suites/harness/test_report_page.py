"""The page: one offline file, complete without scripts, inert, bounded, readable by everyone."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections import Counter
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise

import jinja2
import pytest
from msgspec.structs import replace

from harness.judge import judge
from harness.model.event import Compared
from harness.model.history import Change, Changed, Mark
from harness.model.result import Output, SkipReason, Status, TestRecord
from harness.report import as_html, build, render_all
from harness.report.shape import View
from suites.harness.run_builder import RunBuilder
from suites.harness.sample_attachments import ATTACHED
from suites.harness.sample_extremes import HOSTILE, hostile, large
from suites.harness.sample_runs import approved, blocked, incomplete
from suites.harness.sample_told import told

KNOWN_WORDS = {"agrees", "differs", "not proven", "caught", "survived", "inconclusive"}
CHANGES = {"newly failing", "still failing", "flaky", "gone", "slower", "fixed", "added"}
VOID = {"meta", "input", "br", "link", "hr", "img"}


class Tree(HTMLParser):
    """Every element with its attributes, the text by element, and whether tags nest."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.stack: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        self.close()
        assert self.stack == [], f"never closed: {self.stack}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"doubled attribute in <{tag}>"
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.stack, f"</{tag}> closes nothing"
        assert self.stack.pop() == tag, f"</{tag}> does not match"

    def handle_data(self, data: str) -> None:
        if self.stack:
            self.texts.setdefault(self.stack[-1], []).append(data)

    def ids(self) -> list[str]:
        return [found for _, attrs in self.elements if (found := attrs.get("id"))]


def view_of(builder: RunBuilder, **how: object) -> View:
    run = builder.run(**how)  # type: ignore[arg-type]
    return build(run, judge(run))


EXAMPLES = {
    "approved": approved(),
    "blocked": blocked(),
    "incomplete": incomplete(),
    "hostile": hostile(),
    "empty": RunBuilder(),
    "large": large(300, 3, failed=5),
    "told": told(),
}


@pytest.fixture(scope="module")
def pages(templates: dict[str, str]) -> dict[str, str]:
    return {
        name: as_html(view_of(builder), templates, files=ATTACHED)
        for name, builder in EXAMPLES.items()
    }


@cache
def tree(page: str) -> Tree:
    return Tree(page)


@pytest.fixture(params=sorted(EXAMPLES))
def page(request: pytest.FixtureRequest, pages: dict[str, str]) -> str:
    return pages[request.param]


def test_elements_nest_and_ids_are_unique(page: str) -> None:
    ids = tree(page).ids()
    assert [name for name, count in Counter(ids).items() if count > 1] == []


def test_every_link_leads_somewhere_on_the_page(page: str) -> None:
    parsed = tree(page)
    links = [attrs for tag, attrs in parsed.elements if tag == "a"]
    beside = {attrs["href"] for attrs in links if (attrs["href"] or "")[:1] != "#"}
    assert all(
        re.match(r"attachments/[\w./-]+$|data:application/octet-stream;base64,", one or "")
        for one in beside
    )
    targets = [attrs["href"] or "" for attrs in links if attrs["href"] not in beside]
    targets += [attrs.get("href") or "" for tag, attrs in parsed.elements if tag == "use"]
    targets += [
        f"#{name}" for _, attrs in parsed.elements if (name := attrs.get("aria-labelledby"))
    ]
    assert targets
    assert {target[1:] for target in targets} <= set(parsed.ids())


def test_nothing_is_asked_of_anywhere(page: str) -> None:
    parsed = tree(page)
    loading = {"link", "iframe", "object", "embed", "base", "form", "video", "audio"}
    assert {tag for tag, _ in parsed.elements} & loading == set()
    for tag, attrs in parsed.elements:
        assert tag == "img" or "src" not in attrs, tag
        assert (attrs.get("src") or "data:image/").startswith("data:image/")
        assert "style" not in attrs, f"<{tag}> has a style the policy would refuse"
        assert not [name for name in attrs if name.startswith("on")], tag
    assert "url(" not in "".join(parsed.texts["style"])
    assert "@import" not in "".join(parsed.texts["style"])


def test_the_policy_allows_exactly_the_style_and_script_on_the_page(page: str) -> None:
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    policy = policy.replace("&#39;", "'")
    assert policy.startswith("default-src 'none';")
    for tag in ("style", "script"):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)  # data has attributes
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}';" in policy
    assert "unsafe" not in policy


def test_headings_step_down_one_level_at_a_time(page: str) -> None:
    levels = [int(tag[1]) for tag, _ in tree(page).elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_the_page_names_its_language_and_offers_a_way_past_the_contents(page: str) -> None:
    elements = tree(page).elements
    assert ("html", {"lang": "en"}) in elements
    links = [attrs.get("href") for tag, attrs in elements if tag == "a"]
    assert links[0] == "#main"


def test_status_is_always_a_word_beside_its_shape(page: str) -> None:
    marks = re.findall(r'<span class="st s-(\w+)">(.*?)</span>', page, re.DOTALL)
    for status, inside in marks:
        shape, _, word = inside.rpartition("</svg>")
        assert 'aria-hidden="true"' in shape
        said = re.sub(r"^[\d,]+ ", "", word.strip())
        assert said in KNOWN_WORDS | CHANGES or said == status


def test_the_verdict_stands_before_everything_else(pages: dict[str, str]) -> None:
    for name, word in (("approved", "APPROVED"), ("blocked", "BLOCKED")):
        text = pages[name]
        assert f"<title>{word} · Convergio · " in text
        first = text.index('id="word"')
        for later in ("What was verified", 'id="phases"', 'id="timeline"', 'id="policy"'):
            assert first < text.index(later)


def test_failures_stand_before_phases_with_their_evidence(pages: dict[str, str]) -> None:
    text = pages["blocked"]
    first, phases = text.index('id="attention"'), text.index('id="phases"')
    assert first < phases
    evidence = text[first:phases]
    for piece in (
        "a freed context must be refused, not used",
        "native/gateway/crates/abi/src/context.rs:88:21",
        "clippy::needless_borrow",
        "2 failed, 21 passed, 1 skipped in 8.41s",
        "release-manager verify &#39;v7-1/boundary[cffi]&#39;",
        "convergio-gateway (pid 4711)",
        "Waived</strong> until 2026-12-31 by Ada Lovelace (PROJ-142)",
        "at its deadline of",
        "timed out waiting for the terminator",
    ):
        assert piece in evidence, piece


def test_the_page_tells_how_an_answer_was_chosen(pages: dict[str, str]) -> None:
    text = pages["approved"]
    assert "decided by valgrind on the C programs, of 3 alternatives" in text
    assert "— miri is not installed" in text
    assert "not applicable: apple-silicon is false on this host" in text


def test_the_page_says_what_was_verified_and_how_to_prove_it(pages: dict[str, str]) -> None:
    text = pages["approved"]
    for piece in (
        "312f693c0ffe",
        "with 2 uncommitted changes",
        "2026-11-23 07:41:51 UTC",
        "7 executed · 0 reused · 1 unanswered",
        "native/gateway/Cargo.lock",
        "release-manager report 20261123-074151-7f3a --verify",
        "(this verdict)",
    ):
        assert piece in text, piece


def test_the_drawn_timeline_has_a_table_that_says_the_same(pages: dict[str, str]) -> None:
    text = pages["approved"]
    assert text.count('class="b b-passed') == text.count("<td>passed</td>") == 7
    assert 'role="img" aria-label="Timeline of 7 checks' in text


def test_the_page_tells_source_history_difference_and_proofs(pages: dict[str, str]) -> None:
    text = pages["told"]
    for piece in (
        '<span class="hit"><i>4</i>    connect(port)\n</span>',
        "# &lt;script&gt;alert(1)&lt;/script&gt;",
        "Earlier runs, newest last: passed, failed, flaky, passed, skipped",
        '<span class="times">9',
        "ConnectionRefusedError: &lt;n&gt;:&lt;n&gt; refused &lt;value&gt;",
        "1 newly failing",
        "41 s, usually 20 s",
        "the check passed",
        "not proven",
        "2026-11-22 02:10:00 UTC",
        "out of date",
    ):
        assert piece in text, piece
    assert "Proof of bite" not in pages["approved"]
    assert "Since the last run" not in pages["approved"]


def test_what_says_the_same_is_folded_away_and_an_earlier_attempt_too(
    templates: dict[str, str],
) -> None:
    def failing(*lines: str) -> list[TestRecord]:
        return [
            TestRecord(id=f"s::t{number}", status=Status.FAILED, message=line)
            for number, line in enumerate(lines)
        ]

    builder = RunBuilder()
    lines = ("Error: port 1", "Error: port 2", "Error: other", "Error: port 3", "", "", "")
    builder.check("p/x", Status.FAILED, tests=failing(*lines), output="x" * 300)
    builder.check("p/x", Status.FAILED, attempt=2, tests=failing(*lines), output="printed")
    builder.check("p/f", Status.FAILED, message="once")
    builder.check("p/f", attempt=2)
    text = as_html(view_of(builder), templates)
    card = text[text.index('id="check-p-x"') : text.index('id="check-p-f"')]
    assert card.count("<summary>1 more test that says the same</summary>") == 2
    assert card.index("Error: other") < card.index("1 more test") < card.index("Error: port 3")
    assert '<details class="more"><summary>Attempt 1 failed' in card
    assert '<details class="more"><summary>Output</summary>' in card, "the tests say it already"
    assert '<details class="more" open><summary>Attempt 1 failed' in text, "a flake shows it"


def test_the_difference_shows_news_and_folds_what_was_known(templates: dict[str, str]) -> None:
    builder = told()
    (event,) = [one for one in builder.events if isinstance(one, Compared)]
    assert event.comparison is not None
    known = Changed(change=Change.STILL_FAILING, check="v7-1/old", text="failed, as before")
    changes = (*event.comparison.changes, known)
    builder.events[builder.events.index(event)] = replace(
        event,
        comparison=replace(
            event.comparison, changes=changes, counts={one.change: 1 for one in changes}
        ),
    )
    text = as_html(view_of(builder), templates)
    part = text[text.index('id="difference"') : text.index('id="results"')]
    news, _, rest = part.partition('<details class="more"><summary>1 still failing</summary>')
    assert "41 s, usually 20 s" in news
    assert "failed, as before" not in news
    assert "failed, as before" in rest


def test_a_place_several_checks_compared_stands_once(templates: dict[str, str]) -> None:
    builder = RunBuilder()
    rows = [{"name": "lock", "where": "Cargo.lock", "declared": "1", "found": "1", "ok": True}]
    builder.check("p/a", kind="versions", metrics={"rows": rows})
    observed = {"name": "binary", "where": "gw", "declared": "1", "found": "2", "ok": False}
    builder.check("p/b", kind="versions", metrics={"rows": [*rows, observed]})
    text = as_html(view_of(builder), templates)
    versions = text[text.index('id="versions"') : text.index('id="environment"')]
    assert versions.count("Cargo.lock") == 1
    assert versions.count("differs") == 1


def test_ten_thousand_tests_fit_in_a_megabyte(templates: dict[str, str]) -> None:
    text = as_html(view_of(large(100, 100, failed=60)), templates)
    assert len(text.encode()) < 1_000_000
    assert 'data-form="zlib"' in text
    assert text.count('class="r"') == 40


def test_history_everywhere_leaves_ten_thousand_results_below_a_megabyte(
    templates: dict[str, str],
) -> None:
    builder = large(1_000, 10, failed=60)
    ends = [Status.PASSED] * 9 + [Status.FAILED, Status.FLAKY, Status.FLAKY]
    past = tuple(Mark(run_id=f"r{n}", status=end, seconds=1.0) for n, end in enumerate(ends))
    builder.events.append(Compared(at=builder.now, marks={c.id: past for c in builder.checks}))
    text = as_html(view_of(builder), templates)
    assert len(text.encode()) < 1_000_000
    assert 'aria-label="Earlier runs, newest last: 9 passed, failed, 2 flaky"' in text


def test_hostile_text_stays_text(pages: dict[str, str]) -> None:
    parsed = tree(pages["hostile"])
    scripts = [attrs.get("type") for tag, attrs in parsed.elements if tag == "script"]
    assert scripts == ["application/json", None]
    assert "// Comfort" in "".join(parsed.texts["script"])
    data, ours = parsed.texts["script"]
    assert "<" not in data
    assert "alert(1)" not in ours + "".join(parsed.texts["style"])
    assert any("<script>alert(1)</script>" in part for part in parsed.texts["pre"])
    for raw in ("\x1b", "\x00", "\x08", "\u202e", "\ud800"):
        assert raw not in pages["hostile"]
    assert "{{ 7*7 }}" in pages["hostile"]
    pages["hostile"].encode()


def test_a_line_of_a_megabyte_costs_little_and_is_said(pages: dict[str, str]) -> None:
    assert len(pages["hostile"]) < 120_000
    assert "more characters]" in pages["hostile"]


def test_a_large_run_stays_small_and_says_what_it_leaves_off(templates: dict[str, str]) -> None:
    builder = large(1_000, 10, failed=300)
    noisy = Output(head="y" * 60_000, total_bytes=60_000)
    for number in range(300):
        builder.check(f"noisy/{number}", Status.FAILED, message="x" * 5_000, output=noisy)
    text = as_html(view_of(builder), templates)
    assert len(text) < 2_000_000
    assert "540 more checks to look at" in text
    assert "kept in report.json" in text
    assert "longest of 1,300 checks" in text
    assert '10 tests: see <a href="#results">All results</a>' in text


def test_a_thousand_checks_render_in_little_time(templates: dict[str, str]) -> None:
    view = view_of(large(1_000, 10))
    render_all(view, templates)
    began = time.process_time()
    reports = render_all(view, templates)
    # 0.2 s where this was written; the bound only catches a change of kind.
    assert time.process_time() - began < 1.5
    assert len(reports["report.html"]) < 1_500_000


def test_compiled_templates_can_be_kept_by_the_caller(templates: dict[str, str]) -> None:
    class Kept(jinja2.BytecodeCache):
        def __init__(self) -> None:
            self.code: dict[str, bytes] = {}
            self.loads = 0

        def load_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
            if bucket.key in self.code:
                self.loads += 1
                bucket.bytecode_from_string(self.code[bucket.key])

        def dump_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
            self.code[bucket.key] = bucket.bytecode_to_string()

    kept, view = Kept(), view_of(approved())
    first = as_html(view, templates, bytecode_cache=kept)
    assert kept.loads == 0
    assert as_html(view, templates, bytecode_cache=kept) == first
    assert kept.loads == len(kept.code) > 4


def test_a_template_that_asks_for_what_is_not_there_fails(templates: dict[str, str]) -> None:
    broken = {**templates, "report.html.j2": "{{ view.nothing }}"}
    with pytest.raises(jinja2.UndefinedError):
        as_html(view_of(approved()), broken)


def test_a_run_of_skips_alone_renders(templates: dict[str, str]) -> None:
    builder = RunBuilder()
    builder.skip("p/x", SkipReason.CAPABILITY_MISSING, HOSTILE)
    text = as_html(view_of(builder), templates)
    Tree(text)
    assert "Gave no answer" in text
    assert 'id="timeline"' not in text


# Contrast, computed from the style sheet itself (WCAG 2.2, 1.4.3 and 1.4.11)

TEXT_ON = {
    "ink": ["paper", "sheet", "code", "slate-wash", "red-wash", "amber-wash", "violet-wash"],
    "soft": ["paper", "sheet", "code"],
    "faint": ["paper", "sheet", "code", "slate-wash"],
    "link": ["paper", "sheet"],
    "green": ["paper", "sheet"],
    "red": ["paper", "sheet", "red-wash"],
    "amber": ["paper", "sheet", "amber-wash"],
    "violet": ["paper", "sheet", "violet-wash"],
    "slate": ["paper", "sheet", "slate-wash"],
}
ON_SOLID = ("green", "red", "amber", "violet")


def themes(style: str) -> dict[str, dict[str, str]]:
    light, dark = re.findall(r":root \{(.*?)\}", style, re.DOTALL)[:2]
    values = {
        name: dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", body))
        for name, body in (("light", light), ("dark", dark))
    }
    return {"light": values["light"], "dark": {**values["light"], **values["dark"]}}


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(theme: str, templates: dict[str, str]) -> None:
    colours = themes(templates["report.css"])[theme]
    weak = [
        f"{text} on {ground}: {ratio:.2f}"
        for text, grounds in TEXT_ON.items()
        for ground in grounds
        if (ratio := contrast(colours[text], colours[ground])) < 4.5
    ]
    weak += [
        f"sheet on {solid}: {ratio:.2f}"
        for solid in ON_SOLID
        if (ratio := contrast(colours["sheet"], colours[solid])) < 4.5
    ]
    weak += [
        f"focus on {ground}: {ratio:.2f}"
        for ground in ("paper", "sheet")
        if (ratio := contrast(colours["focus"], colours[ground])) < 3
    ]
    assert weak == []


def test_contrast_is_the_formula_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
