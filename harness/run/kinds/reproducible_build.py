"""`reproducible-build`: builds twice from the same sources and wants the same bytes.

The second build runs later and in another time zone, which is how a build that writes down when it
was made gives itself away. Its products stay, for the checks that come after. The building is done
by a child (`reproducible_probe`); warnings are counted as the kind `build` counts them.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, field

from harness.model.base import Entry
from harness.model.ports import CheckContext, Command, Completed
from harness.model.result import Finding, Outcome, Severity, Status
from harness.model.spec import Argument, Environment
from harness.run.kinds.build import ENVIRONMENT
from harness.run.kinds.diagnostics import count_warnings, read_diagnostics
from harness.run.kinds.ending import (
    broken_off,
    cut_short,
    how_it_ended,
    read_output_bytes,
    with_last_line,
)
from harness.run.kinds.results import results_of
from harness.system.capture import plain_text

_RESULTS = "builds.json"
_SHOWN = 200
BROKEN, DIFFERENT = 2, 1
"""The child's exit codes: a build that failed or made nothing, and builds that differ."""


class ReproducibleBuildOptions(Entry, frozen=True):
    """Builds twice; passes when both succeed without warnings and make the same bytes."""

    run: Annotated[
        list[Argument],
        Meta(min_length=1, description="Program and arguments; no shell looks at them."),
    ]
    outputs: Annotated[
        list[Annotated[str, Meta(min_length=1)]],
        Meta(
            min_length=1,
            description="Globs, relative to the project root, of what the build makes. Every match"
            " is removed before each build, and compared after it.",
        ),
    ]
    cwd: Annotated[str, Meta(description="Working folder, relative to the project root.")] = "."
    env: Annotated[Environment, Meta(description="Environment of both builds.")] = {}
    vary: Annotated[
        Environment, Meta(description="Environment of the second build only, on top of `env`.")
    ] = field(default_factory=lambda: {"TZ": "Pacific/Kiritimati"})
    max_warnings: Annotated[
        int, Meta(ge=0, description="How many compiler warnings are accepted.")
    ] = 0


class Builds(msgspec.Struct, frozen=True, kw_only=True):
    """What the child writes: how many files each build made, and how they differ."""

    files: int
    bytes: int
    seconds: list[float]
    findings: list[Finding]


class ReproducibleBuildKind:
    """Has the child build twice, then reads warnings and differences."""

    name = "reproducible-build"
    summary = "builds twice; counts warnings and wants the same bytes"
    options = ReproducibleBuildOptions

    def prepare(self, options: ReproducibleBuildOptions, context: CheckContext) -> Command:
        """The child, told what to build as an argument, so that a person can repeat it."""
        return Command(
            argv=(
                context.python,
                "-m",
                "harness.run.kinds.reproducible_probe",
                msgspec.json.encode(options).decode(),
                "--result",
                str(context.work / _RESULTS),
            ),
            env=ENVIRONMENT,
        )

    def conclude(
        self, options: ReproducibleBuildOptions, context: CheckContext, completed: Completed
    ) -> Outcome:
        """Success first, then the whole output, then warnings, then the comparison."""
        bad = broken_off(completed) or cut_short(completed, so="its warnings cannot be counted")
        if bad is not None:
            return bad
        text = plain_text(read_output_bytes(completed))
        found = read_diagnostics(text, root=str(context.root), cwd=options.cwd)
        errors = [finding for finding in found if finding.severity is Severity.ERROR]
        if completed.exit_code == BROKEN:
            said = f": {errors[0].message}" if errors else ""
            message = f"the build broke{said}"
            return Outcome(
                status=Status.FAILED,
                message=message if said else with_last_line(message, completed),
                findings=found[:_SHOWN],
            )
        builds = results_of(completed, context.work / _RESULTS, Builds)
        if isinstance(builds, Outcome):
            return builds
        if (completed.exit_code == DIFFERENT) != bool(builds.findings):
            return Outcome(
                status=Status.ERRORED,
                message=f"{how_it_ended(completed)} contradicts {len(builds.findings)} differences",
            )
        warnings = count_warnings(found)
        problem = ""
        if errors:
            problem = f"exit 0, yet the build reports an error: {errors[0].message}"
        elif warnings > options.max_warnings:
            first = next(one for one in found if one.severity is Severity.WARNING)
            problem = (
                f"{warnings} warnings, where {options.max_warnings} are accepted: {first.message}"
            )
        elif builds.findings:
            more = len(builds.findings) - 1
            problem = builds.findings[0].message + (f" (and {more} more)" if more else "")
        return Outcome(
            status=Status.FAILED if problem else Status.PASSED,
            message=problem
            or f"two builds made the same {builds.files} files, {warnings} warnings",
            findings=(*found, *builds.findings)[:_SHOWN],
            metrics={
                "warnings": warnings,
                "files": builds.files,
                "bytes": builds.bytes,
                "seconds": builds.seconds,
            },
        )
