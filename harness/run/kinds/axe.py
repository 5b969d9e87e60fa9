"""`axe`: pages of a running server in each of their states and themes, looked at by axe-core.

States are reached by what the server is made to answer and by steps on the page, all in YAML. A
page that answers otherwise than expected, or complains on the console, is red whatever axe thinks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, field

from harness.errors import CheckSetupError
from harness.model.base import Entry
from harness.model.ports import CheckContext, Command, Completed
from harness.model.result import Outcome, Status, TestRecord
from harness.model.spec import Environment
from harness.run.kinds.browsing import Path, Selector, Sessions, Step, see_sessions, see_steps
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

_RESULTS = "axe.json"
_NODES_SHOWN = 10


class Answer(Entry, frozen=True):
    """What the server is made to answer, without asking it."""

    url: Annotated[
        str,
        Meta(
            min_length=1, description="Glob over addresses; `**/api/keys` ignores host and query."
        ),
    ]
    method: Annotated[str, Meta(description="Only this method; otherwise any.")] = ""
    status: Annotated[int, Meta(ge=100, le=599, description="Status of the answer.")] = 200
    body: Annotated[Any, Meta(description="JSON of the answer.")] = None
    hold: Annotated[bool, Meta(description="Never answer: the page stays as it is waiting.")] = (
        False
    )


class State(Entry, frozen=True):
    """A state of a page: empty, loading, failed, a dialog open, …"""

    name: Annotated[str, Meta(min_length=1, description="What it is called in reports.")]
    answers: Annotated[list[Answer], Meta(description="What the server is made to answer.")] = []
    offline: Annotated[bool, Meta(description="The network goes once the page is there.")] = False
    steps: Annotated[list[Step], Meta(description="What somebody does there.")] = []
    ready: Annotated[
        str, Meta(description="What must be visible then: how one knows the state is reached.")
    ] = ""


class Route(Entry, frozen=True):
    """One page."""

    path: Path
    as_: Annotated[str, Meta(description="Session that sees it; none is a stranger.")] = field(
        default="", name="as"
    )
    status: Annotated[int, Meta(ge=100, le=599, description="Status it must answer.")] = 200
    ready: Annotated[Selector, Meta(description="What must be visible once it is there.")] = ""
    states: Annotated[list[State], Meta(description="Other states than the one it opens in.")] = []
    only_states: Annotated[bool, Meta(description="Do not look at it as it opens.")] = False


class Viewport(Entry, frozen=True):
    """Size of the window, in CSS pixels."""

    width: Annotated[int, Meta(ge=200, le=8000)] = 1280
    height: Annotated[int, Meta(ge=200, le=8000)] = 800


class AxeOptions(Entry, frozen=True):
    """Looks at pages with axe-core; every page in every state and theme becomes a test record."""

    url: Annotated[str, Meta(min_length=1, description="The server, such as a service's url.")]
    routes: Annotated[list[Route], Meta(min_length=1, description="The pages.")]
    cwd: Annotated[
        str,
        Meta(description="Folder of the package.json with @axe-core/playwright and Playwright."),
    ] = "."
    sessions: Annotated[Sessions, Meta(description="Who can be signed in, by name.")] = {}
    themes: Annotated[
        list[Literal["light", "dark"]],
        Meta(min_length=1, description="Values of prefers-color-scheme."),
    ] = field(default_factory=lambda: ["light", "dark"])
    tags: Annotated[
        list[str], Meta(min_length=1, description="Tags of the rules, as axe-core names them.")
    ] = field(default_factory=lambda: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"])
    viewport: Annotated[Viewport, Meta(description="Size of the window.")] = Viewport()
    locale: Annotated[str, Meta(description="Language of the browser.")] = "en-GB"
    env: Annotated[Environment, Meta(description="Environment, for `value-from`.")] = {}
    expect_at_least: Annotated[
        int, Meta(ge=1, description="How many pages, counted by state and theme, are looked at.")
    ] = 1


class _Node(msgspec.Struct, frozen=True):
    selector: str
    summary: str
    html: str


class _Violation(msgspec.Struct, frozen=True):
    rule: str
    impact: str
    help: str
    address: str
    nodes: list[_Node]


class _Look(msgspec.Struct, frozen=True, rename={"as_": "as"}):
    route: str
    state: str
    as_: str
    theme: str
    seconds: float
    rules: int
    violations: list[_Violation]
    faults: list[str]
    screenshot: str
    error: str


class _Results(msgspec.Struct, frozen=True):
    looks: list[_Look]


class AxeKind:
    """Has Node open each page with the project's Playwright and axe-core."""

    name = "axe"
    summary = "looks at pages with axe-core, in every state and theme"
    options = AxeOptions

    def prepare(self, options: AxeOptions, context: CheckContext) -> Command:
        """The looking, told where to write and how many pages to have open."""
        own_package(context, options.cwd, "@axe-core/playwright")
        see_sessions(options.sessions, {route.as_ for route in options.routes})
        for route in options.routes:
            if route.only_states and not route.states:
                raise CheckSetupError(
                    f"route {route.path} has `only-states` and no states",
                    next_step="list its states, or look at it as it opens",
                )
            for state in route.states:
                see_steps(state.steps, f"state {state.name!r} of {route.path}")
        # Spelt out for Node: what is as it is by default would not be written.
        said = {
            **msgspec.to_builtins(options),
            "themes": options.themes,
            "tags": options.tags,
            "viewport": {"width": options.viewport.width, "height": options.viewport.height},
            "locale": options.locale,
        }
        here = {"artifacts": str(context.work / "artifacts"), "workers": max(1, context.cpus)}
        return Command(
            argv=(
                "node",
                str(SCRIPTS / "axe.mjs"),
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

    def conclude(self, options: AxeOptions, context: CheckContext, completed: Completed) -> Outcome:
        """One record for each page, state and theme, or for each rule that it violates."""
        bad = broken_off(completed)
        if bad is not None:
            return bad
        results = results_of(completed, context.work / _RESULTS, _Results)
        if isinstance(results, Outcome):
            return results
        if completed.exit_code != 0:
            message = f"looked at every page, yet {how_it_ended(completed)}"
            return Outcome(status=Status.ERRORED, message=with_last_line(message, completed))
        tests = tuple(record for look in results.looks for record in _records(look))
        outcome = conclude_tests(
            tests,
            at_least=options.expect_at_least,
            also_wrong=_missing(options, results.looks),
        )
        rules = sum(look.rules for look in results.looks)
        return msgspec.structs.replace(
            outcome, metrics={**outcome.metrics, "looks": len(results.looks), "rules": rules}
        )


def _missing(options: AxeOptions, looks: list[_Look]) -> str:
    """The first page that nobody looked at; empty when all were."""
    # One that broke stands there once, and is red.
    seen = {(look.route, look.as_, look.state) for look in looks}
    for route in options.routes:
        names = [state.name for state in route.states]
        for name in names if route.only_states else ["", *names]:
            if (route.path, route.as_, name) not in seen:
                return f"nobody looked at {route.path}{f' ({name})' if name else ''}"
    return ""


def _records(look: _Look) -> Iterator[TestRecord]:
    place = ", ".join(part for part in (look.as_, look.state, look.theme) if part)
    name = f"{look.route} [{place}]"
    picture = f"[[ATTACHMENT|{look.screenshot}]]" if look.screenshot else ""
    broken = [*([look.error] if look.error else []), *look.faults]
    if not broken and not look.violations and not look.rules:
        broken = ["axe had nothing to look at: the page is empty"]
    if broken:
        yield TestRecord(
            id=name,
            status=Status.FAILED,
            duration=look.seconds,
            message=told(broken[0]) + (f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""),
            output="\n".join((bounded(*broken), picture)).strip(),
        )
    elif not look.violations:
        yield TestRecord(id=name, status=Status.PASSED, duration=look.seconds)
    for violation in look.violations:
        first = violation.nodes[0] if violation.nodes else _Node("", "", "")
        more = len(violation.nodes) - 1
        shown = "\n\n".join(
            f"{node.selector}\n{node.html}\n{node.summary}"
            for node in violation.nodes[:_NODES_SHOWN]
        )
        yield TestRecord(
            id=f"{name} {violation.rule}",
            status=Status.FAILED,
            duration=look.seconds,
            message=told(f"{violation.help}: {first.selector}")
            + (f" (and {more} more)" if more > 0 else ""),
            output="\n".join((bounded(violation.address, shown), picture)).strip(),
        )
