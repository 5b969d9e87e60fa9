"""`size-budget`: what built files weigh, against limits: raw, under gzip, under brotli.

The weighing is done by a child (`size_probe`), so that it is supervised like everything else. It
also remembers the figures of the last time, only to say what has grown: they decide nothing.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from harness.errors import CheckSetupError
from harness.model.base import Entry
from harness.model.ports import CheckContext, Command, Completed
from harness.model.result import Outcome, Status, TestRecord
from harness.run.kinds.counting import conclude_tests
from harness.run.kinds.ending import broken_off, how_it_ended, last_line
from harness.run.kinds.results import results_of
from harness.run.kinds.weighing import SIZE_PATTERN, in_bytes

_RESULTS = "sizes.json"
CANNOT_WEIGH = 2
"""The child's exit code when there is nothing that could be weighed; it says why."""
Glob = Annotated[str, Meta(min_length=1)]
Size = Annotated[str, Meta(pattern=SIZE_PATTERN)]


class Budget(Entry, frozen=True):
    """Files that have a limit together, or pages that have one each."""

    name: Annotated[str, Meta(min_length=1, description="What it is, as reports name it.")]
    files: Annotated[
        list[Glob], Meta(description="Globs below `folder`; what matches is weighed together.")
    ] = []
    pages: Annotated[
        list[Glob],
        Meta(
            description="Globs of HTML files below `folder`: each is weighed with the scripts,"
            " styles and modules that a browser fetches before anything is pressed."
        ),
    ] = []
    each: Annotated[bool, Meta(description="Every one of `files` has the limit for itself.")] = (
        False
    )
    raw: Annotated[Size, Meta(description="Largest size as it is, like `500 kB`.")] = ""
    gzip: Annotated[Size, Meta(description="Largest size under gzip.")] = ""
    brotli: Annotated[
        Size,
        Meta(
            description="Largest size under brotli: of the .br files beside, else compressed by"
            " Python's package brotli."
        ),
    ] = ""

    def limits(self) -> dict[str, int]:
        """Encoding to bytes. Raises `CheckSetupError`."""
        given = {"raw": self.raw, "gzip": self.gzip, "brotli": self.brotli}
        return {name: in_bytes(size) for name, size in given.items() if size}


class SizeBudgetOptions(Entry, frozen=True):
    """Weighs built files; each budget, or each page of one, becomes a test record."""

    folder: Annotated[str, Meta(description="What was built, relative to the project root.")]
    budgets: Annotated[list[Budget], Meta(min_length=1, description="The limits.")]


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
    """One budget, or one page of it, as the child weighed it."""

    name: str
    files: int
    sizes: dict[str, int]
    over: str = ""
    notes: str = ""


class Weights(msgspec.Struct, frozen=True):
    """What the child writes."""

    weighed: list[Weighed]


class SizeBudgetKind:
    """Hands the budgets to the child and reads its figures."""

    name = "size-budget"
    summary = "weighs built files: raw, gzip and brotli, in total and by page"
    options = SizeBudgetOptions

    def prepare(self, options: SizeBudgetOptions, context: CheckContext) -> Command:
        """The child; its budgets are an argument, so that a person can repeat it."""
        for budget in options.budgets:
            if bool(budget.files) == bool(budget.pages):
                raise CheckSetupError(
                    f"budget {budget.name!r} has both or neither of `files` and `pages`",
                    next_step="give one of them",
                )
            if not budget.limits():
                raise CheckSetupError(
                    f"budget {budget.name!r} has no limit",
                    next_step="give `raw: 500 kB` or another",
                )
        return Command(
            argv=(
                context.python,
                "-m",
                "harness.run.kinds.size_probe",
                msgspec.json.encode(options).decode(),
                "--check",
                context.check_id,
                "--result",
                str(context.work / _RESULTS),
            )
        )

    def conclude(
        self, options: SizeBudgetOptions, context: CheckContext, completed: Completed
    ) -> Outcome:
        """One record for each budget or page; without figures nothing is known."""
        bad = broken_off(completed)
        if bad is not None:
            return bad
        if completed.exit_code == CANNOT_WEIGH and (said := last_line(completed, limit=500)):
            return Outcome(status=Status.FAILED, message=said)
        weights = results_of(completed, context.work / _RESULTS, Weights)
        if isinstance(weights, Outcome):
            return weights
        over = any(one.over for one in weights.weighed)
        if (completed.exit_code == 0) == over:
            return Outcome(
                status=Status.ERRORED,
                message=f"{how_it_ended(completed)} contradicts its own figures",
            )
        tests = tuple(
            TestRecord(
                id=one.name,
                status=Status.FAILED if one.over else Status.PASSED,
                message=one.over,
                output=one.notes,
            )
            for one in weights.weighed
        )
        outcome = conclude_tests(tests, at_least=len(options.budgets))
        figures = {one.name: {"files": one.files, **one.sizes} for one in weights.weighed}
        first = weights.weighed[0] if weights.weighed else None
        message = outcome.message
        if first is not None and outcome.status is Status.PASSED:
            message = f"{first.name}: {first.notes.splitlines()[0]}"
        return msgspec.structs.replace(
            outcome, message=message, metrics={**outcome.metrics, "sizes": figures}
        )
