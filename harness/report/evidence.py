"""Attachments on the page: images, text and JSON in place, other files to be taken along.

The page is one file, so what it shows stands in it: within budgets, and only when the caller hands
over the very bytes the run recorded. The rest is linked, relative to the run's folder. Images are
data URLs, which no script in them survives; what is taken along is no type a browser would open.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from urllib.parse import quote

import msgspec

from harness.model.base import Record
from harness.model.result import Attachment, TestRecord
from harness.report.shape import View, ViewCheck
from harness.report.text import both_ends, clip, clip_lines, plain, size

_LARGEST, _ALL = 1024 * 1024, 6 * 1024 * 1024
_MOST = 200
_TEXT, _TEXTS = 16_000, 160_000
_LINE = 2_000
_PRETTY = 200_000
_IMAGES = frozenset(f"image/{name}" for name in ("avif", "gif", "jpeg", "png", "svg+xml", "webp"))
_AS_TEXT = frozenset(f"text/{name}" for name in ("csv", "markdown", "plain", "xml"))
_JSON = "application/json"
_SHOWN_FIRST = 60
GONE = "missing, or not what the run kept"


class Piece(Record, frozen=True):
    """One attachment as the page shows it.

    `image` and `file` are data URLs, `text` stands in place, `href` leads to the file beside the
    page; `note` says why something is less than all.
    """

    name: str
    size: int
    image: str = ""
    text: str = ""
    file: str = ""
    href: str = ""
    note: str = ""

    @property
    def there(self) -> bool:
        """Whether its link leads to what the run kept, as far as is known."""
        return bool(self.href) and self.note != GONE


def wanted(view: View) -> tuple[Attachment, ...]:
    """What the page would have whole, in its order, within its budget; each file once."""
    chosen: dict[str, Attachment] = {}
    left = _ALL
    for kept in _in_order(view):
        if kept.path in chosen or not _is_inside(kept.path) or not 0 < kept.size <= _LARGEST:
            continue
        if kept.size <= left and len(chosen) < _MOST:
            chosen[kept.path] = kept
            left -= kept.size
    return tuple(chosen.values())


def _in_order(view: View) -> Iterator[Attachment]:
    checks = view.checks()
    first = dict.fromkeys(view.attention[:_SHOWN_FIRST])
    for name in (*first, *(name for name in checks if name not in first)):
        check = checks[name]
        yield from _of_tests(check.records)
        yield from check.attachments
        for attempt in check.earlier:
            yield from _of_tests(attempt.tests)
            yield from attempt.attachments


def _of_tests(tests: Iterable[TestRecord]) -> Iterator[Attachment]:
    for test in tests:
        yield from test.attachments


class Evidence:
    """Turns attachments into pieces; each file's bytes stand in the page once."""

    def __init__(self, view: View, files: Mapping[str, bytes]) -> None:
        """Know what to show whole; `files` holds it by path, as far as it is as it was."""
        self._wanted = {kept.path for kept in wanted(view)}
        self._files = files
        self._shown: set[str] = set()
        self._characters = _TEXTS

    def of(self, attachments: Iterable[Attachment]) -> tuple[Piece, ...]:
        """The pieces of a test or a check."""
        return tuple(self._piece(kept) for kept in attachments)

    def of_check(self, check: ViewCheck) -> tuple[Piece, ...]:
        """All of a check: its tests' pieces, then its own."""
        return self.of((*_of_tests(check.records), *check.attachments))

    def _piece(self, kept: Attachment) -> Piece:
        href = quote(kept.path) if _is_inside(kept.path) else ""
        plainly = Piece(name=clip(kept.name, 200), size=kept.size, href=href)
        if not href:
            return _with(plainly, note="it lies outside of the run's folder")
        if kept.path not in self._wanted:
            return _with(plainly, note="beside this page" if kept.size else "empty")
        content = self._files.get(kept.path)
        if content is None:
            return _with(plainly, note=GONE)
        if kept.path in self._shown:
            return _with(plainly, note="shown above")
        self._shown.add(kept.path)
        if kept.media_type in _IMAGES:
            return _with(plainly, image=_data_url(content, kept.media_type))
        if kept.media_type == _JSON or kept.media_type in _AS_TEXT:
            text, note = self._text(content, pretty=kept.media_type == _JSON)
            return _with(plainly, text=text, note=note)
        return _with(plainly, file=_data_url(content, "application/octet-stream"))

    def _text(self, content: bytes, *, pretty: bool) -> tuple[str, str]:
        text = content.decode("utf-8", "replace")
        if pretty and len(text) <= _PRETTY:
            text = _indented(text)
        text = clip_lines(plain(text).strip("\n"), _LINE)
        room = min(_TEXT, self._characters)
        if room < 400:
            return "", "beside this page"
        shown = both_ends(text, room)
        self._characters -= len(shown)
        return shown, "" if shown is text else f"both ends of {size(len(content))}"


def _with(piece: Piece, **parts: str) -> Piece:
    return Piece(name=piece.name, size=piece.size, **{"href": piece.href, **parts})


def _is_inside(path: str) -> bool:
    """Whether a path cannot lead out of the folder it is relative to."""
    parts = PurePosixPath(path).parts
    return bool(parts) and not path.startswith("/") and ".." not in parts and "\\" not in path


def _data_url(content: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def _indented(text: str) -> str:
    """JSON over several lines; what is no JSON, or too deep, as it is."""
    try:
        return msgspec.json.format(text, indent=2)
    except (msgspec.DecodeError, RecursionError):
        return text
