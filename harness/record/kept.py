"""Reads attachments back from a run's folder: only those that are still what the run recorded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from harness.model.result import Attachment


def read_attachments(folder: Path, attachments: Iterable[Attachment]) -> dict[str, bytes]:
    """Bytes by path. One that is missing, changed, or leads out of the folder is left out."""
    base = folder.resolve()
    found = {}
    for kept in attachments:
        try:
            path = (base / kept.path).resolve()
            if not path.is_relative_to(base) or path.stat().st_size != kept.size:
                continue
            content = path.read_bytes()
        except (OSError, ValueError, RuntimeError):
            continue  # the page says of each what is missing
        if hashlib.sha256(content).hexdigest() == kept.sha256:
            found[kept.path] = content
    return found
