"""Untrusted text made inert and readable, and numbers made human. Every renderer starts here.

What programs print can hold terminal escapes, NULs, right-to-left overrides and lines of a
megabyte. `plain` makes it harmless once, when the view is built; escaping for HTML, XML or Markdown
stays with the renderer that knows its syntax.
"""

from __future__ import annotations

import re
from typing import Any

_ESCAPE = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]"  # control sequences: colours, cursor, erase (ECMA-48 5.4)
    "|(?:\x1b[\\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\\\|\x9c)?"  # strings
    "|\x1b[ -/]*[0-~]"  # two-character escapes
)
# Control characters, bidirectional marks and overrides, interlinear marks, non-characters and lone
# surrogates: everything that changes how its neighbours are shown, or that XML 1.0 forbids.
_SUSPECT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069"
    "\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)


def plain(text: str) -> str:
    """The text without terminal escapes, every other control character made visible.

    Line ends become `\\n`; tabs stay. Idempotent.
    """
    if text.isprintable() or not _SUSPECT.search(text):
        return text
    text = _ESCAPE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return _SUSPECT.sub(_visible, text)


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)  # the picture of the control character, as in ␀
    return "␡" if code == 0x7F else f"⟨U+{code:04X}⟩"


def plain_tree(value: Any) -> Any:
    """`plain` for every text inside lists and mappings of plain data."""
    match value:
        case str():
            return plain(value)
        case dict():
            return {plain(str(key)): plain_tree(item) for key, item in value.items()}
        case list() | tuple():
            return [plain_tree(item) for item in value]
        case _:
            return value


def first_line(text: str, limit: int = 300) -> str:
    """The first line that says something, at most `limit` characters."""
    for line in text[: 64 * limit].split("\n"):
        if stripped := line.strip():
            return clip(stripped, limit)
    return ""


def clip(text: str, limit: int) -> str:
    """At most `limit` characters, the last an ellipsis when something was cut."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def clip_lines(text: str, limit: int) -> str:
    """Each line at most about `limit` characters, saying how many were left off."""
    if len(text) <= limit:
        return text
    lines = text.split("\n")
    if all(len(line) <= limit for line in lines):
        return text
    return "\n".join(
        line if len(line) <= limit else f"{line[:limit]} [… {len(line) - limit:,} more characters]"
        for line in lines
    )


def both_ends(text: str, limit: int) -> str:
    """At most about `limit` characters: the beginning and, in twice its room, the end.

    Failures are told at the end of an output, so the end gets more. What is left off is said.
    """
    if len(text) <= limit:
        return text
    head = text[: limit // 3]
    tail = text[len(text) - (limit - limit // 3) :]
    left_off = len(text) - len(head) - len(tail)
    return f"{head}\n[… {left_off:,} characters left off here …]\n{tail}"


def seconds(value: float | None) -> str:
    """A duration for people: `<1 ms`, `7 ms`, `1.4 s`, `2 min 05 s`; empty when unknown."""
    if value is None:
        return ""
    if value < 0.0005:
        return "<1 ms"
    if value < 0.9995:
        return f"{value * 1000:.0f} ms"
    if value < 9.95:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"


def size(count: int) -> str:
    """A number of bytes for people, in powers of 1024."""
    if count < 1024:
        return f"{count} B"
    value = float(count)
    for unit in ("KiB", "MiB", "GiB"):
        value /= 1024
        if value < 1024 or unit == "GiB":
            break
    return f"{value:.0f} {unit}" if value >= 9.95 else f"{value:.1f} {unit}"


def plural(count: int, noun: str, many: str = "") -> str:
    """`1 check`, `2 checks`, `10,000 checks`."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"
