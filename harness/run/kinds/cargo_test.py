"""`cargo-test`: runs `cargo test` and reads what libtest prints.

Every test binary has to say how many tests it runs, name each, and state totals that agree with the
names; a binary that does not (it crashed, its output was cut) is a failure or an error, never a
silent pass. Documentation tests are tests like the others.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from harness.model.base import Entry
from harness.model.ports import CheckContext, Command, Completed
from harness.model.result import Finding, Outcome, Severity, Status
from harness.model.spec import Environment
from harness.run.kinds.counting import conclude_tests
from harness.run.kinds.diagnostics import read_diagnostics
from harness.run.kinds.ending import (
    broken_off,
    cut_short,
    how_it_ended,
    read_output_bytes,
    with_last_line,
)
from harness.run.kinds.libtest import Binary, read_libtest
from harness.run.kinds.sanitizers import parse_reports
from harness.system.capture import plain_text


class CargoTestOptions(Entry, frozen=True):
    """Runs `cargo test`; every unit, integration and documentation test becomes a record."""

    cwd: Annotated[str, Meta(description="Folder of the Cargo workspace or package.")] = "."
    args: Annotated[
        list[str], Meta(description="More arguments, such as --workspace or --test NAME.")
    ] = []
    toolchain: Annotated[
        str, Meta(pattern=r"^[A-Za-z0-9._-]*$", description="Toolchain, as in cargo +TOOLCHAIN.")
    ] = ""
    env: Annotated[Environment, Meta(description="Environment of cargo and the tests.")] = {}
    expect_at_least: Annotated[
        int, Meta(ge=1, description="How many tests must have been executed, ignored ones not.")
    ] = 1


class CargoTestKind:
    """Runs every test even when one fails, so that the records are complete."""

    name = "cargo-test"
    summary = "runs cargo test; each test becomes a record"
    options = CargoTestOptions
    needs_work = False

    def prepare(self, options: CargoTestOptions, context: CheckContext) -> Command:
        """`cargo test --no-fail-fast`."""
        del context
        toolchain = (f"+{options.toolchain}",) if options.toolchain else ()
        return Command(
            argv=("cargo", *toolchain, "test", "--no-fail-fast", *options.args),
            env={"CARGO_TERM_COLOR": "never", **options.env},
            cwd=options.cwd,
        )

    def conclude(
        self, options: CargoTestOptions, context: CheckContext, completed: Completed
    ) -> Outcome:
        """The records, once every binary's totals agree with them."""
        bad = broken_off(completed) or cut_short(completed, so="its tests cannot be counted")
        if bad is not None:
            return bad
        text = plain_text(read_output_bytes(completed))
        binaries = read_libtest(text, cwd=options.cwd)
        tests = [test for binary in binaries for test in binary.tests]
        disagreement = next((why for binary in binaries if (why := _disagreement(binary))), "")
        if disagreement:
            return Outcome(status=Status.ERRORED, message=disagreement, tests=tuple(tests))
        crashed = [binary for binary in binaries if binary.totals is None]
        failed = any(test.status is Status.FAILED for test in tests)
        if completed.exit_code == 0 and (failed or crashed):
            return Outcome(
                status=Status.ERRORED,
                message="cargo exits 0, yet its output tells of failed tests",
                tests=tuple(tests),
            )
        wrong, findings = "", parse_reports(text)
        if crashed:
            wrong = f"test binary {crashed[0].name} {crashed[0].death or 'ended without a result'}"
        elif completed.exit_code != 0 and not failed:
            errors = _errors(text, options, context)
            findings = (*findings, *errors)
            wrong = with_last_line(how_it_ended(completed), completed)
            if errors:
                wrong = f"does not compile: {errors[0].file}:{errors[0].line}: {errors[0].message}"
        return conclude_tests(
            tests, at_least=options.expect_at_least, findings=findings, also_wrong=wrong
        )


def _errors(text: str, options: CargoTestOptions, context: CheckContext) -> tuple[Finding, ...]:
    found = read_diagnostics(text, root=str(context.root), cwd=options.cwd)
    return tuple(one for one in found if one.severity is Severity.ERROR and one.file)[:50]


def _disagreement(binary: Binary) -> str:
    """How a binary's totals contradict the tests it named; empty when they agree."""
    if binary.totals is None:
        return ""
    named = {
        status: sum(1 for test in binary.tests if test.status is status)
        for status in (Status.PASSED, Status.FAILED, Status.SKIPPED)
    }
    totals = binary.totals
    if (named[Status.PASSED], named[Status.FAILED], named[Status.SKIPPED]) != (
        totals.passed,
        totals.failed,
        totals.ignored,
    ):
        return (
            f"{binary.name} states {totals.passed} passed, {totals.failed} failed,"
            f" {totals.ignored} ignored, but names {named[Status.PASSED]},"
            f" {named[Status.FAILED]}, {named[Status.SKIPPED]};"
            " a test that prints to the terminal directly can garble the list"
        )
    if binary.announced != totals.passed + totals.failed + totals.ignored + totals.measured:
        return f"{binary.name} announced {binary.announced} tests and accounts for fewer"
    return ""
