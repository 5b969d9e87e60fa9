"""`pytest`: runs a Python test suite and reads the JUnit file it writes (xunit1).

Believed only when the file was written by this run, is whole, counts what it holds, and agrees with
pytest's exit code; anything else is `errored`.
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from harness.errors import CheckSetupError
from harness.model.base import Entry
from harness.model.ports import CheckContext, Command, Completed
from harness.model.result import Outcome, Status, TestRecord
from harness.run.kinds.counting import conclude_tests
from harness.run.kinds.ending import how_it_ended, killed, not_started_or_hung, with_last_line
from harness.run.kinds.junit import Case, read_junit
from harness.run.kinds.results import UnreadableResultsError
from harness.run.kinds.sanitizers import find_reports

_RESULTS = "junit.xml"
_BEGAN = "began"
_CLOCK_SLACK_SECONDS = 2.0
# pytest's exit codes, as `pytest.ExitCode` documents them.
_PASSED, _FAILED, _INTERRUPTED, _INTERNAL, _USAGE, _NO_TESTS = range(6)
_ENDED_EARLY = {
    _INTERRUPTED: "was interrupted",
    _INTERNAL: "broke inside",
    _USAGE: "was called wrongly",
}
_FAILING = (Status.FAILED, Status.ERRORED)
_PLACE = re.compile(r"^(?P<file>[^\s:]+\.py):(?P<line>\d+): ", re.MULTILINE)


class PytestOptions(Entry, frozen=True):
    """Runs pytest; every test becomes a test record."""

    path: Annotated[
        str | list[str],
        Meta(description="File, folder or test id, relative to the project root; or several."),
    ]
    args: Annotated[list[str], Meta(description="More arguments for pytest.")] = []
    workers: Annotated[
        int | Literal["auto"],
        Meta(description="Processes (pytest-xdist); `auto` takes the cores the check holds."),
    ] = 0
    expect_at_least: Annotated[
        int, Meta(ge=1, description="How many tests must have been executed, skipped ones not.")
    ] = 1
    python: Annotated[
        str, Meta(description="Interpreter; by default the one the release manager runs on.")
    ] = ""


class PytestKind:
    """Runs pytest as a child of its own."""

    name = "pytest"
    summary = "runs a pytest suite; each test becomes a record"
    options = PytestOptions

    def prepare(self, options: PytestOptions, context: CheckContext) -> Command:
        """pytest with a result file in the work folder, and one whose time says when it began."""
        paths = [options.path] if isinstance(options.path, str) else options.path
        for path in paths:
            file = path.split("::", 1)[0]
            if not (context.root / file).exists():
                raise CheckSetupError(
                    f"{file} does not exist", next_step="correct `path` in the phase file"
                )
        (context.work / _BEGAN).touch()
        return Command(
            argv=(
                options.python or context.python,
                "-m",
                "pytest",
                f"--junitxml={context.work / _RESULTS}",
                "-o",
                "junit_family=xunit1",
                "-o",
                "junit_logging=all",
                "-o",
                "junit_log_passing_tests=false",
                "--color=no",
                *_workers(options, context),
                *options.args,
                *paths,
            ),
        )

    def conclude(
        self, options: PytestOptions, context: CheckContext, completed: Completed
    ) -> Outcome:
        """The records, once they are known to be this run's and whole."""
        bad = not_started_or_hung(completed)
        if bad is not None:
            return bad
        try:
            suite = read_junit(context.work / _RESULTS)
        except UnreadableResultsError as error:
            return self._without_results(completed, str(error))
        stale = _stale(suite.timestamp, context.work / _BEGAN)
        if stale:
            return Outcome(status=Status.ERRORED, message=stale)
        tests = tuple(_record(case) for case in suite.cases)
        disagreement = _disagreement(tests, completed)
        if disagreement:
            return Outcome(status=Status.ERRORED, message=disagreement, tests=tests)
        return conclude_tests(
            tests,
            at_least=options.expect_at_least,
            findings=find_reports(completed),
            also_wrong=_cut_short(tests, completed),
        )

    def _without_results(self, completed: Completed, why: str) -> Outcome:
        crash = killed(completed)
        if crash is not None:
            return crash
        if completed.exit_code == _NO_TESTS:
            return Outcome(status=Status.FAILED, message="no test was executed: none was found")
        message = f"{how_it_ended(completed)}, and {why}"
        return Outcome(status=Status.ERRORED, message=with_last_line(message, completed))


def _workers(options: PytestOptions, context: CheckContext) -> tuple[str, ...]:
    count = context.cpus if options.workers == "auto" else options.workers
    return ("-n", str(count)) if count > 1 else ()


def _stale(timestamp: str, began: Path) -> str:
    """Why a result file is not of this run; empty when it is."""
    try:
        written = datetime.fromisoformat(timestamp).timestamp()
    except ValueError:
        return f"the result file does not say when it was made ({timestamp!r})"
    if written < began.stat().st_mtime - _CLOCK_SLACK_SECONDS:
        return f"the result file is stale: it tells of a run at {timestamp}, before this one began"
    return ""


def _disagreement(tests: tuple[TestRecord, ...], completed: Completed) -> str:
    """How pytest's exit and its result file contradict each other; empty when they agree."""
    failing = sum(1 for test in tests if test.status in _FAILING)
    if completed.signal:
        return f"pytest was {how_it_ended(completed)} after it wrote its results"
    match completed.exit_code:
        case 0 if failing:
            return f"pytest exits 0, yet its result file has {failing} failures"
        case 1 if not failing:
            return with_last_line(
                "pytest exits 1 (tests failed), yet its result file has no failure", completed
            )
        case 2 | 3 | 4 as code if not failing:
            return with_last_line(f"pytest {_ENDED_EARLY[code]}", completed)
        case 5 if tests:
            return f"pytest found no tests, yet its result file has {len(tests)}"
        case code if code not in range(6):
            return with_last_line(
                f"pytest ended with exit {code}, which is not one of its", completed
            )
    return ""


def _cut_short(tests: tuple[TestRecord, ...], completed: Completed) -> str:
    """That pytest did not run all of its tests; empty when it did, or a broken file says why."""
    if completed.exit_code not in _ENDED_EARLY:
        return ""
    if any(test.status is Status.ERRORED for test in tests):
        return ""
    return f"pytest {_ENDED_EARLY[completed.exit_code]}"


def _record(case: Case) -> TestRecord:
    """One test case of the JUnit file as a record."""
    file, line = case.file, case.line + 1 if case.line >= 0 else 0
    if case.status in _FAILING:
        places = [place for place in _PLACE.finditer(case.details) if place["file"]]
        if places:
            file, line = places[-1]["file"], int(places[-1]["line"])
    return TestRecord(
        id=_node_id(case.file, case.classname, case.name),
        status=case.status,
        duration=case.seconds,
        attempts=case.attempts,
        message=_message(case),
        file=file,
        line=line,
        output=case.output,
    )


def _message(case: Case) -> str:
    """pytest's own words; a file that could not be collected says why in its details only."""
    if case.message != "collection failure":
        return case.message
    said = [line[1:].strip() for line in case.details.splitlines() if line.startswith("E ")]
    return f"cannot be collected: {said[-1]}" if said else case.message


def _node_id(file: str, classname: str, name: str) -> str:
    """`suites/test_x.py::TestClass::test_name`, as pytest itself takes it on its command line."""
    if not file:
        return "::".join(part for part in (classname, name) if part)
    module = file.removesuffix(".py").replace("/", ".")
    inner = classname.removeprefix(module).strip(".") if classname.startswith(module) else ""
    return "::".join(part for part in (file, inner.replace(".", "::"), name) if part)
