"""The page in a real browser: silent, whole without scripts, usable by keyboard with them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from harness.judge import judge
from harness.report import as_html, build
from suites.harness.run_builder import RunBuilder
from suites.harness.sample_attachments import ATTACHED
from suites.harness.sample_extremes import hostile, large
from suites.harness.sample_runs import blocked
from suites.harness.sample_told import told

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("capability missing: chromium (apt-get install chromium)")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=program, args=list(QUIET))
        yield found
        found.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, templates: dict[str, str]) -> dict[str, str]:
    """Addresses of written pages by the name of their example."""
    folder: Path = tmp_path_factory.mktemp("pages")
    builders: dict[str, RunBuilder] = {
        "blocked": blocked(),
        "hostile": hostile(),
        "large": large(1_000, 10, failed=3),
        "told": told(),
    }
    for name, builder in builders.items():
        run = builder.run()
        page = as_html(build(run, judge(run)), templates, files=ATTACHED)
        (folder / f"{name}.html").write_text(page, "utf-8")
    return {name: (folder / f"{name}.html").as_uri() for name in builders}


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    found = browser.new_page(viewport={"width": 1280, "height": 900})
    yield found
    found.close()


@pytest.mark.parametrize("name", ["blocked", "hostile", "large", "told"])
@pytest.mark.parametrize("width", [400, 1600])
def test_the_page_is_silent_and_fits(
    page: Page, files: dict[str, str], name: str, width: int
) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.on("request", lambda request: said.append(request.url))
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(files[name])
    asked = [text for text in said if not text.startswith("data:image/png;")]
    assert asked == [files[name]]
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_scripts_every_check_and_its_evidence_can_be_read(
    browser: Browser, files: dict[str, str]
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(files["blocked"])
    assert page.locator("h1").inner_text() == "BLOCKED"
    assert page.locator("tr.row").count() == 15
    assert page.locator("#list .r").count() == 40
    assert "report.json" in page.locator(".results noscript").inner_text()
    card = page.locator("article.card").first
    assert "a freed context must be refused, not used" in card.inner_text()
    card.get_by_text("More about this check").click()
    assert "phases/v7-1.yaml" in card.inner_text()
    assert page.locator("button").count() == 0
    context.close()


def test_the_search_answers_to_the_keyboard(page: Page, files: dict[str, str]) -> None:
    page.goto(files["large"])
    count = page.locator("#tools output")
    count.get_by_text("11,000 results").wait_for()
    assert 0 < page.locator(".r").count() < 40, "only the rows in view exist"
    page.keyboard.press("/")
    page.keyboard.type("check-0777")
    assert count.inner_text() == "11 of 11,000 results"
    assert page.evaluate("location.hash") == "#results?q=check-0777"
    page.keyboard.press("Enter")
    page.keyboard.press("j")
    page.keyboard.press("k")
    chosen = page.locator(".r[aria-selected=true]")
    assert "Claim number 777 holds" in chosen.inner_text()
    assert page.locator("#list").get_attribute("aria-activedescendant") == "result-0"
    page.keyboard.press("Enter")
    box = page.locator("dialog")
    assert "release-manager verify p7/check-0777" in box.inner_text()
    page.keyboard.press("Escape")
    box.wait_for(state="detached")
    assert page.evaluate("document.activeElement.id") == "list"
    page.keyboard.press("/")
    page.keyboard.press("Escape")
    assert count.inner_text() == "11,000 results"
    page.get_by_role("button", name="failed").click()
    assert count.inner_text() == "6 of 11,000 results"


def test_the_end_of_a_long_list_can_be_reached(page: Page, files: dict[str, str]) -> None:
    page.goto(files["large"] + "#results")
    page.locator("#list.live").focus()
    page.keyboard.press("End")
    last = page.locator(".r[aria-selected=true]")
    assert last.get_attribute("aria-rowindex") == "11000"
    assert last.bounding_box() is not None


def test_a_search_can_be_linked_to(page: Page, files: dict[str, str]) -> None:
    page.goto(files["large"] + "#results?q=test_case_0003&s=passed&p=p4&k=tests")
    count = page.locator("#tools output")
    count.get_by_text("100 of 11,000 results").wait_for()
    assert page.get_by_label("Search all results").input_value() == "test_case_0003"
    assert page.get_by_label("Phase", exact=True).input_value() == "p4"
    assert page.get_by_role("button", name="passed").get_attribute("aria-pressed") == "true"
    page.goto(files["large"] + "#results?q=%E0%A4%A&p=nowhere&s=odd,&k=<b>")
    page.locator("#list.live").wait_for()


def test_the_shortcuts_are_listed(page: Page, files: dict[str, str]) -> None:
    page.goto(files["blocked"])
    page.locator("#list.live").wait_for()
    page.keyboard.press("?")
    assert "Search all results" in page.locator("dialog").inner_text()
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    assert page.evaluate("document.activeElement.className").startswith("card")


def test_an_attached_image_shows_and_can_be_enlarged(page: Page, files: dict[str, str]) -> None:
    page.goto(files["told"])
    image = page.locator(".attached img")
    assert image.evaluate("node => [node.naturalWidth, node.naturalHeight]") == [640, 360]
    button = page.get_by_role("button", name="Enlarge Attached image page.png")
    button.focus()
    page.keyboard.press("Enter")
    shown = page.locator("dialog img")
    assert shown.evaluate("node => node.naturalWidth") == 640
    page.keyboard.press("Escape")
    page.locator("dialog").wait_for(state="detached")
    assert page.evaluate("document.activeElement.className") == "zoom"


def test_an_attachment_can_be_taken_along(page: Page, files: dict[str, str]) -> None:
    page.goto(files["told"])
    with page.expect_download() as waiting:
        page.get_by_role("link", name="trace.zip").click()
    assert waiting.value.suggested_filename == "trace.zip"
    kept = Path(waiting.value.path()).read_bytes()
    assert kept == ATTACHED["attachments/v7-1/boundary/4-trace.zip"]


def test_the_list_tells_a_checks_earlier_ends(page: Page, files: dict[str, str]) -> None:
    page.goto(files["told"])
    page.locator("#list.live").wait_for()
    marks = page.locator(".r").first.get_by_role("img")
    said = "Earlier runs, newest last: passed, failed, flaky, passed, skipped"
    assert marks.get_attribute("aria-label") == said
    assert marks.locator("path").count() == 4, "one outline for each status"
    assert page.locator(".r .marks").count() == 2


def test_hostile_names_stay_text_in_the_list(page: Page, files: dict[str, str]) -> None:
    page.goto(files["hostile"])
    page.locator("#list.live").wait_for()
    page.locator(".r").first.click()
    box = page.locator("dialog")
    assert "<script>alert(1)</script>" in box.inner_text()
    assert page.locator(".list script, .list img, dialog script, dialog img").count() == 0


RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


@pytest.mark.parametrize(
    ("name", "scheme", "width"),
    [
        ("blocked", "dark", 320),
        ("blocked", "light", 1280),
        ("told", "light", 320),
        ("told", "dark", 1280),
    ],
)
def test_axe_finds_nothing(
    browser: Browser, files: dict[str, str], name: str, scheme: str, width: int
) -> None:
    context = browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light",
        viewport={"width": width, "height": 900},
        bypass_csp=True,  # for axe itself; that the page asks nothing is tested above
    )
    page = context.new_page()
    page.goto(files[name])
    page.locator("#list.live").wait_for()
    page.keyboard.press("j")
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    options = {"runOnly": {"type": "tag", "values": list(RULES)}, "resultTypes": ["violations"]}
    found = Axe().run(page, options=options).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def test_a_link_to_a_check_opens_it(page: Page, files: dict[str, str]) -> None:
    page.goto(files["blocked"] + "#check-v7-1-unit")
    assert page.locator("#check-v7-1-unit details").first.evaluate("node => node.open")
    page.goto(files["blocked"])
    page.locator(".reasons a").first.click()
    assert page.locator("article.card:target h3").inner_text().startswith("C and Rust keep")


def test_a_command_can_be_copied(page: Page, files: dict[str, str]) -> None:
    page.goto(files["blocked"])
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button = page.get_by_role("button", name="Copy release-manager verify v7-1/lint")
    button.click()
    page.wait_for_function("node => node.textContent === 'Copied'", arg=button.element_handle())
    assert page.evaluate("navigator.clipboard.readText()") == "release-manager verify v7-1/lint"


def test_the_first_stop_of_the_keyboard_leads_to_the_verdict(
    page: Page, files: dict[str, str]
) -> None:
    page.goto(files["blocked"])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the verdict"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_paper_is_white_whatever_the_theme(browser: Browser, files: dict[str, str]) -> None:
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.emulate_media(media="print")
    page.goto(files["blocked"])
    style = page.evaluate("(s => [s.backgroundColor, s.color])(getComputedStyle(document.body))")
    assert style == ["rgb(255, 255, 255)", "rgb(23, 24, 28)"]
    assert page.locator("button:visible").count() == 0
    context.close()


def test_a_failing_run_prints_on_few_pages(page: Page, files: dict[str, str]) -> None:
    page.goto(files["told"])
    document = page.pdf(format="A4", print_background=False)
    # Six where this was written; a rule that keeps long parts whole leaves pages half empty.
    assert len(re.findall(rb"/Type /Page\b", document)) <= 9


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_the_readers_theme(
    browser: Browser, files: dict[str, str], scheme: str
) -> None:
    context = browser.new_context(color_scheme="dark" if scheme == "dark" else "light")
    page = context.new_page()
    page.goto(files["blocked"])
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    brightness = sum(int(part) for part in ground.strip("rgb()").split(","))
    assert (brightness < 200) == (scheme == "dark")
    context.close()
