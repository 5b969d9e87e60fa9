"""The view as JUnit XML: one suite per check, one case per test, and one suite for the verdict.

JUnit has no word for most of our statuses, so what is not a pass is never written as one: errored
and precluded are `error`, a failed check stays `failure` even when it is waived (a property says
so), and the verdict is a case of its own, so that a reader who sees only this file cannot take an
empty or interrupted run for a green one. The dialect is the one that Jenkins' and GitLab's readers
and junitparser share (https://github.com/testmoapp/junitxml).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.model.result import Conclusion, Status, TestRecord
from harness.report.shape import View, ViewCheck
from harness.report.text import both_ends, clip, first_line

_MESSAGE_LIMIT = 2_000
_TEXT_LIMIT = 64 * 1024
_BROKEN = (Status.FAILED, Status.ERRORED, Status.PRECLUDED)
_SPECIAL = re.compile("[&<>\"'\n\t]")
_ENTITY = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
    "\n": "&#10;",
    "\t": "&#9;",
}


def as_junit(view: View) -> bytes:
    """The document. `time` is in seconds; counts on every level are sums of what is inside."""
    suites = [_suite(check) for phase in view.phases for check in phase.checks]
    suites.append(_verdict_suite(view))
    tests, failures, errors, skipped = (sum(s.counts[n] for s in suites) for n in range(4))
    head = (
        f'<testsuites name="{_attribute(view.run.project)}" tests="{tests}" failures="{failures}"'
        f' errors="{errors}" skipped="{skipped}" time="{view.run.duration:.3f}"'
        f' timestamp="{_attribute(view.run.started_at)}">'
    )
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', head]
    for suite in suites:
        lines.extend(suite.lines)
    lines.append("</testsuites>\n")
    return "\n".join(lines).encode()


class _Suite:
    """The lines of one suite, counting cases as they are added."""

    def __init__(self) -> None:
        self.cases: list[str] = []
        self.counts = [0, 0, 0, 0]  # tests, failures, errors, skipped
        self.lines: list[str] = []

    def case(
        self,
        name: str,
        classname: str,
        status: Status,
        message: str,
        *,
        time: float | None = None,
        place: str = "",
        detail: str = "",
    ) -> None:
        """Add one case with the element its status calls for."""
        self.counts[0] += 1
        head = (
            f'    <testcase name="{_attribute(name)}" classname="{_attribute(classname)}"'
            f' time="{time or 0.0:.3f}"{place}'
        )
        if status is Status.PASSED:
            self.cases.append(f"{head}/>")
            return
        if status is Status.FAILED:
            element, index = "failure", 1
        elif status in (Status.ERRORED, Status.PRECLUDED):
            element, index = "error", 2
        elif status is Status.SKIPPED:
            element, index = "skipped", 3
        else:
            element, index = "flakyFailure", None
        if index is not None:
            self.counts[index] += 1
        summary = _attribute(clip(first_line(message) or status.value, _MESSAGE_LIMIT))
        text = _escape(
            both_ends("\n\n".join(part for part in (message, detail) if part), _TEXT_LIMIT)
        )
        self.cases.append(
            f'{head}><{element} type="{status.value}" message="{summary}">{text}</{element}>'
            "</testcase>"
        )

    def close(
        self, name: str, time: float, properties: Iterator[tuple[str, str]], out: str
    ) -> None:
        """Set `lines`: the suite's head, its properties, its cases, its output."""
        tests, failures, errors, skipped = self.counts
        head = (
            f'  <testsuite name="{_attribute(name)}" tests="{tests}" failures="{failures}"'
            f' errors="{errors}" skipped="{skipped}" time="{time:.3f}">'
        )
        inside = "".join(
            f'<property name="{_attribute(key)}" value="{_attribute(value)}"/>'
            for key, value in properties
        )
        self.lines = [
            head,
            f"    <properties>{inside}</properties>",
            *self.cases,
        ]
        if out:
            self.lines.append(
                f"    <system-out>{_escape(both_ends(out, _TEXT_LIMIT))}</system-out>"
            )
        self.lines.append("  </testsuite>")


def _suite(check: ViewCheck) -> _Suite:
    suite = _Suite()
    for test in check.records:
        _test_case(suite, check, test)
    # The check speaks for itself when it has no tests, and when it is worse than all of its tests
    # (a deadline, too few tests, a crash after the last one).
    told = any(test.status in _BROKEN for test in check.records)
    if not check.records or (check.status in _BROKEN and not told):
        suite.case(
            check.title,
            check.id,
            check.status,
            check.reason,
            time=check.duration,
            detail="\n".join(
                f"{found.file}:{found.line}: {found.message}" if found.file else found.message
                for found in check.findings
            ),
        )
    healthy = check.status in (Status.PASSED, Status.SKIPPED)
    suite.close(
        check.id, check.duration or 0.0, _properties(check), "" if healthy else check.output.text
    )
    return suite


def _test_case(suite: _Suite, check: ViewCheck, test: TestRecord) -> None:
    scope, _, name = test.id.rpartition("::")
    place = ""
    if test.file:
        place = f' file="{_attribute(test.file)}"' + (f' line="{test.line}"' if test.line else "")
    suite.case(
        name or test.id,
        scope or check.id,
        test.status,
        test.message,
        time=test.duration,
        place=place,
        detail=test.output,
    )


def _properties(check: ViewCheck) -> Iterator[tuple[str, str]]:
    yield "status", check.status.value
    yield "how", check.how.value
    yield "kind", check.kind
    yield "title", check.title
    yield "effect", check.effect.value
    yield "definition", check.position
    if check.skip is not None:
        yield "skip", check.skip.value
    if check.reused_from:
        yield "reused-from", check.reused_from
    if check.override is not None:
        given = check.override
        yield given.kind.value, f"{given.owner}, until {given.expires}: {given.reason}"


def _verdict_suite(view: View) -> _Suite:
    suite, verdict = _Suite(), view.verdict
    status = {
        Conclusion.APPROVED: Status.PASSED,
        Conclusion.BLOCKED: Status.FAILED,
        Conclusion.INCOMPLETE: Status.ERRORED,
    }[verdict.conclusion]
    suite.case(
        "verdict",
        "release-manager",
        status,
        f"{verdict.conclusion.value}: {verdict.sentence}",
        detail="\n".join(f"{reason.effect.value}: {reason.text}" for reason in verdict.reasons),
    )
    facts = {
        "verdict": verdict.conclusion.value,
        "profile": verdict.profile,
        "run": view.run.id,
        "selection": view.run.selection,
        **{f"source.{key}": value for key, value in view.run.source.items()},
    }
    suite.close("verdict", 0.0, iter(facts.items()), "")
    return suite


def _attribute(text: str) -> str:
    """The text for an attribute value: line ends and tabs survive a reader's normalisation."""
    if text.isalnum() or not _SPECIAL.search(text):
        return text
    return _SPECIAL.sub(lambda match: _ENTITY[match[0]], text)


def _escape(text: str) -> str:
    """The text for an element; `>` too, so that `]]>` cannot stand in it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
