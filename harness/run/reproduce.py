"""A command as a person would type it at the project's root to repeat it. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence

_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")


def as_typed(argv: Sequence[str], env: Mapping[str, str], cwd: str) -> str:
    """`cd native/core && EDITION=master make test`."""
    words = [f"{name}={_quoted(value)}" for name, value in env.items()]
    words += [_quoted(argument) for argument in argv]
    line = " ".join(words)
    return line if cwd in (".", "") else f"cd {_quoted(cwd)} && {line}"


def _quoted(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else shlex.quote(text)
