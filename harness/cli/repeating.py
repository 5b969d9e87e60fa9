"""A run that repeats an earlier one, recorded in short: its journal and a page that says where to.

The journal is whole and chained as any other; `report` renders the reports from it when somebody
wants them. The run is not in the history: it would be another line of one that is.
"""

from __future__ import annotations

import os
import sys
import time
from hashlib import sha256

from harness.cli.checkout import checkout
from harness.cli.standing import hush
from harness.record.stamp import Stamp

JOURNAL = "journal.jsonl"
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>APPROVED: {title}</title>
<style>body {{ font: 1rem/1.5 sans-serif; max-width: 40rem; margin: 3rem auto }}</style>
<h1>APPROVED</h1>
<p>Nothing that the {checks:,} checks of {title} depend on has changed since
<a href="../{before}/report.html">run {before}</a>, whose page tells of each.</p>
<p>Run {run} is recorded in <a href="journal.jsonl">its journal</a>; its own page takes the place
of this one with <code>release-manager report {run}</code>.</p>
</html>
"""


def repeat(stamp: Stamp, root: str, began: float) -> int | None:
    """Record the run and say so; the exit code, or None when the place refuses."""
    now = time.time_ns()
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now // 10**9))
    token = int.from_bytes(os.urandom(2), "big") & 0xFFF
    run_id = f"{moment.translate({45: None, 58: None})}-{now // 10**6 % 1000:03x}{token:03x}"
    folder = f"{stamp.reports}/{run_id}"
    try:
        os.mkdir(folder)  # noqa: PTH102 - pathlib would be loaded for it
        _bring(stamp, folder)
        _write(f"{folder}/{JOURNAL}", journal(stamp, root, run_id, moment, began))
        page = _PAGE.format(
            title=_escaped(stamp.title), checks=stamp.checks, before=stamp.run_id, run=run_id
        )
        _write(f"{folder}/report.html", page.encode())
        _point_latest(stamp.reports, run_id)
    except OSError:
        import shutil

        shutil.rmtree(folder, ignore_errors=True)
        return None  # the long way meets the same obstacle, and says which
    _tell(stamp, f"{folder}/report.html", time.monotonic() - began)
    return 0


def journal(stamp: Stamp, root: str, run_id: str, moment: str, began: float) -> bytes:
    """The journal of the run: header, the end of each check, and the last line, chained."""
    source = _source(stamp, root)
    header = (
        b'{"event":"run-started","at":0.0,"schema":1,"run_id":"%b","started_at":"%b",%b%b,"plan":%b'
        % (run_id.encode(), moment.encode(), stamp.head, source, stamp.plan)
    )
    lines: list[bytes] = []
    chain = b""
    for body in (header, *stamp.ends):
        chain = sha256(b"%b%b}" % (chain, body)).hexdigest()[:16].encode()
        lines += (body, b',"chain":"', chain, b'"}\n')
    last = b'{"event":"run-finished","at":%.6f' % (time.monotonic() - began)
    chain = sha256(b"%b%b}" % (chain, last)).hexdigest()[:16].encode()
    lines += (last, b',"chain":"', chain, b'"}\n')
    return b"".join(lines)


def _source(stamp: Stamp, root: str) -> bytes:
    """What is verified, in the journal's JSON: the files are the same, the commit may not be."""
    facts = checkout(root)
    if "unknown" in facts and b'"unknown"' in stamp.source:
        return stamp.source
    import json

    definitions = json.loads(stamp.source)["definitions"]
    return json.dumps({**facts, "definitions": definitions}, separators=(",", ":")).encode()


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _bring(stamp: Stamp, folder: str) -> None:
    for source, name in stamp.attachments:
        target = f"{folder}/{name}"
        os.makedirs(os.path.dirname(target), exist_ok=True)  # noqa: PTH103, PTH120
        with open(source, "rb") as file:  # noqa: PTH123
            _write(target, file.read())


def _write(path: str, content: bytes) -> None:
    with open(path, "xb") as file:  # noqa: PTH123
        file.write(content)
        file.flush()
        os.fdatasync(file.fileno())


def _point_latest(reports: str, run_id: str) -> None:
    partial = f"{reports}/.latest-{run_id}"
    os.symlink(run_id, partial, target_is_directory=True)  # noqa: PTH211
    os.replace(partial, f"{reports}/latest")  # noqa: PTH105


def _tell(stamp: Stamp, page: str, seconds: float) -> None:
    environ = os.environ
    colour = sys.stdout.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
    word = "\x1b[32m\x1b[1mAPPROVED\x1b[0m" if colour else "APPROVED"
    near = os.path.relpath(page)
    lines = (
        f"\n{word}  {stamp.title}",
        *stamp.words,
        f"  {'took':<14}{seconds * 1000:.0f} ms",
        f"  {'unchanged':<14}all that they depend on, since run {stamp.run_id}",
        f"  {'report':<14}{page if near.startswith('..') else near}",
    )
    try:
        encoding = sys.stdout.encoding
        text = "\n".join(lines).encode(encoding, "backslashreplace").decode(encoding)
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except OSError:
        # The verdict is this command's exit code, whether somebody can read the words or not.
        hush()
