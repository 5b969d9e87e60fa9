"""Lighthouse over report pages: accessibility must be 100, on a desktop and on a phone.

`make lighthouse`, or `python -m suites.bench.lighthouse [REPORT.HTML ...]`. Without files it takes
the newest run's page, a made-up failing one with everything on it, and one of 10,000 tests. Each
page costs some 15 seconds. Lighthouse itself comes from npm when it is first asked for.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from harness.judge import judge
from harness.report import as_html, build
from suites.harness.sample_attachments import ATTACHED
from suites.harness.sample_extremes import large
from suites.harness.sample_told import told

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / ".venv" / "bench" / "lighthouse"
# The newest that runs on Node 20; it asks for the latest of one of its parts, so that is pinned.
PACKAGE = {
    "private": True,
    "dependencies": {"lighthouse": "12.8.2"},
    "overrides": {"third-party-web": "0.27.0"},
}
CATEGORIES = ("accessibility", "best-practices", "performance")
FORMS = ("desktop", "phone")
BROWSER = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run"
    " --disable-background-networking --disable-component-update --disable-sync"
)


class LighthouseError(Exception):
    """Lighthouse is not to be had, or gave no answer; the message says what to do."""


def program() -> str:
    """The path of Lighthouse, installed when it is first asked for."""
    found = TOOLS / "node_modules" / ".bin" / "lighthouse"
    wanted = json.dumps(PACKAGE)
    manifest = TOOLS / "package.json"
    if not found.exists() or not manifest.exists() or manifest.read_text("utf-8") != wanted:
        if shutil.which("npm") is None:
            raise LighthouseError("npm is missing; install Node 20 or later (apt-get install npm)")
        print(f"installing Lighthouse into {TOOLS.relative_to(ROOT)}", file=sys.stderr)
        TOOLS.mkdir(parents=True, exist_ok=True)
        manifest.write_text(wanted, "utf-8")
        argv = [
            "npm",
            "install",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--no-package-lock",
        ]
        done = subprocess.run(argv, cwd=TOOLS, capture_output=True, text=True)
        if done.returncode or not found.exists():
            raise LighthouseError(f"npm install failed: {done.stderr.strip()[-500:]}")
    return str(found)


def chromium() -> str:
    """The path of a browser."""
    for name in ("chromium", "google-chrome"):
        if (found := shutil.which(name)) is not None:
            return found
    raise LighthouseError("no browser here; apt-get install chromium")


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The folder over HTTP on loopback, for Lighthouse opens no files."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def audit(address: str, form: str) -> tuple[dict[str, int], list[str]]:
    """Scores by category, 0 to 100, and what is against accessibility, in Lighthouse's words."""
    with tempfile.TemporaryDirectory(prefix="release-manager-lighthouse-") as profile:
        done = subprocess.run(
            [
                program(),
                address,
                "--quiet",
                "--output=json",
                f"--only-categories={','.join(CATEGORIES)}",
                f"--chrome-flags={BROWSER} --user-data-dir={profile}",
                *(["--preset=desktop"] if form == "desktop" else []),
            ],
            capture_output=True,
            text=True,
            timeout=180,
            env={**os.environ, "CHROME_PATH": chromium()},
        )
    if done.returncode:
        raise LighthouseError(f"Lighthouse ended with {done.returncode}: {done.stderr[-500:]}")
    report = json.loads(done.stdout)
    if error := report.get("runtimeError"):
        raise LighthouseError(f"Lighthouse could not judge {address}: {error['message']}")
    scores = {
        name: round(100 * category["score"]) for name, category in report["categories"].items()
    }
    against = [
        f"{audit['id']}: {audit['title']}"
        for reference in report["categories"]["accessibility"]["auditRefs"]
        if (audit := report["audits"][reference["id"]])["score"] not in (None, 1)
    ]
    return scores, against


def pages(folder: Path, files: list[str]) -> list[str]:
    """Copies of the pages to judge, in `folder`, by file name."""
    templates = {
        path.relative_to(ROOT / "reports/templates").as_posix(): path.read_text("utf-8")
        for path in sorted((ROOT / "reports/templates").rglob("*.*"))
    }
    if files:
        for number, file in enumerate(files):
            shutil.copyfile(file, folder / f"{number}-{Path(file).name}")
    else:
        latest = ROOT / "reports" / "latest" / "report.html"
        if latest.exists():
            shutil.copyfile(latest, folder / "latest.html")
        for name, builder in (("failing", told()), ("large", large(100, 100, failed=60))):
            run = builder.run()
            text = as_html(build(run, judge(run)), templates, files=ATTACHED)
            (folder / f"{name}.html").write_text(text, "utf-8")
    return sorted(path.name for path in folder.iterdir())


def main() -> int:
    """Print every score; 1 when a page is not wholly accessible or Lighthouse does not answer."""
    parser = argparse.ArgumentParser(prog="make lighthouse", description=__doc__)
    parser.add_argument("files", nargs="*", metavar="REPORT.HTML")
    options = parser.parse_args()
    worst = 100
    with tempfile.TemporaryDirectory(prefix="release-manager-pages-") as folder:
        try:
            names = pages(Path(folder), options.files)
            with served(Path(folder)) as base:
                for name in names:
                    for form in FORMS:
                        scores, against = audit(f"{base}/{name}", form)
                        worst = min(worst, scores["accessibility"])
                        line = ", ".join(f"{key} {value}" for key, value in scores.items())
                        print(f"{name:<24} {form:<8} {line}")
                        for text in against:
                            print(f"  {text}")
        except (LighthouseError, OSError, subprocess.TimeoutExpired) as error:
            print(f"lighthouse: {error}", file=sys.stderr)
            return 1
    if worst < 100:
        print(f"accessibility is {worst} and must be 100", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
