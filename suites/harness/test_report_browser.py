"""The page in a real browser: silent, whole without scripts, usable by keyboard with them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from harness.judge import judge
from harness.report import as_html, build
from suites.harness.run_builder import RunBuilder
from suites.harness.sample_runs import blocked, hostile, large

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
    }
    for name, builder in builders.items():
        run = builder.run()
        page = as_html(build(run, judge(run)), templates)
        (folder / f"{name}.html").write_text(page, "utf-8")
    return {name: (folder / f"{name}.html").as_uri() for name in builders}


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    found = browser.new_page(viewport={"width": 1280, "height": 900})
    yield found
    found.close()


@pytest.mark.parametrize("name", ["blocked", "hostile", "large"])
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
    assert said == [files[name]]
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_scripts_every_check_and_its_evidence_can_be_read(
    browser: Browser, files: dict[str, str]
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(files["blocked"])
    assert page.locator("h1").inner_text() == "BLOCKED"
    assert page.locator("tr.row").count() == 15
    card = page.locator("article.card").first
    assert "a freed context must be refused, not used" in card.inner_text()
    card.get_by_text("More about this check").click()
    assert "phases/v7-1.yaml" in card.inner_text()
    assert page.locator("button").count() == 0
    context.close()


def test_the_filter_answers_to_the_keyboard(page: Page, files: dict[str, str]) -> None:
    page.goto(files["large"])
    page.keyboard.press("/")
    began = page.evaluate("performance.now()")
    page.keyboard.type("check-0777")
    assert page.locator("tr.row:visible").count() == 1
    assert page.evaluate("performance.now()") - began < 5_000
    assert page.locator("#tools output").inner_text() == "1 of 1,000 checks"
    page.keyboard.press("Escape")
    page.get_by_role("button", name="failed", exact=True).click()
    assert page.locator("#tools output").inner_text() == "3 of 1,000 checks"
    page.get_by_role("button", name="failed", exact=True).click()
    assert page.locator("tr.row[hidden]").count() == 0


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
