"""The lines of source around a failure, read when it happens: later the file may have changed.

Only regular files inside the project are read, never through a link that leads out of it, at most
so many and so large, and with secrets masked like everything else that a run keeps.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec.structs import replace

from harness.model.result import Excerpt, Finding, Outcome, Status, TestRecord

_MOST = 60
_FILE_BYTES = 1 << 20
_BEFORE, _AFTER = 4, 3
_WIDTH = 240
_BROKEN = (Status.FAILED, Status.ERRORED)
# `path/file.py:118: AssertionError`, `panicked at src/lib.rs:10:5`, `at src/a.ts:3:9`
_PLACE = re.compile(r"(?P<file>[\w./@+-]+\.[A-Za-z]\w{0,5}):(?P<line>\d{1,6})\b")
_SEARCHED = 20_000


class Excerpts:
    """Adds excerpts to outcomes; what cannot be read is left without one."""

    def __init__(self, root: Path, mask: Callable[[bytes], bytes]) -> None:
        """Read below `root`; `mask` hides secrets."""
        self._root = root.resolve()
        self._mask = mask

    def of(self, outcome: Outcome) -> Outcome:
        """The outcome, its first failing tests and findings with the lines around them."""
        broken = [test for test in outcome.tests if test.status in _BROKEN][:_MOST]
        found = outcome.findings[:_MOST]
        if not broken and not found:
            return outcome
        sources: dict[str, list[str]] = {}
        chosen = {
            id(test): excerpt
            for test in broken
            if test.excerpt is None and (excerpt := self._around_test(test, sources)) is not None
        }
        findings = tuple(self._with_lines(finding, sources) for finding in found)
        findings += outcome.findings[_MOST:]
        if not chosen and findings == outcome.findings:
            return outcome
        tests = tuple(
            replace(test, excerpt=chosen[id(test)]) if id(test) in chosen else test
            for test in outcome.tests
        )
        return replace(outcome, tests=tests, findings=findings)

    def _with_lines(self, finding: Finding, sources: dict[str, list[str]]) -> Finding:
        if finding.excerpt is not None or not finding.file or finding.line < 1:
            return finding
        excerpt = self._around(finding.file, finding.line, sources)
        return finding if excerpt is None else replace(finding, excerpt=excerpt)

    def _around_test(self, test: TestRecord, sources: dict[str, list[str]]) -> Excerpt | None:
        """Around the place the message names last, in the test's own file if it names that."""
        for file, line in _places(test):
            if (excerpt := self._around(file, line, sources)) is not None:
                return excerpt
        return None

    def _around(self, file: str, line: int, sources: dict[str, list[str]]) -> Excerpt | None:
        if file not in sources:
            sources[file] = self._lines(file)
        lines = sources[file]
        if not 1 <= line <= len(lines):
            return None
        first = max(1, line - _BEFORE)
        shown = "\n".join(text[:_WIDTH] for text in lines[first - 1 : line + _AFTER])
        return Excerpt(file=file, first=first, line=line, text=shown)

    def _lines(self, file: str) -> list[str]:
        """The file's lines; none when it is not a text file of the project."""
        try:
            path = (self._root / file).resolve()
            if not path.is_relative_to(self._root) or not path.is_file():
                return []
            with path.open("rb") as opened:
                content = opened.read(_FILE_BYTES + 1)
        except (OSError, ValueError, RuntimeError):
            return []
        if len(content) > _FILE_BYTES or b"\0" in content:
            return []
        return self._mask(content).decode("utf-8", "replace").removesuffix("\n").split("\n")


def _places(test: TestRecord) -> Iterator[tuple[str, int]]:
    """Places to look at, the likeliest first."""
    message = test.message[-_SEARCHED:]
    named = [(match["file"], int(match["line"])) for match in _PLACE.finditer(message)]
    named.reverse()
    yield from (place for place in named if place[0] == test.file)
    if test.file and test.line:
        yield test.file, test.line
    yield from named[:20]
