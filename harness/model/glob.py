"""The globs of definition files: `*` and `?` stop at a slash, `**` does not.

`src/**` is every file below `src`, `**/x.py` is `x.py` in any folder; a name without wildcards is
that file, or everything below when it is a folder. Paths are relative to the project, with slashes.
`$NAME` among them is no file but a variable of the environment that the result depends on.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from functools import lru_cache

_WILD = re.compile(r"[*?\[]")
_EDGES = re.compile(r"\A\./|/+\Z")


def variable_of(pattern: str) -> str:
    """The name of the variable that an input names, empty for an input that names files."""
    return pattern[1:] if pattern.startswith("$") and not pattern.startswith("${") else ""


def is_literal(pattern: str) -> bool:
    """Whether a pattern names one path rather than many."""
    return _WILD.search(pattern) is None


def fixed_part(pattern: str) -> str:
    """The text that every match begins with: all before the first wildcard."""
    pattern = _EDGES.sub("", pattern)
    wild = _WILD.search(pattern)
    return pattern if wild is None else pattern[: wild.start()]


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> re.Pattern[str]:
    """The regular expression that a whole path must match."""
    pattern = _EDGES.sub("", pattern)
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        if pattern.startswith("**/", at):
            parts.append("(?:.*/)?")
            at += 3
        elif pattern.startswith("**", at):
            parts.append(".*")
            at += 2
        elif pattern[at] == "*":
            parts.append("[^/]*")
            at += 1
        elif pattern[at] == "?":
            parts.append("[^/]")
            at += 1
        elif pattern[at] == "[" and (end := pattern.find("]", at + 2)) > 0:
            inner = pattern[at + 1 : end].replace("\\", "\\\\").replace("[", "\\[")
            inner = "^/" + inner[1:] if inner[0] in "!^" else inner
            parts.append(f"[{inner}]")
            at = end + 1
        else:
            parts.append(re.escape(pattern[at]))
            at += 1
    below = "(?:/.*)?" if is_literal(pattern) else ""
    return re.compile("".join(parts) + below, re.DOTALL)


def matches_id(name: str, pattern: str) -> bool:
    """Whether the id of a test is what the pattern says: `*` and `?` are any text and any sign.

    Brackets stand for themselves, as in the ids of parametrised tests; case counts.
    """
    return fnmatchcase(name, pattern.replace("[", "[[]"))


def matches(path: str, pattern: str) -> bool:
    """Whether a path is what the pattern says, or stands below the folder that it names."""
    return compiled(pattern).fullmatch(path) is not None
