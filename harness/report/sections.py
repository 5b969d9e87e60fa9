"""The parts of the view that gather many results: phases, services, versions, counts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from harness.model.result import Failure, Status
from harness.model.run import Run, ServiceRecord
from harness.report.clean import output
from harness.report.shape import (
    StatusCounts,
    VersionRow,
    VersionTable,
    ViewCheck,
    ViewPhase,
    ViewService,
)
from harness.report.text import plain

FINAL = {
    Failure.CRASH: "crash",
    Failure.SANITIZER: "sanitizer report",
    Failure.RACE: "data race",
    Failure.LEAK: "memory leak",
    Failure.TIMEOUT: "deadline passed",
}
"""What to call a failure that no retry can make good."""
GRAVITY = (
    Status.FAILED,
    Status.ERRORED,
    Status.FLAKY,
    Status.PRECLUDED,
    Status.SKIPPED,
    Status.PASSED,
)
"""Statuses, gravest first, as a reader wants them."""


def count(statuses: Iterable[Status]) -> StatusCounts:
    """How many ended in each status."""
    counts = Counter(statuses)
    return StatusCounts(**{status.value: number for status, number in counts.items()})


def tally(counts: StatusCounts) -> str:
    """`2 failed, 9 passed`, gravest first; `none` when nothing was counted."""
    named = ((status.value, getattr(counts, status.value)) for status in GRAVITY)
    return ", ".join(f"{number:,} {word}" for word, number in named if number) or "none"


def phases(run: Run, checks: list[ViewCheck]) -> tuple[ViewPhase, ...]:
    """Phases as planned; checks of a phase the plan does not describe still get one."""
    members: dict[str, list[ViewCheck]] = {phase.id: [] for phase in run.header.plan.phases}
    for check in checks:
        members.setdefault(check.phase, []).append(check)
    known = {phase.id: phase for phase in run.header.plan.phases}
    deselected = Counter(check.partition("/")[0] for check in run.header.plan.deselected)
    phases = []
    for name, inside in members.items():
        phase = known.get(name)
        times = [
            (c.start, c.start + c.duration) for c in inside if c.start is not None and c.duration
        ]
        phases.append(
            ViewPhase(
                id=plain(name),
                anchor="phase-" + re.sub(r"[^A-Za-z0-9._]+", "-", name).strip("-"),
                title=plain(phase.title) if phase else plain(name),
                about=plain(phase.about) if phase else "",
                counts=count(check.status for check in inside),
                duration=max(e for _, e in times) - min(s for s, _ in times) if times else 0.0,
                checks=tuple(inside),
                deselected=deselected[name],
            )
        )
    return tuple(phases)


def service(run: Run, record: ServiceRecord) -> ViewService:
    """What became of a service, its state in plain words."""
    planned = run.header.plan.services.get(record.name)
    if record.ready is None:
        state = "never ready"
    elif not record.expected:
        state = "ended by itself"
    elif record.stopped is None:
        state = "no end recorded"
    else:
        state = "served, then stopped"
    return ViewService(
        name=plain(record.name),
        title=plain(planned.title) if planned else plain(record.name),
        state=state,
        expected=record.expected,
        command=plain(record.command),
        ports=record.ports,
        started=record.started,
        ready=record.ready,
        stopped=record.stopped,
        reason=plain(record.reason),
        output=output(record.output),
    )


def versions(checks: Iterable[ViewCheck]) -> tuple[VersionTable, ...]:
    """A table for every check whose metrics hold `rows` of places that state a version.

    A place that several checks compared stands once, in the table of the first one, unless a later
    check read something else there.
    """
    tables = []
    told: set[VersionRow] = set()
    for check in checks:
        rows = check.metrics.get("rows")
        if check.kind != "versions" or not isinstance(rows, list):
            continue
        read = [_version_row(row) for row in rows if isinstance(row, Mapping)]
        fresh = tuple(row for row in read if row not in told)
        told.update(fresh)
        if fresh:
            tables.append(VersionTable(check=check.id, anchor=check.anchor, rows=fresh))
    return tuple(tables)


def _version_row(row: Mapping[str, object]) -> VersionRow:
    return VersionRow(
        name=str(row.get("name", "")),
        where=str(row.get("where", "")),
        declared=str(row.get("declared", "")),
        found=str(row.get("found", "")),
        # A row that does not say it agrees does not.
        ok=row.get("ok") is True,
        message=str(row.get("message", "")),
    )
