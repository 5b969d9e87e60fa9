"""Takes the README's picture: the page of the newest run, as a browser shows it.

`python -m suites.harness.picture` writes `.github/report.png` from `reports/latest/report.html`.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "reports" / "latest" / "report.html"
PICTURE = ROOT / ".github" / "report.png"


def main() -> int:
    """Write the picture; 1 when there is no run or no browser."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None or not PAGE.exists():
        print("needs a run (make v7-release) and chromium (make setup)", file=sys.stderr)
        return 1
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=browser, args=["--no-sandbox", "--disable-gpu"]
        )
        page = opened.new_page(viewport={"width": 1200, "height": 860}, device_scale_factor=1.5)
        page.goto(PAGE.as_uri())
        page.screenshot(path=PICTURE)
        opened.close()
    print(PICTURE.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
