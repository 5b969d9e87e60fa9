"""Every check and test as compact data for the page's list, and its first rows as text.

The data stands in the page as JSON in an inert script element: as it is while small, beyond that
compressed (zlib) and in base64, which any current browser turns back by itself. Statuses, phases
and tags are numbers into lists: ten thousand passed tests cost little more than their names.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence
from typing import Any

import msgspec

from harness.model.base import Record
from harness.model.history import Mark
from harness.model.result import Status, TestRecord
from harness.report.shape import How, View, ViewCheck
from harness.report.text import clip, first_line

ORDER = (
    Status.FAILED,
    Status.ERRORED,
    Status.FLAKY,
    Status.PRECLUDED,
    Status.SKIPPED,
    Status.PASSED,
)
_RANK = {status: rank for rank, status in enumerate(ORDER)}
MARKS = 12
"""Earlier runs that are told of."""
_STATIC = 40
_TESTS = 50_000
_NAME, _SAID = 300, 400
_SAID_ALL = 200_000
_PLAIN = 12_000
_MOST = 600_000
"""Characters of base64 at most; a run whose names alone are more loses tests from its end."""


class Entry(Record, frozen=True):
    """One row that stands in the HTML itself; `test` is empty for a check."""

    status: Status
    name: str
    about: str
    duration: float | None
    anchor: str
    marks: tuple[Mark, ...] = ()


class Payload(Record, frozen=True, omit_defaults=False):
    """The list as data. `form` is `json` or `zlib`; `left_off` tests are in report.json only."""

    text: str
    form: str
    total: int
    first: tuple[Entry, ...]
    left_off: int
    marked: bool


def payload(view: View, anchors: frozenset[str]) -> Payload:
    """The list of the run; `anchors` are those of checks that stand on the page."""
    checks = [check for phase in view.phases for check in phase.checks]
    room = _TESTS
    while True:
        data, kept = _data(view, checks, anchors, room)
        text, form = _packed(data)
        if len(text) <= _MOST or not kept:
            break
        room = min(kept - 1, kept * _MOST // len(text))
    tests = sum(len(check.records) for check in checks)
    return Payload(
        text=text,
        form=form,
        total=len(checks) + kept,
        first=_first(checks, anchors),
        left_off=tests - kept,
        marked=any(check.marks for check in checks),
    )


def _data(
    view: View, checks: Sequence[ViewCheck], anchors: frozenset[str], room: int
) -> tuple[dict[str, Any], int]:
    phases = {phase.id: number for number, phase in enumerate(view.phases)}
    tags: dict[str, int] = {}
    rows, kept, said = [], 0, _SAID_ALL
    for check in checks:
        reason = first_line(check.reason, _SAID) if said > 0 else ""
        said -= len(reason)
        tests: list[list[Any]] = []
        for test in _ranked(check.records)[: max(0, room - kept)]:
            message = "" if said <= 0 else clip(test.message.strip("\n"), _SAID)
            said -= len(message)
            row: list[Any] = [clip(test.id, _NAME), _RANK[test.status], _milli(test.duration)]
            if message:
                row.append(message)
            tests.append(row)
        kept += len(tests)
        rows.append(
            [
                check.id,
                clip(check.title, _NAME),
                _RANK[check.status],
                phases[check.phase],
                check.anchor if check.anchor in anchors else "",
                None if check.how is How.REUSED else _milli(check.duration),
                reason,
                [tags.setdefault(tag, len(tags)) for tag in check.tags],
                tests,
                *_marks(check),
            ]
        )
    data = {
        "statuses": [status.value for status in ORDER],
        "phases": [[phase.id, phase.title] for phase in view.phases],
        "tags": list(tags),
        "checks": rows,
    }
    return data, kept


def _marks(check: ViewCheck) -> list[str]:
    """Its ends in earlier runs, newest last, a digit each; nothing when there are none."""
    digits = "".join(str(_RANK[mark.status]) for mark in check.marks[-MARKS:])
    return [digits] if digits else []


def _ranked(tests: Sequence[TestRecord]) -> Sequence[TestRecord]:
    return sorted(tests, key=lambda test: _RANK[test.status])


def _milli(duration: float | None) -> int | None:
    """Milliseconds, three digits of them: more are noise, and cost space."""
    if duration is None:
        return None
    return int(float(f"{duration * 1000:.3g}"))


def _packed(data: dict[str, Any]) -> tuple[str, str]:
    encoded = msgspec.json.encode(data)
    if len(encoded) <= _PLAIN:
        # Only inside JSON strings can these stand; escaped, no text can end the element.
        text = encoded.decode()
        for risky in "<>&\u2028\u2029":
            text = text.replace(risky, f"\\u{ord(risky):04x}")
        return text, "json"
    return base64.b64encode(zlib.compress(encoded, 9)).decode(), "zlib"


def _first(checks: Sequence[ViewCheck], anchors: frozenset[str]) -> tuple[Entry, ...]:
    """The first rows, in the order in which the script lists them: gravest, checks before tests."""
    entries = []
    for status in ORDER:
        for check in checks:
            if check.status is status:
                anchor = check.anchor if check.anchor in anchors else ""
                entries.append(
                    Entry(
                        status=status,
                        name=clip(check.title, _NAME),
                        about=_about(check.id, first_line(check.reason, 160)),
                        duration=None if check.how is How.REUSED else check.duration,
                        anchor=anchor,
                        marks=check.marks,
                    )
                )
                if len(entries) == _STATIC:
                    return tuple(entries)
        for check in checks:
            for test in check.records:
                if test.status is status:
                    entries.append(
                        Entry(
                            status=status,
                            name=clip(test.id, _NAME),
                            about=_about(check.id, first_line(test.message, 160)),
                            duration=test.duration,
                            anchor=check.anchor if check.anchor in anchors else "",
                        )
                    )
                    if len(entries) == _STATIC:
                        return tuple(entries)
    return tuple(entries)


def _about(check: str, said: str) -> str:
    return f"{check} · {said}" if said else check
