"""`playwright`: runs a project's own Playwright Test and reads the JSON report it writes.

A test's retries are its attempts; screenshots, traces and whatever else a failing test left behind
are kept with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from harness.model.base import Entry
from harness.model.ports import CheckContext, Command, Completed
from harness.model.result import Outcome, Status, TestRecord
from harness.model.spec import Environment
from harness.run.kinds.counting import conclude_tests
from harness.run.kinds.ending import broken_off, how_it_ended, with_last_line
from harness.run.kinds.node_tools import (
    QUIET,
    below,
    bounded,
    browser_environment,
    one_line,
    own_program,
    told,
)
from harness.run.kinds.results import results_of

_RESULTS = "playwright.json"
_ARTIFACTS = "artifacts"
# Below the words of an error Playwright quotes the source, and then where it was called from.
_SOURCE = re.compile(r"^\s*(?:>?\s*\d+ \||at /)", re.MULTILINE)
_FAILING = (Status.FAILED, Status.ERRORED)
_STATUS = {
    "expected": Status.PASSED,
    "unexpected": Status.FAILED,
    "flaky": Status.FLAKY,
    "skipped": Status.SKIPPED,
}


class PlaywrightOptions(Entry, frozen=True):
    """Runs Playwright Test; every test of every project becomes a test record."""

    cwd: Annotated[
        str, Meta(description="Folder of the package.json, relative to the project root.")
    ] = "."
    files: Annotated[
        list[Annotated[str, Meta(min_length=1)]],
        Meta(description="Only test files whose path matches one of these expressions."),
    ] = []
    config: Annotated[str, Meta(description="Playwright's configuration, relative to `cwd`.")] = ""
    projects: Annotated[
        list[Annotated[str, Meta(min_length=1)]],
        Meta(description="Only these projects of the configuration."),
    ] = []
    grep: Annotated[str, Meta(description="Only tests whose title or tag matches.")] = ""
    args: Annotated[list[str], Meta(description="More arguments for Playwright.")] = []
    env: Annotated[
        Environment,
        Meta(
            description="Environment of the tests. CHROME_PATH and CHROMIUM_PATH say where the"
            " system's Chromium is."
        ),
    ] = {}
    retries: Annotated[
        int,
        Meta(ge=-1, description="How often a failing test is tried again; -1 is as configured."),
    ] = -1
    workers: Annotated[
        int | Literal["auto"],
        Meta(description="Processes; `auto` takes the cores the check holds."),
    ] = "auto"
    trace: Annotated[
        Literal["", "off", "on", "retain-on-failure", "on-first-retry", "on-all-retries"],
        Meta(description="When a trace is kept; else as configured."),
    ] = ""
    expect_at_least: Annotated[
        int, Meta(ge=1, description="How many tests must have been executed, skipped ones not.")
    ] = 1


class _Location(msgspec.Struct, frozen=True):
    file: str = ""
    line: int = 0


class _Fault(msgspec.Struct, frozen=True):
    message: str = ""
    location: _Location | None = None
    value: str = ""


class _Text(msgspec.Struct, frozen=True):
    text: str = ""


class _Kept(msgspec.Struct, frozen=True):
    name: str
    path: str = ""


class _Result(msgspec.Struct, frozen=True):
    status: str
    duration: float = 0.0
    errors: list[_Fault] = []
    stdout: list[_Text] = []
    stderr: list[_Text] = []
    attachments: list[_Kept] = []


class _Test(msgspec.Struct, frozen=True, rename="camel"):
    status: Literal["expected", "unexpected", "flaky", "skipped"]
    results: list[_Result]
    project_name: str = ""
    annotations: list[dict[str, object]] = []


class _Spec(msgspec.Struct, frozen=True):
    title: str
    tests: list[_Test]
    file: str = ""
    line: int = 0


class _Suite(msgspec.Struct, frozen=True):
    title: str
    specs: list[_Spec] = []
    suites: list[_Suite] = []


class _Config(msgspec.Struct, frozen=True, rename={"root_dir": "rootDir"}):
    root_dir: str


class _Stats(msgspec.Struct, frozen=True):
    expected: int
    unexpected: int
    flaky: int
    skipped: int


class _Report(msgspec.Struct, frozen=True):
    config: _Config
    suites: list[_Suite]
    errors: list[_Fault]
    stats: _Stats


class PlaywrightKind:
    """Runs the Playwright of the project's lock file; all it writes goes to the work folder."""

    name = "playwright"
    summary = "runs Playwright tests; each becomes a record, with screenshots and traces"
    options = PlaywrightOptions

    def prepare(self, options: PlaywrightOptions, context: CheckContext) -> Command:
        """`playwright test` with its list for people and its JSON for us."""
        workers = context.cpus if options.workers == "auto" else options.workers
        results = str(context.work / _RESULTS)
        return Command(
            argv=(
                own_program(context, options.cwd, "playwright"),
                "test",
                "--reporter=list,json",
                f"--output={context.work / _ARTIFACTS}",
                "--forbid-only",
                *((f"--trace={options.trace}",) if options.trace else ()),
                *((f"--workers={workers}",) if workers > 0 else ()),
                *((f"--retries={options.retries}",) if options.retries >= 0 else ()),
                *((f"--config={options.config}",) if options.config else ()),
                *(f"--project={project}" for project in options.projects),
                *((f"--grep={options.grep}",) if options.grep else ()),
                *options.args,
                *options.files,
            ),
            env={
                **QUIET,
                **browser_environment(),
                # The list draws over itself on what it takes for a terminal.
                "PLAYWRIGHT_FORCE_TTY": "0",
                **options.env,
                "PLAYWRIGHT_JSON_OUTPUT_FILE": results,
                # The same, as Playwright before 1.44 calls it.
                "PLAYWRIGHT_JSON_OUTPUT_NAME": results,
            },
            cwd=options.cwd,
        )

    def conclude(
        self, options: PlaywrightOptions, context: CheckContext, completed: Completed
    ) -> Outcome:
        """The records, once they are whole and agree with Playwright's exit."""
        bad = broken_off(completed)
        if bad is not None:
            return bad
        report = results_of(completed, context.work / _RESULTS, _Report)
        if isinstance(report, Outcome):
            return report
        tests = tuple(_records(report, context))
        disagreement = _disagreement(report, tests, completed)
        if disagreement:
            return Outcome(status=Status.ERRORED, message=disagreement, tests=tests)
        failing = any(test.status in _FAILING for test in tests)
        return conclude_tests(
            tests,
            at_least=options.expect_at_least,
            also_wrong=_beyond(report, completed, failing=failing),
        )


def _disagreement(report: _Report, tests: tuple[TestRecord, ...], completed: Completed) -> str:
    """How report, totals and exit contradict each other; empty when they agree."""
    stats = report.stats
    stated = stats.expected + stats.unexpected + stats.flaky + stats.skipped
    if stated != len(tests):
        return f"Playwright's report states {stated} tests and holds {len(tests)}"
    failing = sum(1 for test in tests if test.status in _FAILING)
    if completed.exit_code == 0 and (failing or report.errors):
        return f"Playwright exits 0, yet its report has {failing + len(report.errors)} failures"
    return ""


def _beyond(report: _Report, completed: Completed, *, failing: bool) -> str:
    """What keeps the run from passing that no failing test explains; empty when nothing does."""
    # "No tests found" is one of these, too: the count says it better.
    if report.errors and report.suites:
        return f"outside of the tests: {one_line(report.errors[0].message)}"
    if report.errors:
        return f"no test was executed: {one_line(report.errors[0].message)}"
    if completed.exit_code != 0 and not failing:
        ended = how_it_ended(completed)
        return with_last_line(f"no test failed, yet Playwright ended with {ended}", completed)
    return ""


def _records(report: _Report, context: CheckContext) -> Iterator[TestRecord]:
    """Every test of every project, in the order of the report."""
    top = Path(report.config.root_dir)

    def walk(suite: _Suite, titles: tuple[str, ...]) -> Iterator[TestRecord]:
        for spec in suite.specs:
            for test in spec.tests:
                name = " > ".join((*titles, spec.title))
                if test.project_name:
                    name = f"[{test.project_name}] > {name}"
                yield _record(name, spec, test, top, context)
        for inner in suite.suites:
            yield from walk(inner, (*titles, inner.title))

    for file in report.suites:
        yield from walk(file, (file.title,))


def _record(name: str, spec: _Spec, test: _Test, top: Path, context: CheckContext) -> TestRecord:
    status = _STATUS[test.status]
    last = test.results[-1] if test.results else None
    faults = [fault for result in test.results for fault in result.errors]
    if last is not None and last.status == "interrupted":
        status = Status.ERRORED
    message = ""
    if status is Status.SKIPPED:
        message = next(
            (
                str(one["description"])
                for one in test.annotations
                if one.get("type") in ("skip", "fixme") and one.get("description")
            ),
            "",
        )
    elif faults:
        message = told(_SOURCE.split(faults[-1].message or faults[-1].value, maxsplit=1)[0])
    elif status in _FAILING:
        ended = last.status if last is not None else "never started"
        # `test.fail()` says that it must not pass.
        message = "passed, where it is expected to fail" if ended == "passed" else f"it {ended}"
    file, line = str(top / spec.file), spec.line
    for fault in reversed(faults):
        if fault.location is not None and fault.location.file:
            file, line = fault.location.file, fault.location.line
            break
    return TestRecord(
        id=name,
        status=status,
        duration=sum(result.duration for result in test.results) / 1000,
        attempts=max(1, len(test.results)),
        message=message,
        file=below(context.root, file),
        line=line,
        output=_output(test) if faults else "",
    )


def _output(test: _Test) -> str:
    """What each attempt said and left, the files as names that the run keeps them by."""
    parts: list[str] = []
    for result in test.results:
        parts.extend(fault.message or fault.value for fault in result.errors)
        parts.extend(text.text for text in (*result.stdout, *result.stderr))
    kept = dict.fromkeys(
        kept.path for result in test.results for kept in result.attachments if kept.path
    )
    return "\n".join((bounded(*parts), *(f"[[ATTACHMENT|{path}]]" for path in kept)))
