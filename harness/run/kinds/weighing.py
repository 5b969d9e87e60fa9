"""What files weigh, as they are and as a server sends them, and what a page makes a browser fetch.

Limits are written as people say them: `500 kB`, `1.5 MB`, `120 KiB`.
"""

from __future__ import annotations

import gzip
import importlib
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import msgspec

from harness.errors import CheckSetupError

_UNITS = {"B": 1, "kB": 1000, "MB": 1000**2, "KiB": 1024, "MiB": 1024**2}
SIZE_PATTERN = r"^[0-9]+(\.[0-9]+)? ?(B|kB|MB|KiB|MiB)$"
# Modules that a module names in so many words; what `import()` fetches comes later.
_STATIC_IMPORT = re.compile(
    r"""(?:^|[;}\s])(?:import|export)\s*(?:[\w*{}\s,$]+?\s*from\s*)?["']([^"'\s]+)["']"""
)
_LOADED_AT_ONCE = frozenset({"stylesheet", "modulepreload", "preload"})


class CannotWeighError(Exception):
    """Why a figure would mean nothing; the message says where and what to do."""


class Weight(msgspec.Struct, frozen=True):
    """Bytes of one file: raw, under gzip, and under brotli (None where nobody asked)."""

    raw: int
    gzip: int
    brotli: int | None


def in_bytes(size: str) -> int:
    """`500 kB` in bytes. Raises `CheckSetupError`."""
    match = re.match(SIZE_PATTERN, size)
    if match is None:
        raise CheckSetupError(f"{size!r} is no size", next_step="write it like 500 kB or 1.5 MB")
    number = size.removesuffix(match[2]).strip()
    return int(float(number) * _UNITS[match[2]])


def in_words(size: int) -> str:
    """Bytes as people say them, in the units that limits are written in."""
    if size < 1000:
        return f"{size} B"
    return f"{size / 1000:,.1f} kB" if size < 10**7 else f"{size / 10**6:,.1f} MB"


def weigh(path: Path, *, brotli: bool) -> Weight:
    """What one file weighs. Raises `CannotWeighError` and `OSError`.

    What a build has compressed beforehand (`.gz`, `.br` beside it) is what a server sends: its size
    is the figure, once it is known to be of this very file.
    """
    content = path.read_bytes()
    return Weight(
        raw=len(content),
        gzip=_gzip(path, content),
        brotli=_brotli(path, content) if brotli else None,
    )


def _gzip(path: Path, content: bytes) -> int:
    ready = path.with_name(f"{path.name}.gz")
    if not ready.is_file():
        return len(gzip.compress(content, compresslevel=9, mtime=0))
    packed = ready.read_bytes()
    try:
        same = gzip.decompress(packed) == content
    except (OSError, EOFError, ValueError):
        same = False
    if not same:
        raise CannotWeighError(f"{ready}: is not what {path.name} is; build again from nothing")
    return len(packed)


def _brotli(path: Path, content: bytes) -> int:
    ready = path.with_name(f"{path.name}.br")
    try:
        # Optional on purpose: whoever compresses beforehand needs no compressor here.
        codec = importlib.import_module("brotli")
    except ImportError:
        codec = None
    if not ready.is_file():
        if codec is None:
            raise CannotWeighError(
                f"{path}: has no {ready.name} beside it; compress beforehand, or install Python's"
                " package brotli"
            )
        return len(codec.compress(content))
    packed = ready.read_bytes()
    if codec is not None:
        try:
            same = codec.decompress(packed) == content
        except codec.error:
            same = False
    else:
        same = ready.stat().st_mtime_ns >= path.stat().st_mtime_ns
    if not same:
        raise CannotWeighError(f"{ready}: is not what {path.name} is; build again from nothing")
    return len(packed)


class _Page(HTMLParser):
    """Collects what a page names that a browser fetches at once."""

    def __init__(self) -> None:
        super().__init__()
        self.named: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take a script's source and a link's target, when it is loaded at once."""
        values = {name: value or "" for name, value in attrs}
        if tag == "script" and values.get("src"):
            self.named.append(values["src"])
        elif tag == "link" and _LOADED_AT_ONCE.intersection(values.get("rel", "").split()):
            self.named.append(values.get("href", ""))


def fetched(page: Path, root: Path) -> list[Path]:
    """A page and every local file that a browser needs before anything is pressed.

    Those are the scripts, styles and preloads that the page names, and the modules that these
    import statically. Raises `CannotWeighError` for one that is not there.
    """
    parser = _Page()
    parser.feed(page.read_text("utf-8", "replace"))
    found: dict[Path, None] = {page: None}
    waiting = [(name, page) for name in parser.named]
    while waiting:
        name, by = waiting.pop(0)
        path = _local(name, by, root)
        if path is None or path in found:
            continue
        if not path.is_file():
            raise CannotWeighError(f"{by}: names {name}, which is not there")
        found[path] = None
        if path.suffix in (".js", ".mjs"):
            waiting.extend((one, path) for one in _imports(path))
    return list(found)


def _imports(script: Path) -> Iterator[str]:
    for match in _STATIC_IMPORT.finditer(script.read_text("utf-8", "replace")):
        if match[1].startswith((".", "/")):
            yield match[1]


def _local(name: str, by: Path, root: Path) -> Path | None:
    """The file that an address of the same origin means; None for any other."""
    name = name.partition("#")[0].partition("?")[0]
    if not name or "://" in name or name.startswith(("//", "data:")):
        return None
    path = root / name.lstrip("/") if name.startswith("/") else by.parent / name
    path = path.resolve()
    return path if path.is_relative_to(root.resolve()) else None
