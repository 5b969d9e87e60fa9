"""What a child printed: both ends in memory, everything in a file up to a limit, secrets masked.

The file keeps the bytes as they came, colours included. The `Output` for the journal is text that
is safe to show anywhere: invalid UTF-8 replaced, escape sequences and control characters gone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from harness.model.result import Output
from harness.system.redact import RedactionStream, Redactor

HEAD_BYTES = 64 * 1024
TAIL_BYTES = 64 * 1024
FILE_LIMIT = 64 * 1024 * 1024
_MARGIN = 16 * 1024
"""Kept before the tail, so that a secret which the tail's beginning cuts in two never shows."""

# ECMA-48: CSI sequences, OSC and the other strings up to their terminator, two-byte escapes.
_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"
    r"|\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
    r"|\x9b[0-?]*[ -/]*[@-~]"
)
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_CONTROL_PICTURES = dict.fromkeys(range(0x80, 0xA0), "\ufffd") | {
    **{code: chr(0x2400 + code) for code in range(0x20) if code not in (0x09, 0x0A)},
    0x7F: "\u2421",
}


def plain_text(data: bytes) -> str:
    """Bytes as harmless text: escapes removed, `\\r` a line end, other controls made visible."""
    text = data.decode("utf-8", "replace")
    if not _CONTROLS.search(text):
        return text
    text = _ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return text.translate(_CONTROL_PICTURES)


class Capture:
    """Takes one child's output chunk by chunk. The file appears with the first byte."""

    __slots__ = (
        "_fd",
        "_head",
        "_listener",
        "_redactor",
        "_shown",
        "_stream",
        "_tail",
        "_written",
        "error",
        "path",
        "total",
    )

    def __init__(
        self, path: Path, redactor: Redactor, listener: Callable[[bytes], None] | None = None
    ) -> None:
        """Name the file; `listener` sees each masked piece as it comes."""
        self.path = path
        self.total = 0
        self.error: OSError | None = None
        """Why the file could not be written, once that happened; it is not written any further."""
        self._redactor = redactor
        self._listener = listener
        self._stream: RedactionStream | None = None
        self._fd = -1
        self._head = bytearray()
        self._tail = bytearray()
        self._shown = 0
        self._written = 0

    @property
    def truncated(self) -> bool:
        """Whether the file misses some of the output."""
        return self.error is not None or self._written < self._shown

    def feed(self, chunk: bytes) -> None:
        """Take what was read."""
        self.total += len(chunk)
        if self._stream is None:
            self._stream = self._redactor.stream()
            self._open()
        if self._written < FILE_LIMIT:
            self._keep(self._stream.feed(chunk))
        else:
            # Only the last of these bytes are ever shown; they are masked when they are.
            self._keep(self._stream.finish())
            self._keep(chunk)

    def _open(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        except OSError as error:
            self.error = error

    def _keep(self, data: bytes) -> None:
        if not data:
            return
        self._shown += len(data)
        if self._fd >= 0 and self._written < FILE_LIMIT:
            self._write(data[: FILE_LIMIT - self._written])
        room = HEAD_BYTES - len(self._head)
        if room > 0:
            self._head += data[:room]
        if len(data) > room:
            tail = self._tail
            tail += data[max(0, room) :]
            # Trimmed rarely, so that a byte is moved once and not once per chunk.
            if len(tail) > 4 * TAIL_BYTES:
                del tail[: -TAIL_BYTES - _MARGIN]
        if self._listener is not None:
            self._listener(data)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                count = os.write(self._fd, view)
                self._written += count
                view = view[count:]
        except OSError as error:
            self.error = error
            os.close(self._fd)
            self._fd = -1

    def finish(self) -> Output:
        """Close the file and say what was printed."""
        if self._stream is None:
            return Output()
        self._keep(self._stream.finish())
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        return self.peek()

    def peek(self) -> Output:
        """What was printed so far."""
        head, tail = bytes(self._head), bytes(self._tail)
        kept = len(head) + min(len(tail), TAIL_BYTES)
        dropped = self._shown - kept
        if not dropped:
            return Output(head=plain_text(head + tail), total_bytes=self.total)
        return Output(
            head=plain_text(head),
            tail=plain_text(self._redactor.mask(tail)[-TAIL_BYTES:]),
            total_bytes=self.total,
            dropped_bytes=dropped,
        )
