"""`c-tests`: runs C test programs written with cmocka and reads the XML they write.

cmocka writes one file per group (`CMOCKA_XML_FILE=…/%g.xml`), and to the output when such a file
exists already (two programs with a group of the same name): both are read.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from harness.model.base import Entry
from harness.model.ports import CheckContext, Command, Completed
from harness.model.result import Outcome, Status, TestRecord
from harness.model.spec import Argument, Environment
from harness.run.kinds.counting import conclude_tests
from harness.run.kinds.ending import (
    broken_off,
    cut_short,
    how_it_ended,
    read_output_bytes,
    with_last_line,
)
from harness.run.kinds.sanitizers import find_reports
from harness.system.capture import plain_text

_RESULTS = "cmocka"
_DOCUMENT = re.compile(r"<testsuites>.*?</testsuites>", re.DOTALL)
_OPENED = "<testsuites>"
# cmocka's own words: `[   LINE   ] --- file:line: error: Failure!` and, in XML, `file:line: error:`
_PLACE = re.compile(r"(?P<file>[^\s:]+\.[ch]):(?P<line>\d+): error: (?P<what>[^\n]*)")


class CTestsOptions(Entry, frozen=True):
    """Runs cmocka test programs; every test becomes a record."""

    run: Annotated[
        list[Argument],
        Meta(min_length=1, description="Program that runs the tests, and its arguments."),
    ]
    cwd: Annotated[str, Meta(description="Working folder, relative to the project root.")] = "."
    env: Annotated[Environment, Meta(description="Environment of the programs.")] = {}
    expect_at_least: Annotated[
        int, Meta(ge=1, description="How many tests must have been executed, skipped ones not.")
    ] = 1


class CTestsKind:
    """Has cmocka write XML into the work folder."""

    name = "c-tests"
    summary = "runs cmocka test programs; each test becomes a record"
    options = CTestsOptions

    def prepare(self, options: CTestsOptions, context: CheckContext) -> Command:
        """The programs, told where to write their results."""
        folder = context.work / _RESULTS
        folder.mkdir()
        return Command(
            argv=tuple(options.run),
            env={
                "CMOCKA_MESSAGE_OUTPUT": "xml",
                "CMOCKA_XML_FILE": f"{folder}/%g.xml",
                **options.env,
            },
            cwd=options.cwd,
        )

    def conclude(
        self, options: CTestsOptions, context: CheckContext, completed: Completed
    ) -> Outcome:
        """The records of every document, once they are whole and agree with the exit code."""
        bad = broken_off(completed) or cut_short(completed, so="its results cannot be read")
        if bad is not None:
            return bad
        try:
            tests = _read_all(context.work / _RESULTS, plain_text(read_output_bytes(completed)))
        except _DamagedError as error:
            message = f"{how_it_ended(completed)}, and {error}"
            return Outcome(status=Status.ERRORED, message=with_last_line(message, completed))
        failed = any(test.status in (Status.FAILED, Status.ERRORED) for test in tests)
        if completed.exit_code == 0 and failed:
            return Outcome(
                status=Status.ERRORED,
                message="exit 0, yet the results tell of failed tests",
                tests=tests,
            )
        wrong = ""
        if completed.exit_code != 0 and not failed:
            wrong = with_last_line(how_it_ended(completed), completed)
        return conclude_tests(
            tests,
            at_least=options.expect_at_least,
            findings=find_reports(completed),
            also_wrong=wrong,
        )


class _DamagedError(Exception):
    """Results that cannot be read whole."""


def _read_all(folder: Path, output: str) -> tuple[TestRecord, ...]:
    """The records of every file, then of every document in the output."""
    found: list[TestRecord] = []
    for path in sorted(folder.glob("*.xml")):
        text = path.read_text("utf-8", "replace")
        if not text.strip():
            raise _DamagedError(f"its result file {path.name} is empty")
        found.extend(_read(text, path.name))
    documents = _DOCUMENT.findall(output)
    if output.count(_OPENED) > len(documents):
        raise _DamagedError("the results in its output are cut short")
    for document in documents:
        found.extend(_read(document, "the output"))
    return tuple(found)


def _read(text: str, where: str) -> list[TestRecord]:
    try:
        root = ElementTree.fromstring(plain_text(text.encode()))  # noqa: S314 - our own tests' file
    except ElementTree.ParseError as error:
        raise _DamagedError(f"its results in {where} are damaged ({error})") from error
    records: list[TestRecord] = []
    for suite in root.iter("testsuite"):
        cases = suite.findall("testcase")
        stated = suite.get("tests", "")
        if stated.isdigit() and int(stated) != len(cases):
            raise _DamagedError(f"{where} states {stated} tests and holds {len(cases)}")
        records.extend(_record(suite.get("name", ""), case) for case in cases)
    return records


def _record(group: str, case: ElementTree.Element) -> TestRecord:
    status, text = Status.PASSED, ""
    for element in case:
        if element.tag == "skipped":
            status = Status.SKIPPED
        elif element.tag in ("failure", "error"):
            status, text = Status.FAILED, (element.text or element.get("message") or "").strip()
    place = _PLACE.search(text)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return TestRecord(
        id="::".join(part for part in (group, case.get("name", "")) if part),
        status=status,
        duration=_seconds(case.get("time")),
        message=lines[0][:500] if lines else "",
        file=place["file"] if place else "",
        line=int(place["line"]) if place else 0,
        output=text,
    )


def _seconds(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
