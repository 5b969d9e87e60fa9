"""What a test left to look at: pictures, JSON, a log, as attachments of a sample run."""

from __future__ import annotations

import hashlib
import struct
import zlib

from harness.model.result import (
    Attachment,
)


def _picture(width: int, height: int) -> bytes:
    """A PNG of a few plain areas, like a page someone looked at."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        end = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + end

    rows = b"".join(
        b"\0"
        + b"".join(
            b"\xab\x1f\x1a"
            if y < height // 8
            else b"\xe4\xe4\xdf"
            if x < width // 4
            else b"\xfa\xfa\xf8"
            for x in range(width)
        )
        for y in range(height)
    )
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


ATTACHED = {
    "attachments/v7-1/boundary/1-page.png": _picture(640, 360),
    "attachments/v7-1/boundary/2-answer.json": b'{"status":503,"body":{"error":"<b>no</b>"}}',
    "attachments/v7-1/boundary/3-server.log": b"listening\x1b[31m on 40000\n</pre><script>\n" * 40,
    "attachments/v7-1/boundary/4-trace.zip": b"PK\x03\x04 not really",
    "attachments/v7-1/boundary/6-page.html": b"<script>alert(1)</script>",
}
"""What `told` attached and is still as it was, by path."""
_TYPES = {"png": "image/png", "json": "application/json", "log": "text/plain",
          "zip": "application/zip", "html": "text/html", "webm": "video/webm"}  # fmt: skip


def attached(path: str, content: bytes | None = None, size: int | None = None) -> Attachment:
    """An attachment of a file as it was kept."""
    data = ATTACHED.get(path, b"gone") if content is None else content
    return Attachment(
        name=path.rpartition("-")[2],
        path=path,
        media_type=_TYPES[path.rpartition(".")[2]],
        size=len(data) if size is None else size,
        sha256=hashlib.sha256(data).hexdigest(),
    )
