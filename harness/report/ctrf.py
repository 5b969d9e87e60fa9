"""The view as a Common Test Report Format document (https://ctrf.io, spec version 0.0.0).

The cases are those of `cases.py`. CTRF has five statuses, so the words change and our own stands
beside them as `rawStatus`: errored is `failed`; precluded is `other`, for it never ran; flaky is
`passed` with `flaky: true`, as the specification wants it. None of that can turn a run green:
the last case is the verdict, and `environment.healthy` is true for an approved run alone.
Times are whole milliseconds, points in time since the Unix epoch.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from harness.model.result import Attachment, Conclusion, Status
from harness.report.cases import VERDICT, Case, Interim, cases, verdict_case
from harness.report.shape import View, ViewCheck
from harness.report.text import both_ends, clip, first_line

CTRF_VERSION = "0.0.0"
_STATUS = {
    Status.PASSED: "passed",
    Status.FAILED: "failed",
    Status.ERRORED: "failed",
    Status.FLAKY: "passed",
    Status.SKIPPED: "skipped",
    Status.PRECLUDED: "other",
}
_ANSWERED_FOR = (Status.FAILED, Status.FLAKY)
_RAW = {status: status.value for status in Status}
_MESSAGE_LIMIT = 2_000
_TEXT_LIMIT = 64 * 1024


class _Shape(msgspec.Struct, rename="camel", omit_defaults=True, gc=False):
    """Fields in the order they are written; what has its default is left out."""


class _Attachment(_Shape):
    name: str
    content_type: str
    path: str


class _Attempt(_Shape):
    attempt: int
    status: str
    duration: int | None = None
    message: str = ""
    trace: str = ""
    stdout: list[str] = []


class _Test(_Shape):
    name: str
    status: str
    duration: int
    start: int | None = None
    stop: int | None = None
    suite: tuple[str, ...] = ()
    message: str = ""
    trace: str = ""
    line: int = 0
    raw_status: str = ""
    tags: tuple[str, ...] = ()
    type: str = ""
    file_path: str = ""
    retries: int = 0
    retry_attempts: list[_Attempt] = []
    flaky: bool = False
    stdout: list[str] = []
    attachments: list[_Attachment] = []
    extra: dict[str, Any] = {}


def as_ctrf(view: View) -> bytes:
    """The document, indented."""
    start = round(datetime.fromisoformat(view.run.started_at).timestamp() * 1000)
    tests: list[_Test] = []
    for phase in view.phases:
        for check in phase.checks:
            tests.extend(_tests(check, start))
    tests.append(_test(verdict_case(view), (VERDICT,)))
    document = {
        "reportFormat": "CTRF",
        "specVersion": CTRF_VERSION,
        "reportId": _uuid(view.run.id),
        "runId": view.run.id,
        "timestamp": view.run.finished_at or view.run.started_at,
        "generatedBy": "release-manager",
        "results": {
            "tool": {"name": "release-manager", "version": view.run.harness_version},
            "summary": _summary(view, tests, start),
            "tests": tests,
            "environment": _environment(view),
        },
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _tests(check: ViewCheck, run_start: int) -> Iterator[_Test]:
    hierarchy = (check.phase, check.id)
    for case in cases(check):
        if case.test:
            scope = case.scope
            test = _test(case, hierarchy if scope == check.id else (*hierarchy, scope))
            given = check.lifted(case.id) if case.status in _ANSWERED_FOR else None
            if given is not None:
                test.extra["override"] = msgspec.to_builtins(given)
            yield test
        else:
            yield _check(check, _test(case, hierarchy), run_start)


def _test(case: Case, suite: tuple[str, ...]) -> _Test:
    status = case.status
    test = _Test(
        name=case.name,
        status=_STATUS[status],
        duration=round(case.duration * 1000) if case.duration else 0,
        suite=suite,
        raw_status=_RAW[status],
        line=case.line,
        file_path=case.file,
    )
    if status is not Status.PASSED:
        if case.message:
            test.message = clip(first_line(case.message), _MESSAGE_LIMIT)
            test.trace = both_ends(case.message, _TEXT_LIMIT)
        test.stdout = _lines(case.detail)
    if case.attempts > 1 or case.earlier:
        test.retries = max(case.attempts - 1, len(case.earlier))
        test.retry_attempts = [_attempt(attempt) for attempt in case.earlier]
    # Also a test that passed at last, in a check that had to be tried again.
    test.flaky = test.status == "passed" and (status is Status.FLAKY or bool(case.earlier))
    if case.attachments:
        test.attachments = [_attachment(kept) for kept in case.attachments]
    return test


def _check(check: ViewCheck, test: _Test, run_start: int) -> _Test:
    """The case of a check that speaks for itself, with what is known of checks only."""
    test.type = check.kind
    test.tags = check.tags
    test.extra = {"definition": check.position, "reproduce": check.reproduce}
    if check.failure is not None:
        test.extra["failure"] = check.failure.value
    if check.skip is not None:
        test.extra["skip"] = check.skip.value
    if check.override is not None:
        test.extra["override"] = msgspec.to_builtins(check.override)
    if check.start is not None and check.duration is not None:
        test.start = run_start + round(check.start * 1000)
        test.stop = test.start + test.duration
    return test


def _attempt(attempt: Interim) -> _Attempt:
    return _Attempt(
        attempt=attempt.number,
        status="failed" if attempt.status is Status.FLAKY else _STATUS[attempt.status],
        duration=round(attempt.duration * 1000) if attempt.duration is not None else None,
        message=clip(first_line(attempt.message), _MESSAGE_LIMIT),
        trace=both_ends(attempt.message, _TEXT_LIMIT),
        stdout=_lines(attempt.detail),
    )


def _attachment(kept: Attachment) -> _Attachment:
    """`path` is relative to the run folder, where this document lies too."""
    return _Attachment(name=kept.name, content_type=kept.media_type, path=kept.path)


def _lines(text: str) -> list[str]:
    return both_ends(text, _TEXT_LIMIT).splitlines() if text else []


def _summary(view: View, tests: list[_Test], start: int) -> dict[str, Any]:
    counts = Counter(test.status for test in tests)
    duration = round(view.run.duration * 1000)
    return {
        "tests": len(tests),
        **{name: counts[name] for name in ("passed", "failed", "skipped", "pending", "other")},
        "flaky": sum(test.flaky for test in tests),
        "suites": view.counts.checks.total + 1,
        "start": start,
        "stop": start + duration,
        "duration": duration,
        "extra": {"checks": msgspec.to_builtins(view.counts)},
    }


def _environment(view: View) -> dict[str, Any]:
    run, verdict = view.run, view.verdict
    facts = {
        "reportName": f"{run.project}, profile {verdict.profile}",
        "appName": run.project,
        "commit": run.source.get("commit", ""),
        "branchName": run.source.get("branch", ""),
        "osPlatform": view.environment.system,
    }
    return {
        **{key: value for key, value in facts.items() if value},
        "healthy": verdict.conclusion is Conclusion.APPROVED,
        "extra": {
            "verdict": verdict.conclusion.value,
            "sentence": verdict.sentence,
            "exitCode": verdict.exit_code,
            "selection": run.selection,
            "finished": run.finished,
        },
    }


def _uuid(run_id: str) -> str:
    """A UUID that depends on the run alone (RFC 9562, version 8: made our own way)."""
    digits = hashlib.sha256(b"release-manager run\0" + run_id.encode()).hexdigest()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-8{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"
