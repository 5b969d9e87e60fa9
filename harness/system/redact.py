"""Masks secrets in what children print, before anything is kept or shown.

Three sources: values of environment variables whose names look secret, values given explicitly,
and the public shapes of well-known keys. Known values are also masked base64-encoded (at each of
the three alignments) and URL-encoded, because that is how they travel in headers and addresses.
Works on a stream: a secret that falls across two chunks is masked like any other.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from urllib.parse import quote

MASK = b"[REDACTED]"
SHORTEST_SECRET = 6
"""Shorter values are not masked: `1` or `true` would blacken half of every log."""
_HOLD = 4096
_PEM_LIMIT = 16 * 1024

_SECRET_NAME = re.compile(
    r"secret|token|passw(or)?d|passphrase|credential|cookie|bearer"
    r"|(api|private|access|master|signing|encryption|session|auth|account|service)_?key"
    r"|_(pat|pwd|auth|headers)$|webhook",
    re.IGNORECASE,
)
# These name a place or a setting about a secret, not the secret.
_NOT_SECRET_NAME = re.compile(r"(_FILE|_PATH|_DIR|_SOCK|_URL|_ENDPOINT|_TYPE|_ID)$", re.IGNORECASE)

# The public shapes of keys, as their issuers document them (prefix, alphabet, length), each with a
# text it must contain: a plain search for that is many times faster than the pattern. The
# lookbehind that keeps `task-…` from being a key stands after the prefix for the same reason.
_SHAPES = tuple(
    (hint, re.compile(pattern, re.DOTALL))
    for hint, pattern in (
        (b"sk-", rb"sk-(?<![A-Za-z0-9]sk-)[A-Za-z0-9_-]{20,}"),  # OpenAI, Anthropic
        (b"gh", rb"gh[pousr]_(?<![A-Za-z0-9]gh[pousr]_)[A-Za-z0-9]{30,}"),  # GitHub
        (b"github_pat_", rb"github_pat_[A-Za-z0-9_]{30,}"),
        (b"glpat-", rb"glpat-[A-Za-z0-9_-]{20,}"),  # GitLab
        (b"AKIA", rb"AKIA(?<![A-Za-z0-9]AKIA)[0-9A-Z]{16}"),  # AWS access key id
        (b"ASIA", rb"ASIA(?<![A-Za-z0-9]ASIA)[0-9A-Z]{16}"),
        (b"AIza", rb"AIza[0-9A-Za-z_-]{35}"),  # Google
        (b"xox", rb"xox[abeprs]-[A-Za-z0-9-]{10,}"),  # Slack
        (b"npm_", rb"npm_(?<![A-Za-z0-9]npm_)[A-Za-z0-9]{36}"),
        (b"pypi-", rb"pypi-[A-Za-z0-9_-]{50,}"),
        # JSON Web Token
        (b"eyJ", rb"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
        (
            b"-----BEGIN ",
            (
                rb"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.{0,16384}?"
                rb"-----END [A-Z ]{0,40}PRIVATE KEY-----"
            ),
        ),
    )
)
_FEW_NEEDLES = 40
"""Up to so many values, searching for each before masking any is faster than one pattern of all."""
_PEM_OPEN = b"-----BEGIN "


@lru_cache(maxsize=4096)
def looks_secret(name: str) -> bool:
    """Whether a variable of this name is taken to hold a secret."""
    return bool(_SECRET_NAME.search(name)) and not _NOT_SECRET_NAME.search(name)


class Redactor:
    """Knows what to mask; one for a run. `stream()` gives the state for one child's output."""

    def __init__(self, environ: Mapping[str, str], extra: Iterable[str] = ()) -> None:
        values = [value for name, value in environ.items() if looks_secret(name)]
        values.extend(extra)
        needles: set[bytes] = set()
        for value in values:
            # The lines of a multi-line secret are printed one by one as often as not.
            for line in value.splitlines():
                text = line.strip()
                if len(text) >= SHORTEST_SECRET:
                    needles.update(_spellings(text.encode()))
        # Longest first, so that a value containing another is masked whole.
        ordered = sorted(needles, key=lambda needle: (-len(needle), needle))
        self._needles = ordered
        self._values = re.compile(b"|".join(map(re.escape, ordered))) if ordered else None
        self.hold = max(_HOLD, *(len(needle) for needle in ordered)) if ordered else _HOLD

    def stream(self) -> RedactionStream:
        """Fresh state for one stream of bytes."""
        return RedactionStream(self)

    def mask(self, data: bytes) -> bytes:
        """`data` with every secret in it masked."""
        for pattern in self._patterns_in(data):
            data = pattern.sub(MASK, data)
        return data

    def hides(self, data: bytes) -> bool:
        """Whether `mask` would change anything in `data`."""
        return any(pattern.search(data) for pattern in self._patterns_in(data))

    def _patterns_in(self, data: bytes) -> list[re.Pattern[bytes]]:
        """The patterns that can match in `data` at all; mostly none."""
        found = [pattern for hint, pattern in _SHAPES if hint in data]
        if self._values is not None and (
            len(self._needles) > _FEW_NEEDLES or any(needle in data for needle in self._needles)
        ):
            found.insert(0, self._values)
        return found

    def text(self, text: str) -> str:
        """A text (a command line, a message) with every secret in it masked."""
        return self.mask(text.encode("utf-8", "surrogateescape")).decode("utf-8", "replace")

    def safe_cut(self, data: bytes, cut: int) -> int:
        """The largest position up to `cut` that lies inside no secret of `data`."""
        start = max(0, cut - _PEM_LIMIT - self.hold)
        window = data[start:]
        for pattern in self._patterns_in(window):
            for match in pattern.finditer(window):
                if start + match.start() < cut < start + match.end():
                    cut = start + match.start()
        return cut


class RedactionStream:
    """Masks a stream chunk by chunk, holding back an end that may be half a secret."""

    __slots__ = ("_held", "_redactor")

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._held = b""

    def feed(self, chunk: bytes) -> bytes:
        """What can be shown so far; the rest comes with later chunks or `finish`."""
        data = self._held + chunk if self._held else chunk
        cut = self._cut(data)
        self._held = data[cut:]
        return self._redactor.mask(data[:cut])

    def finish(self) -> bytes:
        """What was still held back."""
        rest, self._held = self._held, b""
        return self._redactor.mask(rest)

    def _cut(self, data: bytes) -> int:
        """Up to the last line end if it is near: no secret but a PEM block spans lines."""
        newline = data.rfind(b"\n", max(0, len(data) - self._redactor.hold))
        if newline >= 0:
            cut = newline + 1
        else:
            cut = self._redactor.safe_cut(data, max(0, len(data) - self._redactor.hold))
        opened = data.rfind(_PEM_OPEN, max(0, cut - _PEM_LIMIT), cut)
        if opened >= 0 and b"-----END " not in data[opened:cut]:
            return opened
        return cut


def _spellings(value: bytes) -> set[bytes]:
    """A value as it is, URL-encoded, and base64-encoded at each alignment.

    Of the encoded forms only the characters that the value alone decides are kept: with `shift`
    bytes before it, those are the whole 6-bit groups between its first and its last bit.
    """
    found = {value, quote(value, safe="").encode()}
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + value)
        stable = encoded[-(-8 * shift // 6) : 8 * (shift + len(value)) // 6]
        if len(stable) >= SHORTEST_SECRET:
            found.add(stable)
            found.add(stable.replace(b"+", b"-").replace(b"/", b"_"))
    return found
