"""The outputs of a command: nothing that is printed may fail to be, or give orders to who reads it.

In a GitHub job the runner takes lines of the log for commands: `::name …::` at the start of a line,
`##[name …]` anywhere in it. What programs, files and people say must not become one; our own
annotations go past the shield.
https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

import codecs
import contextlib
import re
import sys
from collections.abc import Iterator, Mapping
from typing import TextIO

# Lines end as the runner has them end; blanks before a command are no protection.
_COMMAND = re.compile(r"(^|[\r\n])([^\S\r\n]*):(?=:)|##\[")
_ESCAPED = "release-manager-escaped"
_LAST_LINE = re.compile(r"[^\r\n]*\Z")


class Shielded:
    """A text stream in which no line is a workflow command; everything else is the stream's own."""

    encoding = "utf-8"
    """What it takes. The stream itself escapes what it cannot say, so nobody need wrap it again."""

    def __init__(self, stream: TextIO, *, at_github: bool) -> None:
        """Print to `stream`, which is at the start of a line; shield only `at_github`."""
        self.unshielded = stream
        self._shields = at_github
        self._begins = True

    def write(self, text: str) -> int:
        """Print the text, a backslash in every command; gives the characters taken."""
        if self._shields and text:
            self.unshielded.write(shielded(text, begins=self._begins))
            line = _LAST_LINE.search(text)
            last = line[0] if line else ""
            self._begins = (self._begins or len(last) < len(text)) and not last.strip()
        else:
            self.unshielded.write(text)
        return len(text)

    def __getattr__(self, name: str) -> object:
        """What else a text stream can do."""
        return getattr(self.unshielded, name)


def shielded(text: str, *, begins: bool = True) -> str:
    """The text without a workflow command; `begins` when it comes at the start of a line."""

    def broken(match: re.Match[str]) -> str:
        if match[0] == "##[":
            return "##\\u005b"  # the same to a reader of JSON
        if match.start() == 0 and not match[1] and not begins:
            return match[0]
        return f"{match[1]}{match[2]}\\:"

    return _COMMAND.sub(broken, text) if "::" in text or "##[" in text else text


@contextlib.contextmanager
def prepared(environ: Mapping[str, str]) -> Iterator[None]:
    """Make both outputs take every text, and in a GitHub job shield them; undone at the end."""
    at_github = environ.get("GITHUB_ACTIONS") == "true"
    before = sys.stdout, sys.stderr
    for stream in before:
        # A locale without the character, or a file name that is no text, must cost no verdict.
        if (reconfigure := getattr(stream, "reconfigure", None)) is not None:
            reconfigure(errors=_ESCAPED)
    if at_github or not all(map(_is_utf8, before)):
        sys.stdout = Shielded(before[0], at_github=at_github)
        sys.stderr = Shielded(before[1], at_github=at_github)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def for_commands() -> TextIO:
    """Where our own workflow commands are printed."""
    stream: TextIO = getattr(sys.stdout, "unshielded", sys.stdout)
    return stream


def _escape(error: UnicodeError) -> tuple[str, int]:
    """What a stream cannot encode as `\\uXXXX`, which is right in a line of JSON, too."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    said = (units[at : at + 2].hex() for at in range(0, len(units), 2))
    return "".join(f"\\u{one}" for one in said), error.end


codecs.register_error(_ESCAPED, _escape)


def _is_utf8(stream: TextIO) -> bool:
    try:
        return codecs.lookup(stream.encoding or "").name == "utf-8"
    except LookupError:
        return False
