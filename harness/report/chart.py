"""The timeline as geometry: percentages across, pixels down, so that it scales without a script."""

from __future__ import annotations

from harness.model.base import Record
from harness.model.result import Status
from harness.report.shape import View
from harness.report.text import seconds

_LANE = 24
_BAR = 18
_AXIS = 26
_MOST_BARS = 300
_MOST_LANES = 40
_THINNEST = 0.3  # per cent of the width; thinner could not be seen
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)


class Bar(Record, frozen=True):
    """One bar: `x` and `width` in per cent of the chart, `y` in pixels."""

    x: float
    width: float
    y: int
    label: str
    tip: str
    status: Status | None = None
    critical: bool = False
    anchor: str = ""


class Tick(Record, frozen=True):
    """One mark of the time axis."""

    x: float
    label: str


class ChartRow(Record, frozen=True, omit_defaults=False):
    """The same as a line of the accessible table."""

    title: str
    anchor: str
    what: str
    start: float
    duration: float
    critical: bool


class Chart(Record, frozen=True, omit_defaults=False):
    """What the template draws; `services` stand above `bars`, in lanes of their own."""

    height: int
    bar: int
    split: int
    ticks: tuple[Tick, ...]
    services: tuple[Bar, ...]
    bars: tuple[Bar, ...]
    rows: tuple[ChartRow, ...]
    left_off: int
    critical: tuple[str, ...]
    critical_seconds: float


def chart(view: View) -> Chart:
    """The chart of the longest checks, at most `_MOST_BARS` of them, and of every service."""
    whole = max(view.run.duration, 0.001)
    checks = view.checks()
    drawn = [span for span in view.timeline.spans if span.lane < _MOST_LANES]
    if len(drawn) > _MOST_BARS:
        drawn = sorted(drawn, key=lambda span: (span.start - span.end, span.check))[:_MOST_BARS]
        drawn.sort(key=lambda span: (span.start, span.lane))
    services, rows = [], []
    top = 0
    for service in view.services:
        end = view.run.duration if service.stopped is None else service.stopped
        x, width = _place(service.started, end, whole)
        tip = f"service {service.name}: {service.state}"
        services.append(Bar(x=x, width=width, y=top, label=service.name, tip=tip))
        rows.append(
            ChartRow(
                title=f"Service {service.name}",
                anchor="services",
                what=service.state,
                start=service.started,
                duration=end - service.started,
                critical=False,
            )
        )
        top += _LANE
    split = top + (8 if services else 0)
    bars = []
    for span in drawn:
        check = checks[span.check]
        x, width = _place(span.start, span.end, whole)
        took = span.end - span.start
        bars.append(
            Bar(
                x=x,
                width=width,
                y=split + span.lane * _LANE,
                label=check.id,
                tip=f"{check.title} ({check.id}): {span.status.value}, {seconds(took)}",
                status=span.status,
                critical=span.critical,
                anchor=check.anchor,
            )
        )
        rows.append(
            ChartRow(
                title=check.title,
                anchor=check.anchor,
                what=span.status.value,
                start=span.start,
                duration=took,
                critical=span.critical,
            )
        )
    lanes = min(view.timeline.lanes, _MOST_LANES)
    return Chart(
        height=split + lanes * _LANE + _AXIS,
        bar=_BAR,
        split=split,
        ticks=_ticks(whole),
        services=tuple(services),
        bars=tuple(bars),
        rows=tuple(rows),
        left_off=len(view.timeline.spans) - len(drawn),
        critical=tuple(checks[name].title for name in view.timeline.critical),
        critical_seconds=view.timeline.critical_seconds,
    )


def _place(start: float, end: float, whole: float) -> tuple[float, float]:
    x = min(100 * start / whole, 100 - _THINNEST)
    return round(x, 3), round(max(100 * (end - start) / whole, _THINNEST), 3)


def _ticks(whole: float) -> tuple[Tick, ...]:
    """At most eight marks at a step people count in."""
    step = next((step for step in _STEPS if whole / step <= 8), whole / 4)
    marks = int(whole / step)
    return tuple(
        Tick(
            x=round(100 * number * step / whole, 3), label=seconds(number * step) if number else "0"
        )
        for number in range(marks + 1)
        if number * step <= whole * 0.97
    )
