"""The page of 10,000 tests, rendered here and opened in Chromium."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from pathlib import Path

from harness.judge import judge
from harness.report import as_html, build
from suites.harness.sample_extremes import large


def measured(root: Path, rounds: int) -> list[tuple[str, str]]:
    """Size, CPU to render, and medians of first row and search in the browser, where one is."""
    folder = root / "reports" / "templates"
    templates = {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in sorted(folder.rglob("*.*"))
    }
    run = large(100, 100, failed=60).run()
    spent = []
    for _ in range(rounds):
        began = time.process_time()
        page = as_html(build(run, judge(run)), templates)
        spent.append(time.process_time() - began)
    rows = [
        ("size", f"{len(page.encode()) / 1e6:.2f} MB"),
        ("view and page, Python CPU", f"{statistics.median(spent):.2f} s"),
    ]
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        return [*rows, ("first row, search", "no chromium here (apt-get install chromium)")]
    first, found = in_browser(program, page, rounds)
    return [
        *rows,
        ("first row in Chromium", f"{statistics.median(first):.3f} s"),
        ("search in Chromium", f"{statistics.median(found):.3f} s"),
    ]


def in_browser(program: str, page: str, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds from navigation to the first row painted, and from a typed word to its rows."""
    from playwright.sync_api import sync_playwright

    first, found = [], []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder, "report.html")
        file.write_text(page, "utf-8")
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        for _ in range(rounds):
            opened = browser.new_page()
            opened.goto(file.as_uri())
            opened.wait_for_selector("#list.live .r")
            paint = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
            first.append(opened.evaluate(paint) / 1000)
            took = opened.evaluate(
                """() => new Promise((done) => {
                  const input = document.querySelector('#tools input');
                  const began = performance.now();
                  input.value = 'test_case_0042';
                  input.dispatchEvent(new Event('input'));
                  requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
                })"""
            )
            found.append(took / 1000)
            opened.close()
        browser.close()
    return first, found
