"""`lighthouse`: pages of a running server, scored as desktop and as phone.

Throttling is simulated: whatever else the machine does lowers scores and never raises them, so a
phone is measured again, up to a limit, until it is good enough; the spread, the load and the index
Lighthouse gives the machine stand in every record. A page that answers 4xx, asks for something that
does, or complains on the console is red in every category, since an empty page is fast.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, field

from harness.model.base import Entry
from harness.model.ports import CheckContext, Command, Completed
from harness.model.result import Outcome, Status, TestRecord
from harness.model.spec import Environment
from harness.run.kinds.browsing import Path, Sessions, see_sessions
from harness.run.kinds.counting import conclude_tests
from harness.run.kinds.ending import broken_off, how_it_ended, with_last_line
from harness.run.kinds.node_tools import (
    QUIET,
    RESULTS_VARIABLE,
    SCRIPTS,
    bounded,
    browser_environment,
    own_package,
    told,
)
from harness.run.kinds.results import results_of

_RESULTS = "lighthouse.json"
Category = Literal["performance", "accessibility", "best-practices", "seo"]
Form = Literal["desktop", "mobile"]
Score = Annotated[int, Meta(ge=0, le=100)]
Scores = dict[Category, Score]


class Page(Entry, frozen=True):
    """One page, and what is demanded of it beside what is demanded of all."""

    path: Path
    as_: Annotated[str, Meta(description="Session that sees it; none is a stranger.")] = field(
        default="", name="as"
    )
    at_least: Annotated[Scores, Meta(description="Category to score, on top of the others'.")] = {}


class LighthouseOptions(Entry, frozen=True):
    """Scores pages; every page, form factor and category becomes a test record."""

    url: Annotated[str, Meta(min_length=1, description="The server, such as a service's url.")]
    routes: Annotated[list[Page], Meta(min_length=1, description="The pages.")]
    at_least: Annotated[
        Scores, Meta(min_length=1, description="Category to the least score, of 100, of each page.")
    ]
    cwd: Annotated[
        str,
        Meta(
            description="Folder of the package.json with lighthouse, and playwright-core where"
            " somebody signs in."
        ),
    ] = "."
    sessions: Annotated[Sessions, Meta(description="Who can be signed in, by name.")] = {}
    form_factors: Annotated[
        list[Form], Meta(min_length=1, description="As what pages are measured.")
    ] = field(default_factory=lambda: ["desktop", "mobile"])
    mobile_runs: Annotated[
        int, Meta(ge=1, le=9, description="Runs at most until a phone is good enough; best counts.")
    ] = 5
    env: Annotated[Environment, Meta(description="Environment, for `value-from`.")] = {}


class _Wrong(msgspec.Struct, frozen=True):
    category: str
    id: str
    title: str
    value: str
    score: float


class _Run(msgspec.Struct, frozen=True):
    scores: dict[str, int | None]
    faults: list[str]
    wrong: list[_Wrong]
    report: str
    seconds: float
    load: tuple[float, float]
    benchmark: float
    metrics: dict[str, float | None]


class _Measured(msgspec.Struct, frozen=True, rename={"as_": "as"}):
    route: str
    as_: str
    form: Form
    wanted: dict[str, int]
    runs: list[_Run]


class _Results(msgspec.Struct, frozen=True):
    measured: list[_Measured]


class LighthouseKind:
    """Has Node run the project's Lighthouse on each page."""

    name = "lighthouse"
    summary = "scores pages with Lighthouse, as desktop and as phone"
    options = LighthouseOptions

    def prepare(self, options: LighthouseOptions, context: CheckContext) -> Command:
        """The measuring, told where to write."""
        own_package(context, options.cwd, "lighthouse")
        see_sessions(options.sessions, {route.as_ for route in options.routes})
        said = msgspec.to_builtins(options)
        # Those of any page: a category that only one page demands is measured on all.
        wanted = {name for page in options.routes for name in page.at_least}
        said["categories"] = sorted({*options.at_least, *wanted})
        # Spelt out: defaults are not written.
        said["form-factors"], said["mobile-runs"] = options.form_factors, options.mobile_runs
        here = {"artifacts": str(context.work / "reports")}
        return Command(
            argv=(
                "node",
                str(SCRIPTS / "lighthouse.mjs"),
                msgspec.json.encode(said).decode(),
                msgspec.json.encode(here).decode(),
            ),
            env={
                **QUIET,
                **browser_environment(),
                **options.env,
                RESULTS_VARIABLE: str(context.work / _RESULTS),
            },
            cwd=options.cwd,
        )

    def conclude(
        self, options: LighthouseOptions, context: CheckContext, completed: Completed
    ) -> Outcome:
        """One record for each page, form factor and category that something is demanded of."""
        bad = broken_off(completed)
        if bad is not None:
            return bad
        results = results_of(completed, context.work / _RESULTS, _Results)
        if isinstance(results, Outcome):
            return results
        if completed.exit_code != 0:
            message = f"measured every page, yet {how_it_ended(completed)}"
            return Outcome(status=Status.ERRORED, message=with_last_line(message, completed))
        expected = {
            (page.path, page.as_, form) for page in options.routes for form in options.form_factors
        }
        found = {(one.route, one.as_, one.form) for one in results.measured if one.runs}
        missing = sorted(expected - found)
        tests = tuple(record for one in results.measured for record in _records(one))
        outcome = conclude_tests(
            tests,
            at_least=len(expected) * len(options.at_least),
            also_wrong=f"nobody measured {missing[0][0]} as {missing[0][2]}" if missing else "",
        )
        figures = {_name(one): _figures(one) for one in results.measured if one.runs}
        return msgspec.structs.replace(outcome, metrics={**outcome.metrics, "lighthouse": figures})


def _name(one: _Measured) -> str:
    return f"{one.route} [{', '.join(part for part in (one.as_, one.form) if part)}]"


def _figures(one: _Measured) -> dict[str, object]:
    """What the journal keeps of a page: every score of every run, and the best run's metrics."""
    return {
        "scores": {name: [run.scores.get(name) for run in one.runs] for name in one.wanted},
        "load": [round(max(run.load), 2) for run in one.runs],
        "benchmark-index": [round(run.benchmark) for run in one.runs],
        "metrics": one.runs[-1].metrics,
    }


def _records(one: _Measured) -> Iterator[TestRecord]:
    """A record for each category; the report of the best run hangs on the first."""
    if not one.runs:
        return
    sound = [run for run in one.runs if not run.faults]
    for number, (category, least) in enumerate(sorted(one.wanted.items())):
        scores = [run.scores.get(category) for run in one.runs]
        # Noise lowers speed alone: the other categories have to be right in every run.
        noisy = category == "performance"
        valid = [run.scores.get(category) for run in sound]
        counted = [score for score in valid if score is not None]
        best = max(one.runs, key=lambda run: (not run.faults, run.scores.get(category) or 0))
        score = None
        if counted and len(counted) == len(valid):
            score = max(counted) if noisy else min(counted)
        faults = best.faults if noisy else [fault for run in one.runs for fault in run.faults]
        said = ", ".join("none" if score is None else str(score) for score in scores)
        message = ""
        if faults:
            message = told(faults[0])
        elif score is None:
            message = "Lighthouse gave no score"
        elif score < least:
            causes = [wrong for wrong in best.wrong if wrong.category == category]
            named = ", ".join(f"{wrong.id} {wrong.value}".strip() for wrong in causes[:4])
            message = f"{score} of 100, where {least} are demanded" + (
                f": {named}" if named else ""
            )
        yield TestRecord(
            id=f"{_name(one)} {category}",
            status=Status.FAILED if message else Status.PASSED,
            duration=sum(run.seconds for run in one.runs) if number == 0 else 0.0,
            # Tried again until it was good enough: the best counts, and is no flake.
            message=message,
            output="\n".join(
                (
                    bounded(f"scores of {len(one.runs)} runs: {said}", *_told(one, category)),
                    f"[[ATTACHMENT|{best.report}]]" if number == 0 or message else "",
                )
            ).strip(),
        )


def _told(one: _Measured, category: str) -> Iterator[str]:
    for number, run in enumerate(one.runs, start=1):
        yield (
            f"run {number}: load {run.load[0]:.1f} before, {run.load[1]:.1f} after;"
            f" benchmark index {run.benchmark:.0f}; {run.seconds:.0f} s"
        )
        if category == "performance":
            yield "  " + ", ".join(
                f"{name} {value:.4g}" for name, value in run.metrics.items() if value is not None
            )
        for fault in run.faults:
            yield f"  fault: {fault}"
        for wrong in run.wrong:
            if wrong.category == category:
                yield f"  {wrong.id} ({wrong.score:.2f}): {wrong.title} {wrong.value}".rstrip()
