"""The view as JUnit XML: one suite per check, one case per test, and one suite for the verdict.

JUnit has no word for most of our statuses, so what is not a pass is never written as one: errored
and precluded are `error`, a failed check stays `failure` even when it is waived (a property says
so), and the verdict is a case of its own (`cases.py`). The dialect is the one that Jenkins' and
GitLab's readers and junitparser share (https://github.com/testmoapp/junitxml); attempts before the
last are Surefire's `flakyFailure`, `flakyError`, `rerunFailure` and `rerunError`
(https://maven.apache.org/surefire/maven-surefire-plugin/examples/rerun-failing-tests.html), which
nothing counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.model.result import Status
from harness.report.cases import VERDICT, Case, Interim, cases, verdict_case
from harness.report.shape import View, ViewCheck
from harness.report.text import both_ends, clip, first_line

_MESSAGE_LIMIT = 2_000
_TEXT_LIMIT = 64 * 1024
_COUNTED = {
    Status.FAILED: ("failure", 1),
    Status.ERRORED: ("error", 2),
    Status.PRECLUDED: ("error", 2),
    Status.SKIPPED: ("skipped", 3),
}
"""The element of a status, and where in a suite's counts it is counted."""
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

    def add(self, case: Case) -> None:
        """Add one case with the elements its status and its earlier attempts call for."""
        self.counts[0] += 1
        place = ""
        if case.file:
            line = f' line="{case.line}"' if case.line else ""
            place = f' file="{_attribute(case.file)}"{line}'
        head = (
            f'    <testcase name="{_attribute(case.name)}" classname="{_attribute(case.scope)}"'
            f' time="{case.duration or 0.0:.3f}"{place}'
        )
        inside = _final(case) + "".join(_interim(case, attempt) for attempt in case.earlier)
        if case.status in _COUNTED:
            self.counts[_COUNTED[case.status][1]] += 1
        self.cases.append(f"{head}>{inside}</testcase>" if inside else f"{head}/>")

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
    for case in cases(check):
        suite.add(case)
    healthy = check.status in (Status.PASSED, Status.SKIPPED)
    suite.close(
        check.id, check.duration or 0.0, _properties(check), "" if healthy else check.output.text
    )
    return suite


def _final(case: Case) -> str:
    """The element that says how the case ended; none for a pass, also for one after failures."""
    if case.status in _COUNTED:
        element = _COUNTED[case.status][0]
        return (
            f'<{element} type="{case.status.value}" message="{_headline(case.message, case.status)}'
            f'">{_text(case.message, case.detail)}</{element}>'
        )
    if case.status is Status.FLAKY and not case.earlier:
        # The runner retried by itself and told only the end of it.
        return _attempt("flakyFailure", case.status, case.message, case.detail)
    return ""


def _interim(case: Case, attempt: Interim) -> str:
    good = case.status in (Status.PASSED, Status.FLAKY)
    fault = "Failure" if attempt.status in (Status.FAILED, Status.FLAKY) else "Error"
    element = f"{'flaky' if good else 'rerun'}{fault}"
    return _attempt(element, attempt.status, attempt.message, attempt.detail)


def _attempt(element: str, status: Status, message: str, detail: str) -> str:
    out = f"<system-out>{_text(detail)}</system-out>" if detail else ""
    return (
        f'<{element} type="{status.value}" message="{_headline(message, status)}">'
        f"<stackTrace>{_text(message)}</stackTrace>{out}</{element}>"
    )


def _headline(message: str, status: Status) -> str:
    return _attribute(clip(first_line(message) or status.value, _MESSAGE_LIMIT))


def _text(*parts: str) -> str:
    return _escape(both_ends("\n\n".join(part for part in parts if part), _TEXT_LIMIT))


def _properties(check: ViewCheck) -> Iterator[tuple[str, str]]:
    yield "status", check.status.value
    yield "how", check.how.value
    yield "kind", check.kind
    yield "title", check.title
    yield "effect", check.effect.value
    yield "definition", check.position
    if check.skip is not None:
        yield "skip", check.skip.value
    if check.failure is not None:
        yield "failure-class", check.failure.value
    if check.reused_from:
        yield "reused-from", check.reused_from
    for one in check.overrides():
        given = one.given
        said = f"{given.owner}, until {given.expires}: {given.reason}"
        if given.test:
            yield f"{given.kind.value}-tests", f"{given.test}: {said}"
        else:
            yield given.kind.value, said


def _verdict_suite(view: View) -> _Suite:
    suite, verdict = _Suite(), view.verdict
    suite.add(verdict_case(view))
    facts = {
        "verdict": verdict.conclusion.value,
        "profile": verdict.profile,
        "run": view.run.id,
        "selection": view.run.selection,
        **{f"source.{key}": value for key, value in view.run.source.items()},
    }
    suite.close(VERDICT, 0.0, iter(facts.items()), "")
    return suite


def _attribute(text: str) -> str:
    """The text for an attribute value: line ends and tabs survive a reader's normalisation."""
    if text.isalnum() or not _SPECIAL.search(text):
        return text
    return _SPECIAL.sub(lambda match: _ENTITY[match[0]], text)


def _escape(text: str) -> str:
    """The text for an element; `>` too, so that `]]>` cannot stand in it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
