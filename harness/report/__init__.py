"""From a run and its verdict to reports, through one view model. Pure: returns text.

`view.build` makes the view; `render_all` makes every report of it. The template engine is imported
only when HTML is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import msgspec

from harness.report.badge import as_badge
from harness.report.ctrf import as_ctrf
from harness.report.evidence import wanted
from harness.report.junit import as_junit
from harness.report.sarif import as_sarif
from harness.report.shape import View
from harness.report.summary import as_summary
from harness.report.view import build

if TYPE_CHECKING:
    from jinja2 import BytecodeCache

HTML, JSON, JUNIT, SUMMARY = "report.html", "report.json", "junit.xml", "summary.md"
CTRF, SARIF, BADGE = "ctrf.json", "results.sarif", "badge.svg"


def as_json(view: View) -> bytes:
    """The view itself, indented, keys of mappings sorted: the same view gives the same bytes."""
    return msgspec.json.format(msgspec.json.encode(view, order="deterministic"), indent=2) + b"\n"


def as_html(
    view: View,
    templates: Mapping[str, str],
    *,
    files: Mapping[str, bytes] = MappingProxyType({}),
    bytecode_cache: BytecodeCache | None = None,
) -> str:
    """The page. `templates` maps names relative to `reports/templates` to their text.

    `files` maps paths of attachments to their bytes: those that `wanted` names, as far as they are
    what the run recorded. `bytecode_cache` saves compiling the templates again; it decides where,
    this stays pure.
    """
    from harness.report.page import render

    return render(view, templates, files, bytecode_cache)


def render_all(
    view: View,
    templates: Mapping[str, str],
    *,
    files: Mapping[str, bytes] = MappingProxyType({}),
    bytecode_cache: BytecodeCache | None = None,
) -> dict[str, bytes]:
    """Every report by file name; arguments as of `as_html`."""
    return {
        HTML: as_html(view, templates, files=files, bytecode_cache=bytecode_cache).encode(),
        JSON: as_json(view),
        JUNIT: as_junit(view),
        SUMMARY: as_summary(view).encode(),
        CTRF: as_ctrf(view),
        SARIF: as_sarif(view),
        BADGE: as_badge(view).encode(),
    }


__all__ = [
    "BADGE",
    "CTRF",
    "HTML",
    "JSON",
    "JUNIT",
    "SARIF",
    "SUMMARY",
    "View",
    "as_badge",
    "as_ctrf",
    "as_html",
    "as_json",
    "as_junit",
    "as_sarif",
    "as_summary",
    "build",
    "render_all",
    "wanted",
]
