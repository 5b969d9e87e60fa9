"""Finds planted secrets (canaries) in any bytes, whole or in part, plain or encoded.

A canary is found by every window of `WINDOW` characters in every encoding of `ENCODINGS`: part of a
key is a leak too, and a scanner that only knows the plain text misses what a log did to it. All
windows of all canaries are one automaton, so a file is read once however many canaries there are.

Pure but for `search_file`. What it reports names canary, encoding and place, never the text.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import ahocorasick  # type: ignore[import-not-found]

WINDOW = 12
_CHUNK = 1 << 20

Encoder = Callable[[bytes], bytes]
Owners = tuple[tuple[str, str], ...]  # canaries' labels and encodings


@dataclass(frozen=True, kw_only=True, slots=True)
class Canary:
    """A secret that must be nowhere, and a name for it that may be anywhere."""

    label: str
    secret: str

    def __repr__(self) -> str:
        return f"Canary({self.label})"


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Hit:
    """Where one canary showed: in which encoding, and where the first of `count` windows ends."""

    label: str
    encoding: str
    offset: int
    count: int


def base64_core(window: bytes, skew: int, alphabet: Mapping[int, int] | None = None) -> bytes:
    """The characters of a base64 text that depend on `window` alone, when it begins `skew` bytes
    after a multiple of three: whatever stands before and after it changes the others."""
    text = base64.b64encode(bytes(skew) + window + bytes(3))
    core = text[-(-8 * skew // 6) : 8 * (skew + len(window)) // 6]
    return core.translate(_table(alphabet)) if alphabet else core


def _table(alphabet: Mapping[int, int]) -> bytes:
    return bytes(alphabet.get(byte, byte) for byte in range(256))


_URL_SAFE = {ord("+"): ord("-"), ord("/"): ord("_")}


def _base64(skew: int, alphabet: Mapping[int, int] | None = None) -> Encoder:
    return lambda text: base64_core(text, skew, alphabet)


def _each(form: str) -> Encoder:
    return lambda text: "".join(form % byte for byte in text).encode()


def _utf16(order: str) -> Encoder:
    return lambda text: text.decode("latin-1").encode(f"utf-16-{order}")


# What logs, stores, serialisers and careless code make of a text.
ENCODINGS: dict[str, Encoder] = {
    "plain": lambda text: text,
    "reversed": lambda text: text[::-1],
    "lower case": bytes.lower,
    "upper case": bytes.upper,
    "hex": _each("%02x"),
    "HEX": _each("%02X"),
    "hex with blanks": lambda text: _each("%02x ")(text)[:-1],
    "list of numbers": lambda text: _each("%d, ")(text)[:-2],
    "tight list of numbers": lambda text: _each("%d,")(text)[:-1],
    "percent": _each("%%%02x"),
    "PERCENT": _each("%%%02X"),
    "json": _each("\\u%04x"),
    "JSON": _each("\\u%04X"),
    "utf-16-le": _utf16("le"),
    "utf-16-be": _utf16("be"),
    **{f"base64+{skew}": _base64(skew) for skew in range(3)},
    **{f"base64url+{skew}": _base64(skew, _URL_SAFE) for skew in range(3)},
}


class Finder:
    """Looks for canaries. Made once, used on any number of surfaces."""

    def __init__(self, canaries: Iterable[Canary]) -> None:
        labels: dict[bytes, set[tuple[str, str]]] = {}
        for canary in canaries:
            text = canary.secret.encode("ascii")
            if len(text) < WINDOW:
                raise ValueError(f"{canary.label}: a canary has at least {WINDOW} characters")
            for start in range(len(text) - WINDOW + 1):
                window = text[start : start + WINDOW]
                for name, encode in ENCODINGS.items():
                    labels.setdefault(encode(window), set()).add((canary.label, name))
        if not labels:
            raise ValueError("no canaries: a search for nothing finds nothing")
        self._automaton = ahocorasick.Automaton()
        for pattern, owners in labels.items():
            # One character a byte: the automaton reads text.
            self._automaton.add_word(pattern.decode("latin-1"), tuple(sorted(owners)))
        self._automaton.make_automaton()

    def search(self, *chunks: bytes) -> list[Hit]:
        """The hits in these bytes, which count as one text however they are cut."""
        return self.search_chunks(chunks)

    def search_file(self, path: Path) -> list[Hit]:
        """The hits in a file of any size."""
        with path.open("rb") as file:
            return self.search_chunks(iter(lambda: file.read(_CHUNK), b""))

    def search_chunks(self, chunks: Iterable[bytes]) -> list[Hit]:
        """The hits in a stream of bytes, one for each canary and encoding, sorted."""
        seen: dict[tuple[str, str], tuple[int, int]] = {}
        for end, owners in self._matches(chunks):
            for owner in owners:
                first, count = seen.get(owner, (end, 0))
                seen[owner] = (first, count + 1)
        return sorted(
            Hit(label=label, encoding=encoding, offset=first, count=count)
            for (label, encoding), (first, count) in seen.items()
        )

    def _matches(self, chunks: Iterable[bytes]) -> Iterator[tuple[int, Owners]]:
        matches = self._automaton.iter("")
        for chunk in chunks:
            # The automaton keeps its state, so nothing hides between two chunks.
            matches.set(chunk.decode("latin-1"))
            yield from matches


def planted(canary: Canary, encoding: str) -> bytes:
    """The canary as that encoding writes it: for positive controls."""
    return ENCODINGS[encoding](canary.secret.encode("ascii"))


def every_form(canary: Canary) -> bytes:
    """The canary in every encoding, one a line: what a positive control hides in a surface."""
    return b"\n".join(planted(canary, encoding) for encoding in ENCODINGS)
