"""What a reader of code must look at, with its place: SARIF and the annotations share it.

A problem is a finding, a test that did not pass, or a check that broke and can show neither. What
has no place of its own stands where its check is defined; `own_place` tells the two apart.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from harness.model.base import Record
from harness.model.result import Finding, Severity, Status, TestRecord
from harness.model.spec import Effect
from harness.report.shape import View, ViewCheck
from harness.report.text import first_line

_EFFECT_RANK = {effect: -rank for rank, effect in enumerate(Effect)}
_LEVEL_RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}
_TROUBLED = (Status.FAILED, Status.ERRORED, Status.PRECLUDED, Status.FLAKY)
_IN_THE_WAY = (Effect.BLOCK, Effect.INCOMPLETE)


class Problem(Record, frozen=True):
    """One problem. `rule` is the tool's own rule, or the check; `subject` is what it is about.

    `test` is the id of the test that it is, empty when it is none.
    An error is `level` error only where its check stands in the way of the verdict. `line` and
    `column` count from 1; 0 means unknown; an empty `file` means no place at all.
    """

    check: ViewCheck
    rule: str
    subject: str
    message: str
    level: Severity
    file: str
    line: int
    column: int
    own_place: bool
    test: str = ""


def problems(view: View) -> list[Problem]:
    """All of them, gravest first; what weighs the same keeps the order of the report."""
    checks = view.checks()
    said = {reason.check: reason.text for reason in reversed(view.verdict.reasons)}
    found = [
        problem
        for name in view.attention
        for problem in _of_check(checks.pop(name), said.get(name, ""), in_attention=True)
    ]
    for check in checks.values():
        found.extend(_of_check(check, "", in_attention=False))
    found.sort(key=lambda one: (_EFFECT_RANK[one.check.effect], _LEVEL_RANK[one.level]))
    return found


def _of_check(check: ViewCheck, said: str, *, in_attention: bool) -> Iterator[Problem]:
    """Tests, then findings, then the check itself when neither tells why it is looked at."""
    told = False
    counts = check.tests
    if counts.total > counts.passed + counts.skipped:
        for test in check.records:
            if test.status in _TROUBLED:
                told = True
                yield _of_test(check, test)
    for found in check.findings:
        told = told or found.severity is Severity.ERROR
        yield _of_finding(check, found)
    if in_attention and not told:
        yield _problem(check, Severity.ERROR, check.title, check.reason or said)


def _of_test(check: ViewCheck, test: TestRecord) -> Problem:
    found = _problem(check, Severity.ERROR, test.id, test.message, test.file, test.line)
    return replace(found, test=test.id)


def _of_finding(check: ViewCheck, found: Finding) -> Problem:
    subject = first_line(found.message)
    return _problem(
        check,
        found.severity,
        subject,
        found.message,
        found.file,
        found.line,
        found.column,
        rule=found.rule,
    )


def _problem(
    check: ViewCheck,
    level: Severity,
    subject: str,
    message: str,
    file: str = "",
    line: int = 0,
    column: int = 0,
    *,
    rule: str = "",
) -> Problem:
    if level is Severity.ERROR and check.effect not in _IN_THE_WAY:
        level = Severity.WARNING
    own_place = bool(file)
    if not own_place:
        file, line, column = _definition(check.position)
    return Problem(
        check=check,
        rule=rule or check.id,
        subject=subject or check.id,
        message=message or check.status.value,
        level=level,
        file=file,
        line=line,
        column=column,
        own_place=own_place,
    )


def _definition(position: str) -> tuple[str, int, int]:
    """A position written `file:line:column`; nothing when it is not."""
    match position.rsplit(":", 2):
        case [file, line, column] if file and line.isdecimal() and column.isdecimal():
            return file, int(line), int(column)
        case _:
            return "", 0, 0
