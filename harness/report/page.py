"""The view as one HTML page: what is inlined, within budgets, and the template that lays it out.

The page is a single file that asks nothing of anywhere. Its policy allows no source at all except
the style and the script standing in it, by their digests, so that text which slipped past escaping
could still not run. Budgets keep a run of thousands small; whatever they leave off is said.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from harness.model.base import Record
from harness.model.history import Changed
from harness.model.result import Status, TestRecord
from harness.report.bite import Bite, bite
from harness.report.budget import Budget, Shown
from harness.report.cards import Card, cards_of
from harness.report.chart import Chart, chart
from harness.report.evidence import Evidence, Piece
from harness.report.marks import marks
from harness.report.payload import Payload, payload
from harness.report.sections import FINAL, tally
from harness.report.shape import Cluster, View, ViewCheck, ViewOverride, ViewPhase, ViewReason
from harness.report.text import both_ends, clip, plural, seconds, size

if TYPE_CHECKING:
    from jinja2 import BytecodeCache

_REASONS_SHOWN = 8
_REASONS = 200
_CARDS = 60
_LISTED_CARDS = 300
_ROWS = 250
_CLUSTERS = 12
_CHANGES = 60
_UNANSWERED = 300
_OVERRIDES = 500
_ROW_OUTPUT, _ROW_OUTPUTS = 1_500, 60_000
_ROW_TESTS, _ALL_TESTS = 200, 2_000


class Row(Record, frozen=True, omit_defaults=False):
    """A check in its phase's table; `carded` when its evidence stands in a card above.

    `passed` holds the ids of passed tests, one a line: as one text, ten thousand cost little.
    """

    check: ViewCheck
    carded: bool
    passed: str = ""
    skipped: tuple[TestRecord, ...] = ()
    more_tests: int = 0
    output: Shown = Shown()
    attached: tuple[Piece, ...] = ()


class PhaseRows(Record, frozen=True):
    """A phase and its rows; `more` of its checks are in the list of results alone."""

    phase: ViewPhase
    rows: tuple[Row, ...]
    more: int


class Page(Record, frozen=True):
    """Everything the template reads, beside the view itself."""

    reasons: tuple[ViewReason, ...]
    more_reasons: tuple[ViewReason, ...]
    hidden_reasons: int
    cards: tuple[Card, ...]
    hidden_cards: tuple[ViewCheck, ...]
    unanswered: tuple[ViewCheck, ...]
    hidden_unanswered: int
    overrides: tuple[tuple[ViewCheck, ViewOverride], ...]
    hidden_overrides: int
    phases: tuple[PhaseRows, ...]
    chart: Chart
    results: Payload
    anchors: frozenset[str]
    clusters: tuple[Cluster, ...]
    hidden_clusters: int
    changes: tuple[Changed, ...]
    hidden_changes: int
    bite: Bite
    anchor_of: dict[str, str]


def lay_out(view: View, files: Mapping[str, bytes]) -> Page:
    """Choose what the page inlines; `files` are attachments by path."""
    checks = view.checks()
    attention = [checks[name] for name in view.attention]
    reasons = view.verdict.reasons
    evidence = Evidence(view, files)
    cards = cards_of(attention[:_CARDS], evidence)
    carded = {card.check.id for card in cards}
    timeline = chart(view)
    standing = _standing(view, timeline)
    anchors = frozenset(checks[name].anchor for name in standing)
    changes = view.comparison.changes if view.comparison else ()
    overridden = view.overrides()
    return Page(
        reasons=reasons[:_REASONS_SHOWN],
        more_reasons=reasons[_REASONS_SHOWN:_REASONS],
        hidden_reasons=max(0, len(reasons) - _REASONS),
        cards=cards,
        hidden_cards=tuple(attention[_CARDS:]),
        unanswered=tuple(checks[name] for name in view.unanswered[:_UNANSWERED]),
        hidden_unanswered=max(0, len(view.unanswered) - _UNANSWERED),
        overrides=overridden[:_OVERRIDES],
        hidden_overrides=max(0, len(overridden) - _OVERRIDES),
        phases=tuple(_phases(view, carded, standing, evidence)),
        chart=timeline,
        results=payload(view, anchors),
        anchors=anchors,
        clusters=view.clusters[:_CLUSTERS],
        hidden_clusters=max(0, len(view.clusters) - _CLUSTERS),
        changes=changes[:_CHANGES],
        hidden_changes=_all_changes(view) - len(changes[:_CHANGES]),
        bite=bite(view),
        anchor_of={check.id: check.anchor for check in checks.values() if check.anchor in anchors},
    )


def _all_changes(view: View) -> int:
    if view.comparison is None:
        return 0
    return max(sum(view.comparison.counts.values()), len(view.comparison.changes))


def _standing(view: View, timeline: Chart) -> set[str]:
    """The checks with a row on the page: those that something links to, then the first ones.

    The rest stands in the list of results and in report.json.
    """
    checks = view.checks()
    by_anchor = {check.anchor: check.id for check in checks.values()}
    overridden = [check.id for check, _ in view.overrides()]
    linked = {
        *view.attention[: _CARDS + _LISTED_CARDS],
        *view.unanswered[:_UNANSWERED],
        *overridden[:_OVERRIDES],
        *(by_anchor[reason.anchor] for reason in view.verdict.reasons[:_REASONS] if reason.anchor),
        *(by_anchor[row.anchor] for row in timeline.rows if row.anchor in by_anchor),
        *(by_anchor[table.anchor] for table in view.versions),
    }
    for name in checks:
        if len(linked) >= _ROWS:
            break
        linked.add(name)
    return linked


def _phases(
    view: View, carded: set[str], standing: set[str], evidence: Evidence
) -> Iterator[PhaseRows]:
    budget, tests_left = Budget(_ROW_OUTPUTS), _ALL_TESTS
    for phase in view.phases:
        rows = []
        for check in phase.checks:
            if check.id not in standing:
                continue
            if check.id in carded:
                rows.append(Row(check=check, carded=True))
                continue
            room = min(_ROW_TESTS, tests_left)
            tests = check.records[:room]
            tests_left -= len(tests)
            rows.append(
                Row(
                    check=check,
                    carded=False,
                    passed="\n".join(
                        clip(test.id, 240) for test in tests if test.status is Status.PASSED
                    ),
                    skipped=tuple(test for test in tests if test.status is not Status.PASSED),
                    more_tests=len(check.records) - len(tests),
                    output=budget.show(check.output, _ROW_OUTPUT),
                    attached=evidence.of_check(check),
                )
            )
        yield PhaseRows(phase=phase, rows=tuple(rows), more=len(phase.checks) - len(rows))


def render(
    view: View,
    templates: Mapping[str, str],
    files: Mapping[str, bytes],
    bytecode_cache: BytecodeCache | None = None,
) -> str:
    """The page as text; `files` holds attachments by path, as `evidence.wanted` names them.

    Raises `jinja2.TemplateError` when the templates do not fit the view.
    """
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        loader=jinja2.DictLoader(templates),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=bytecode_cache,
        auto_reload=False,
        optimized=False,  # folding constants costs more than it saves a page rendered once
    )
    environment.filters.update(
        seconds=seconds,
        size=size,
        plural=plural,
        clip=clip,
        moment=_moment,
        value=_value,
        ends=both_ends,
        marks=marks,
        tally=tally,
        final=FINAL.__getitem__,
    )
    page = lay_out(view, files)
    style, script = templates["report.css"], templates["report.js"]
    return environment.get_template("report.html.j2").render(
        view=view,
        page=page,
        # Ours, not a program's: the only text that enters the page unescaped.
        style=Markup(style),  # noqa: S704
        script=Markup(script),  # noqa: S704
        data=Markup(page.results.text),  # noqa: S704 - base64, or JSON without a `<`
        policy=(
            f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}';"
            " img-src data:; base-uri 'none'; form-action 'none'"
        ),
    )


def _digest(text: str) -> str:
    """The source expression that allows exactly this inline text (CSP Level 3, section 2.3.1)."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _moment(iso: str) -> str:
    """`2026-11-23T07:41:51.5Z` as `2026-11-23 07:41:51 UTC`; any other text as it is."""
    day, mark, rest = iso.partition("T")
    clock = rest.removesuffix("Z").removesuffix("+00:00")
    utc = rest != clock
    return f"{day} {clock.partition('.')[0]} UTC" if mark and utc else iso


def _value(value: Any) -> str:
    """A metric as one line: numbers grouped, containers by their size."""
    match value:
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.4g}"
        case list():
            return plural(len(value), "entry", "entries")
        case dict():
            return ", ".join(f"{key} {_value(item)}" for key, item in value.items())
        case _:
            return clip(str(value), 400)
