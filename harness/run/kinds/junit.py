"""Reads a JUnit result file whole, or says why it cannot be believed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from harness.model.result import Status
from harness.run.kinds.results import LARGEST, UnreadableResultsError
from harness.system.capture import plain_text

_OUTPUT_LIMIT = 16 * 1024
_MESSAGE_LIMIT = 500
_TOTALS = frozenset({"tests", "failures", "errors"})
_FAILING = frozenset({Status.FAILED, Status.ERRORED})


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One test case as the file states it; `line` counts from 0, -1 when it is not said."""

    name: str
    classname: str
    file: str
    line: int
    status: Status
    seconds: float | None
    attempts: int
    message: str
    details: str
    output: str


class Suite(msgspec.Struct, frozen=True, kw_only=True):
    """Every case of a file, and the time its first suite says it began."""

    timestamp: str
    cases: tuple[Case, ...]


def read_junit(path: Path) -> Suite:
    """The cases of a JUnit file. Raises `UnreadableResultsError`."""
    from junitparser import JUnitXml
    from junitparser.junitparser import JUnitXmlError

    if not path.is_file():
        raise UnreadableResultsError("it left no result file")
    size = path.stat().st_size
    if not size:
        raise UnreadableResultsError("its result file is empty")
    if size > LARGEST:
        raise UnreadableResultsError(f"its result file has {size:,} bytes, more than is read")
    cases: list[Case] = []
    try:
        document = JUnitXml.fromfile(str(path))
        suites = list(document) if isinstance(document, JUnitXml) else [document]
        for suite in suites:
            own = [_case(case) for case in suite]
            _counts_agree(suite, own)
            cases.extend(own)
    # The errors of both parsers that junitparser may use, lxml's where it is installed, are
    # SyntaxErrors; what is no number is a ValueError, an unknown encoding a LookupError.
    except (SyntaxError, JUnitXmlError, ValueError, LookupError) as error:
        raise UnreadableResultsError(f"its result file is damaged ({error})") from error
    timestamp = next((suite.timestamp for suite in suites if suite.timestamp), "")
    return Suite(timestamp=timestamp, cases=tuple(cases))


def _counts_agree(suite: Any, cases: list[Case]) -> None:
    """Refuse a suite whose totals tell of tests or failures that it does not hold."""
    # The attributes themselves: junitparser's own properties count anew where one is missing.
    stated = {name: int(text) for name, text in suite._elem.attrib.items() if name in _TOTALS}
    if stated.get("tests", len(cases)) != len(cases):
        raise UnreadableResultsError(
            f"its result file states {stated['tests']} tests and holds {len(cases)}"
        )
    failing = stated.get("failures", 0) + stated.get("errors", 0)
    if failing and not any(case.status in _FAILING for case in cases):
        raise UnreadableResultsError(f"its result file states {failing} failures and holds none")


def _case(case: Any) -> Case:
    from junitparser import Error, Failure, Skipped

    status, message, details, attempts = Status.PASSED, "", "", 1
    for result in case.result:
        if isinstance(result, Error):
            found = Status.ERRORED
        elif isinstance(result, Failure):
            found = Status.FAILED
        elif isinstance(result, Skipped):
            found = Status.SKIPPED
        else:
            attempts += 1  # rerun elements of retry plug-ins
            continue
        if found is Status.SKIPPED and status is not Status.PASSED:
            continue  # a test that failed and was also skipped has failed
        status, message, details = found, result.message or "", result.text or ""
    if attempts > 1 and status is Status.PASSED:
        status = Status.FLAKY
    attributes = case._elem.attrib  # file and line are no part of junitparser's own interface
    return Case(
        name=case.name or "",
        classname=case.classname or "",
        file=attributes.get("file", ""),
        line=_number(attributes.get("line")),
        status=status,
        seconds=case.time,
        attempts=attempts,
        message=plain_text(message.encode("utf-8", "replace"))[:_MESSAGE_LIMIT].strip(),
        details=details,
        output=_output(details, case.system_out, case.system_err),
    )


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isdecimal() else -1


def _output(*parts: str | None) -> str:
    whole = "\n".join(part.strip("\n") for part in parts if part and part.strip())
    text = plain_text(whole.encode("utf-8", "replace"))
    if len(text) <= _OUTPUT_LIMIT:
        return text
    half = _OUTPUT_LIMIT // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half:,} characters not kept ...]\n{text[-half:]}"
