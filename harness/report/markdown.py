"""Untrusted text in GitHub-flavoured Markdown, so that it stays text.

Inline text is escaped character by character; code goes into a span or fence longer than any run of
backticks inside it, which no content can close (CommonMark 0.31, sections 6.1 and 4.5).
"""

from __future__ import annotations

import re

_PUNCTUATION = re.compile(r"[\\`*_\[\]|~#!<>&@$]")
_AS_ENTITY = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "@": "&#64;"}
_LIST_MARKER = re.compile(r"^([-+=]|\d{1,9}(?=[.)](?: |$)))")
_BACKTICKS = re.compile("`+")
_SCHEME = re.compile(r"://|(?<=www)\.", re.IGNORECASE)


def inline(text: str) -> str:
    """One line of plain text that starts no markup, link, mention or HTML."""
    line = " ".join(text.split())
    line = _PUNCTUATION.sub(lambda m: _AS_ENTITY.get(m[0]) or f"\\{m[0]}", line)
    line = _SCHEME.sub(lambda m: "&#58;//" if m[0] == "://" else "&#46;", line)
    return _LIST_MARKER.sub(_disarm, line)


def _disarm(match: re.Match[str]) -> str:
    """Keep a leading list or heading marker from being one."""
    marker = match[0]
    return f"{marker}&#8203;" if marker.isdigit() else f"\\{marker}"


def code(text: str, *, in_table: bool = False) -> str:
    """One line as a code span; in a table a bar must be escaped even there."""
    line = " ".join(text.split()) or " "
    ticks = "`" * (_longest_run(line) + 1)
    pad = " " if line[0] == "`" or line[-1] == "`" else ""
    span = f"{ticks}{pad}{line}{pad}{ticks}"
    return span.replace("|", "\\|") if in_table else span


def block(text: str, language: str = "text") -> str:
    """Any text as a fenced block that nothing in it can close; no line at the end."""
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in _BACKTICKS.findall(text)), default=0)
