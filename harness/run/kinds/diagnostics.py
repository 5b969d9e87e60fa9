"""Warnings and errors of compilers and bundlers, read from their output. Pure.

Understood: gcc, clang and everything that writes like them (ld, cmake, ruff, eslint's unix format),
rustc and cargo, tsc, svelte-check, Vite's plug-ins, make, Python's `file:line: SomeWarning`, and
any line that says `warning:` or `error:` in so many words. A build that states how many warnings it
gave is believed if that is more than could be read.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator

from harness.model.result import Finding, Severity

_SEVERITIES = {"warning": Severity.WARNING, "warn": Severity.WARNING, "note": Severity.NOTE}

# file:line[:column]: warning: message [-Wrule]
_GNU = re.compile(
    r"^(?P<file>(?:[A-Za-z]:)?[^\s:(][^:\n]*?):(?P<line>\d+):(?:(?P<column>\d+):)?\s+"
    r"(?P<severity>fatal error|error|warning):?\s+(?P<message>.*?)(?:\s+\[(?P<rule>-W[^\]]+)\])?$"
)
# file(line,column): error TS1234: message   and   file:line:column - error TS1234: message
_TSC = re.compile(
    r"^(?P<file>[^\s(][^(\n]*?)"
    r"(?:\((?P<line>\d+),(?P<column>\d+)\):|:(?P<line2>\d+):(?P<column2>\d+) -)"
    r"\s+(?P<severity>error|warning)\s+(?P<rule>TS\d+):\s+(?P<message>.*)$"
)
# warning[rule]: message, then `  --> file:line:column` on a following line
_RUST = re.compile(r"^(?P<severity>warning|error)(?:\[(?P<rule>[^\]]+)\])?: (?P<message>.+)$")
_RUST_PLACE = re.compile(r"^\s*--> (?P<file>.+?):(?P<line>\d+):(?P<column>\d+)$")
_RUST_SUMMARY = re.compile(
    r"^`[^`]+` \(.*\) generated (?P<count>\d+) warnings?\b"
    r"(?:.*?\((?P<duplicates>\d+) duplicates?\))?"
    r"|^(?:\d+ warnings? emitted|build failed|could not compile|aborting due to|test failed"
    r"|doctest failed|\d+ targets? failed|process didn't exit)"
)
_STATED = re.compile(r"^(?P<count>\d+) warnings?(?: and \d+ errors?)? generated\.?$")
_PYTHON = re.compile(
    r"^(?P<file>[^\s:][^:\n]*\.py):(?P<line>\d+): (?P<rule>\w*Warning): (?P<message>.*)$"
)
# 9:58:46 PM [vite-plugin-svelte] src/Page.svelte:1:0 message: a warning, though it does not say so
_VITE = re.compile(
    r"^(?:\d+:\d\d:\d\d(?: ?[AP]M)? )?\[(?P<rule>vite-plugin-[\w-]+|vite:[\w:-]+)\] "
    r"(?P<file>[^\s:]+\.\w+):(?P<line>\d+):(?P<column>\d+):? (?P<message>\S.*)$"
)
_PLAIN = re.compile(
    r"(?:^|[\s:\[\])*!])(?P<severity>WARNING|Warning|warning|WARN|warn|ERROR|Error|error)"
    r"(?:\s*\[[^\]]*\])?(?::\s+|\s*\]\s*)(?P<message>\S.*)$"
)
_MARKED = re.compile(r"^\s*(?:\(!\)|⚠|▲ \[WARNING\])\s*(?P<message>\S.*)$")
_ENTERING = re.compile(r"^\S*make(?:\[\d+\])?: Entering directory '(?P<folder>[^']+)'$")
_LEAVING = re.compile(r"^\S*make(?:\[\d+\])?: Leaving directory '")
_LOOKAHEAD = 3
# A line that repeats source code below a diagnostic must not be read as one.
_QUOTED_SOURCE = re.compile(r"^\s*\d*\s*\|")


class Places:
    """Turns the paths that tools print into paths relative to the project's root."""

    def __init__(self, root: str, cwd: str) -> None:
        """`root` is absolute; `cwd`, relative to it, is where the tool was started."""
        self._root = posixpath.normpath(root)
        self._folders = [posixpath.normpath(posixpath.join(root, cwd))]

    def enter(self, folder: str) -> None:
        """make went into a folder."""
        self._folders.append(folder)

    def leave(self) -> None:
        """make came out of it."""
        if len(self._folders) > 1:
            self._folders.pop()

    def resolve(self, path: str) -> str:
        """The path from the root, or as it is when it lies outside."""
        whole = posixpath.normpath(posixpath.join(self._folders[-1], path))
        return whole.removeprefix(f"{self._root}/")


def read_diagnostics(text: str, *, root: str, cwd: str) -> tuple[Finding, ...]:
    """Every warning and error in a build's output, each once, in the order of the output."""
    places = Places(root, cwd)
    found = list(_diagnostics(text.splitlines(), places))
    stated = sum(_stated(line) for line in text.splitlines())
    unique = list(dict.fromkeys(found))
    counted = sum(1 for finding in found if finding.severity is Severity.WARNING)
    if stated > counted:
        unique.append(
            Finding(
                message=f"the build states {stated} warnings, of which {counted} could be read",
                severity=Severity.WARNING,
                rule="unread-warnings",
            )
        )
    return tuple(unique)


def count_warnings(findings: Iterable[Finding]) -> int:
    """How many of the findings are warnings."""
    return sum(1 for finding in findings if finding.severity is Severity.WARNING)


def _stated(line: str) -> int:
    match = _STATED.match(line)
    if match is not None:
        return int(match["count"])
    match = _RUST.match(line)
    summary = _RUST_SUMMARY.match(match["message"]) if match is not None else None
    if summary is not None and summary["count"]:
        return int(summary["count"]) - int(summary["duplicates"] or 0)
    return 0


def _diagnostics(lines: list[str], places: Places) -> Iterator[Finding]:
    for number, line in enumerate(lines):
        if not line or _QUOTED_SOURCE.match(line) or _STATED.match(line):
            continue
        if entered := _ENTERING.match(line):
            places.enter(entered["folder"])
        elif _LEAVING.match(line):
            places.leave()
        elif finding := (
            _gnu(line, places) or _tsc(line, places) or _python(line, places) or _vite(line, places)
        ):
            yield finding
        elif match := _RUST.match(line):
            if not _RUST_SUMMARY.match(match["message"]):
                yield _rust(match, lines[number + 1 : number + 1 + _LOOKAHEAD], places)
        elif finding := _plain(line):
            yield finding


def _severity(word: str) -> Severity:
    return _SEVERITIES.get(word.lower(), Severity.ERROR)


def _gnu(line: str, places: Places) -> Finding | None:
    match = _GNU.match(line)
    if match is None:
        return None
    return Finding(
        message=match["message"],
        severity=_severity(match["severity"]),
        file=places.resolve(match["file"]),
        line=int(match["line"]),
        column=int(match["column"] or 0),
        rule=match["rule"] or "",
    )


def _tsc(line: str, places: Places) -> Finding | None:
    match = _TSC.match(line)
    if match is None:
        return None
    return Finding(
        message=match["message"],
        severity=_severity(match["severity"]),
        file=places.resolve(match["file"]),
        line=int(match["line"] or match["line2"]),
        column=int(match["column"] or match["column2"]),
        rule=match["rule"],
    )


def _python(line: str, places: Places) -> Finding | None:
    match = _PYTHON.match(line)
    if match is None:
        return None
    return Finding(
        message=match["message"],
        severity=Severity.WARNING,
        file=places.resolve(match["file"]),
        line=int(match["line"]),
        rule=match["rule"],
    )


def _vite(line: str, places: Places) -> Finding | None:
    match = _VITE.match(line)
    if match is None:
        return None
    return Finding(
        message=match["message"],
        severity=Severity.WARNING,
        file=places.resolve(match["file"]),
        line=int(match["line"]),
        # Vite counts columns from 0.
        column=int(match["column"]) + 1,
        rule=match["rule"],
    )


def _rust(match: re.Match[str], following: list[str], places: Places) -> Finding:
    for line in following:
        place = _RUST_PLACE.match(line)
        if place is not None:
            return Finding(
                message=match["message"],
                severity=_severity(match["severity"]),
                file=places.resolve(place["file"]),
                line=int(place["line"]),
                column=int(place["column"]),
                rule=match["rule"] or "",
            )
    return Finding(
        message=match["message"],
        severity=_severity(match["severity"]),
        rule=match["rule"] or "",
    )


def _plain(line: str) -> Finding | None:
    match = _PLAIN.search(line)
    if match is not None:
        return Finding(message=line.strip()[:500], severity=_severity(match["severity"]))
    match = _MARKED.match(line)
    if match is not None:
        return Finding(message=match["message"][:500], severity=Severity.WARNING)
    return None
