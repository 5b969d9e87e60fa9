"""Failures that look alike, gathered: one defect that breaks fifty tests is one thing to read.

Two failures belong together when their signatures are equal: the line that says what went wrong,
without what differs from one occurrence to the next (numbers, addresses, paths, quoted values).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from harness.model.result import Status, TestRecord
from harness.report.shape import Cluster, Member, ViewCheck
from harness.report.text import clip

_BROKEN = (Status.FAILED, Status.ERRORED)
_LOOKED_AT = 20_000
_LINE = 400
_MEMBERS = 100
_SIGNATURE = 240
_EXAMPLE = 600

# The line that names an error, in the words of pytest, Python, Rust, C assertions, JavaScript.
_TELLING = re.compile(
    r"\b(?:\w*(?:Error|Exception|Failure|Panic)\b|panicked at|assert(?:ion)?\b.*fail|fatal\b)",
    re.IGNORECASE,
)
_SAME = (
    (re.compile(r"https?://[^\s'\"<>)]+"), "<url>"),
    (re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.IGNORECASE), "<uuid>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z?)?"), "<time>"),
    (
        re.compile(
            r"\"(?:[^\"\\\n]|\\.){0,400}\"|(?<!\w)'(?:[^'\\\n]|\\.){0,400}'|`[^`\n]{0,400}`"
        ),
        "<value>",
    ),
    (re.compile(r"(?:[A-Za-z]:)?(?:[\w.@+~-]*[/\\])+[\w.@+-]+(?::\d+){0,2}"), "<path>"),
    (
        re.compile(
            r"\b0x[0-9a-f]+\b|\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,}\b", re.IGNORECASE
        ),
        "<hex>",
    ),
    (re.compile(r"\d+(?:[.,]\d+)*"), "<n>"),
    (re.compile(r"\s+"), " "),
)


def signature(message: str) -> str:
    """What stays the same between two occurrences of one failure; empty for an empty message.

    Read are the first 20,000 characters, and of them the first line that names an error, else the
    first that says anything.
    """
    line = _telling_line(message)
    for pattern, stand_in in _SAME:
        line = pattern.sub(stand_in, line)
    return clip(line.strip(), _SIGNATURE)


def _telling_line(message: str) -> str:
    first = ""
    for raw in message[:_LOOKED_AT].split("\n"):
        line = raw.removeprefix("E ").strip()[:_LINE]
        if not line:
            continue
        if _TELLING.search(line):
            return line
        first = first or line
    return first


def clusters(checks: Iterable[ViewCheck]) -> tuple[Cluster, ...]:
    """Failures with the same signature, where there are at least two, the most frequent first."""
    groups: dict[str, list[tuple[Member, str]]] = {}
    for check in checks:
        for name, message in _failures(check):
            if common := signature(message):
                member = Member(check=check.id, anchor=check.anchor, test=name)
                groups.setdefault(common, []).append((member, message))
    found = [
        Cluster(
            signature=common,
            count=len(members),
            example=clip(members[0][1].strip("\n"), _EXAMPLE),
            members=tuple(member for member, _ in members[:_MEMBERS]),
        )
        for common, members in groups.items()
        if len(members) > 1
    ]
    return tuple(sorted(found, key=lambda cluster: -cluster.count))


def _failures(check: ViewCheck) -> Iterator[tuple[str, str]]:
    """What failed in a check: its tests, or the check itself where no test says more."""
    broken: list[TestRecord] = [test for test in check.records if test.status in _BROKEN]
    for test in broken:
        yield test.id, test.message
    if not broken and check.status in _BROKEN:
        yield "", check.reason
