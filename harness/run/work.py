"""Where the files of one check lie inside the run folder. Pure."""

from __future__ import annotations

import hashlib
import re

WORK = "work"
SERVICES = "services"
OUTPUT = "output.log"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST = 100


def work_name(attempt: int) -> str:
    """The folder that holds the work of all checks' attempts of one number."""
    return WORK if attempt == 1 else f"{WORK}-attempt-{attempt}"


def folder_name(check_id: str) -> str:
    """A relative folder for a check id: readable, safe on every file system, never shared.

    A matrix instance such as `v7-2/cap[50 %]` keeps its letters and gets a short digest.
    """
    phase, _, rest = check_id.partition("/")
    return f"{_safe(phase)}/{_safe(rest)}" if rest else _safe(phase)


def _safe(part: str) -> str:
    plain = _UNSAFE.sub("_", part).strip("._") or "_"
    if plain == part and len(plain) <= _LONGEST:
        return plain
    digest = hashlib.sha256(part.encode()).hexdigest()[:8]
    return f"{plain[:_LONGEST].strip('._')}-{digest}"
