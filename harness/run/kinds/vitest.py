"""`vitest`: runs a project's own Vitest and reads what our reporter wrote down.

A file that cannot be imported and a hook that throws are failures, whatever the tests beside them
did; an error that no test caught is one, too.
"""

from __future__ import annotations

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
    RESULTS_VARIABLE,
    SCRIPTS,
    below,
    bounded,
    one_line,
    own_program,
)
from harness.run.kinds.results import results_of

_RESULTS = "vitest.json"
_FAILING = (Status.FAILED, Status.ERRORED)


class VitestOptions(Entry, frozen=True):
    """Runs Vitest; every test becomes a test record."""

    cwd: Annotated[
        str, Meta(description="Folder of the package.json, relative to the project root.")
    ] = "."
    files: Annotated[
        list[Annotated[str, Meta(min_length=1)]],
        Meta(description="Only test files whose path contains one of these."),
    ] = []
    config: Annotated[str, Meta(description="Vitest's configuration, relative to `cwd`.")] = ""
    projects: Annotated[
        list[Annotated[str, Meta(min_length=1)]], Meta(description="Only these Vitest projects.")
    ] = []
    args: Annotated[list[str], Meta(description="More arguments for Vitest.")] = []
    env: Annotated[Environment, Meta(description="Environment of the tests.")] = {}
    workers: Annotated[
        int | Literal["auto"],
        Meta(description="Processes at most; `auto` takes the cores the check holds."),
    ] = "auto"
    expect_at_least: Annotated[
        int, Meta(ge=1, description="How many tests must have been executed, skipped ones not.")
    ] = 1


class _Place(msgspec.Struct, frozen=True):
    file: str
    line: int


class _Fault(msgspec.Struct, frozen=True):
    message: str
    name: str
    stack: str
    diff: str
    places: list[_Place]


class _Test(msgspec.Struct, frozen=True):
    file: str
    project: str
    name: str
    line: int
    state: Literal["passed", "failed", "skipped", "pending"]
    note: str
    milliseconds: float | None
    retries: int
    errors: list[_Fault]


class _Broken(msgspec.Struct, frozen=True):
    """A file that could not be imported, or a suite whose hook threw."""

    file: str
    name: str
    line: int
    errors: list[_Fault]


class _Results(msgspec.Struct, frozen=True):
    vitest: str
    reason: Literal["passed", "failed", "interrupted"]
    tests: list[_Test]
    broken: list[_Broken]
    unhandled: list[_Fault]


class VitestKind:
    """Runs the Vitest of the project's lock file with a reporter of ours beside its own."""

    name = "vitest"
    summary = "runs a Vitest suite; each test becomes a record"
    options = VitestOptions

    def prepare(self, options: VitestOptions, context: CheckContext) -> Command:
        """`vitest run`, once, with places for tests and results in the work folder."""
        workers = context.cpus if options.workers == "auto" else options.workers
        return Command(
            argv=(
                own_program(context, options.cwd, "vitest"),
                "run",
                "--reporter=default",
                f"--reporter={SCRIPTS / 'vitest_reporter.mjs'}",
                "--includeTaskLocation",
                *((f"--maxWorkers={workers}",) if workers > 0 else ()),
                *((f"--config={options.config}",) if options.config else ()),
                *(f"--project={project}" for project in options.projects),
                *options.args,
                *options.files,
            ),
            env={**QUIET, **options.env, RESULTS_VARIABLE: str(context.work / _RESULTS)},
            cwd=options.cwd,
        )

    def conclude(
        self, options: VitestOptions, context: CheckContext, completed: Completed
    ) -> Outcome:
        """The records, once they are whole and agree with Vitest's exit."""
        bad = broken_off(completed)
        if bad is not None:
            return bad
        results = results_of(
            completed, context.work / _RESULTS, _Results, hint="Vitest 3 or later writes one"
        )
        if isinstance(results, Outcome):
            return results
        reader = _Reader(context.root, context.root / options.cwd)
        tests = (
            *(reader.broken(one) for one in results.broken),
            *(reader.test(one) for one in results.tests),
        )
        failing = any(test.status in _FAILING for test in tests)
        if completed.exit_code == 0 and (failing or results.unhandled):
            return Outcome(
                status=Status.ERRORED,
                message="Vitest exits 0, yet its results tell of failures",
                tests=tests,
            )
        return conclude_tests(
            tests,
            at_least=options.expect_at_least,
            also_wrong=_beyond(results, completed, failing=failing),
        )


def _beyond(results: _Results, completed: Completed, *, failing: bool) -> str:
    """What keeps the run from passing that no failing test explains; empty when nothing does."""
    if results.reason == "interrupted":
        return "Vitest was interrupted"
    if results.unhandled:
        first = results.unhandled[0]
        more = len(results.unhandled) - 1
        said = one_line(first.message)
        return f"an error that no test caught: {said}" + (f" (and {more} more)" if more else "")
    if completed.exit_code != 0 and not failing and results.tests:
        return with_last_line(
            f"no test failed, yet Vitest ended with {how_it_ended(completed)}", completed
        )
    return ""


class _Reader:
    """Turns what Vitest says into records; paths are the project's."""

    def __init__(self, root: Path, cwd: Path) -> None:
        self._root, self._cwd = root, cwd

    def test(self, test: _Test) -> TestRecord:
        """One test; passed after a retry is flaky, one that never ended is no test that ran."""
        status = {
            "passed": Status.FLAKY if test.retries else Status.PASSED,
            "failed": Status.FAILED,
            "skipped": Status.SKIPPED,
            "pending": Status.ERRORED,
        }[test.state]
        message = test.note
        if test.errors:
            message = one_line(test.errors[-1].message)
        elif status is Status.ERRORED:
            message = "it never ended"
        file, line = self._place(test.errors, test.file, test.line)
        name = f"{self._file(test.file)} > {test.name}"
        return TestRecord(
            id=f"[{test.project}] {name}" if test.project else name,
            status=status,
            duration=None if test.milliseconds is None else test.milliseconds / 1000,
            attempts=test.retries + 1,
            message=message,
            file=file,
            line=line,
            output=_output(test.errors),
        )

    def broken(self, one: _Broken) -> TestRecord:
        """A file or suite that broke outside of its tests."""
        file, line = self._place(one.errors, one.file, one.line)
        where = self._file(one.file)
        return TestRecord(
            id=f"{where} > {one.name}" if one.name else where,
            status=Status.FAILED,
            message=one_line(one.errors[0].message),
            file=file,
            line=line,
            output=_output(one.errors),
        )

    def _file(self, path: str) -> str:
        return below(self._cwd, path)

    def _place(self, errors: list[_Fault], file: str, line: int) -> tuple[str, int]:
        """Where the last error arose in the test's own file, else where the test stands."""
        for place in errors[-1].places if errors else ():
            if place.file == file:
                return below(self._root, file), place.line
        return below(self._root, file), line


def _output(errors: list[_Fault]) -> str:
    return bounded(*(part for error in errors for part in (error.stack, error.diff)))
