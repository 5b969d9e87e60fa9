"""How `history` shows its rows to a person; what is in them is `history`'s to find."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

import click

from harness.cli.display import duration_text
from harness.cli.table import Column, can_print, print_table, shortened, width
from harness.compare import spread

if TYPE_CHECKING:
    from harness.compare import Flips, Regression, Slow

_MARK = {
    "passed": ".",
    "failed": "F",
    "flaky": "~",
    "errored": "E",
    "precluded": "-",
    "skipped": "s",
}
_COLOURS = {
    "passed": "green",
    "failed": "red",
    "flaky": "yellow",
    "errored": "magenta",
    "APPROVED": "green",
    "BLOCKED": "red",
    "INCOMPLETE": "yellow",
}
_BAR = 16
_HOW = 10  # a signal's name or that it was killed; whole sentences stand in the report
NOTHING = {
    "runs": "no run yet; `release-manager verify` writes the first",
    "flakiest": "nothing ended differently from one run to the next",
    "slowest": "nothing was executed and passed yet",
    "regressions": "nothing got slower for good; to say so takes eight executed passes",
}


def _painted(text: str) -> str:
    colour = _COLOURS.get(text.strip())
    return click.style(text, fg=colour) if colour else text


def _runs(rows: Sequence[Mapping[str, Any]]) -> None:
    """A line for each run; what is the same in all of them is left out."""
    columns = [
        Column(head="run"),
        Column(head="verdict", paint=_painted),
        Column(head="took", right=True),
        Column(head="checks"),
    ]
    cells = [
        [row["run"], row["conclusion"], duration_text(row["seconds"]), _ended(row)] for row in rows
    ]
    wanted = (("profile", 0, True), ("commit", 8, False), ("selection", 0, True))
    for name, most, only_if_they_differ in wanted:
        values = [row[name][:most] if most else row[name] for row in rows]
        if len(set(values)) > 1 if only_if_they_differ else any(values):
            columns.append(Column(head=name, flexible=name == "selection", spare=name == "commit"))
            for line, value in zip(cells, values, strict=True):
                line.append(value)
    print_table(columns, cells)


def _ended(row: Mapping[str, Any]) -> str:
    """`19 passed`, `2 of 19 failed`, `1 of 19 flaky`, `7 of 19, killed`."""
    counts = {str(status): count for status, count in row["checks"].items()}
    whole = sum(counts.values())
    passed = counts.get("passed", 0)
    if row["interrupted"]:
        how = row["interrupted"]
        return f"{passed:,} of {whole:,}, {how if len(how) <= _HOW else 'cut short'}"
    if bad := counts.get("failed", 0) + counts.get("errored", 0):
        return f"{bad:,} of {whole:,} failed"
    if flaky := counts.get("flaky", 0):
        return f"{flaky:,} of {whole:,} flaky"
    return f"{passed:,} passed" if passed == whole else f"{passed:,} of {whole:,} passed"


def _line(rows: Sequence[Mapping[str, Any]]) -> None:
    """The marks in one line, what they come to, and each end with its duration."""
    counts = Counter(row["status"] for row in rows)
    took = [row["seconds"] for row in rows if row["seconds"] is not None]
    name = rows[0]["test"] or rows[0]["check"]
    marks = "".join(_MARK[row["status"]] for row in reversed(rows))
    room = width()
    label = "  newest last"
    click.echo(name if room is None else shortened(name, room))
    click.echo(marks[-(room - len(label)) :] + label if room else marks + label)
    said = ", ".join(f"{count:,} {status}" for status, count in counts.most_common())
    if took:
        said += f"; takes {duration_text(median(took))}"
        said += f" (spread {duration_text(spread(took))}, longest {duration_text(max(took))})"
    click.echo(f"{said}\n")
    longest = max(took, default=0.0)
    columns = [
        Column(head="run"),
        Column(head="ended", paint=_painted),
        Column(head="took", right=True),
        Column(head="", spare=True),
    ]
    cells = [
        [
            row["run"],
            row["status"],
            "reused" if row["reused"] else _duration(row["seconds"]),
            _bar(row["seconds"], longest),
        ]
        for row in rows
    ]
    # A test's name alone may be that of several checks.
    for key, most in (("check", None), ("commit", 8)):
        values = [row[key][:most] for row in rows]
        if len(set(values)) > 1 if key == "check" else any(values):
            columns.append(Column(head=key, flexible=key == "check"))
            for line, value in zip(cells, values, strict=True):
                line.append(value)
    print_table(columns, cells)


def _names(rows: Sequence[Flips | Slow | Regression]) -> tuple[Column, list[str]]:
    """The column that names what is ranked; tests stand with the end of their check's id."""
    if not any(one.test for one in rows):
        return Column(head="check", flexible=True), [one.check for one in rows]
    if len({one.check for one in rows}) == 1:
        return Column(head=f"test of {rows[0].check}", flexible=True), [one.test for one in rows]
    names = [f"{one.check.rpartition('/')[2]}  {one.test}" for one in rows]
    return Column(head="check, test", flexible=True), names


def _flakiest(rows: Sequence[Flips]) -> None:
    column, names = _names(rows)
    columns = [
        column,
        Column(head="flips", right=True),
        Column(head="runs", right=True),
        Column(head="share", right=True),
        Column(head="last ends, newest last"),
    ]
    cells = [
        [
            name,
            f"{one.flips:,}",
            f"{one.runs:,}",
            f"{one.share:.0%}",
            "".join(_MARK[status.value] for status in one.last),
        ]
        for name, one in zip(names, rows, strict=True)
    ]
    print_table(columns, cells)


def _slowest(rows: Sequence[Slow]) -> None:
    column, names = _names(rows)
    columns = [
        column,
        Column(head="takes", right=True),
        Column(head="share", right=True),
        Column(head="", spare=True),
        Column(head="longest", right=True),
        Column(head="runs", right=True),
    ]
    longest = max(one.seconds for one in rows)
    cells = [
        [
            name,
            duration_text(one.seconds),
            f"{one.share:.0%}",
            _bar(one.seconds, longest),
            duration_text(one.longest),
            f"{one.runs:,}",
        ]
        for name, one in zip(names, rows, strict=True)
    ]
    print_table(columns, cells)


def _regressions(rows: Sequence[Regression]) -> None:
    column, names = _names(rows)
    columns = [
        column,
        Column(head="before", right=True),
        Column(head="spread", right=True),
        Column(head="now", right=True),
        Column(head="slower", right=True, paint=lambda text: click.style(text, fg="red")),
        Column(head="runs"),
    ]
    cells = [
        [
            name,
            duration_text(one.before),
            duration_text(one.spread),
            duration_text(one.now),
            f"+{(one.now - one.before) / one.before:.0%}" if one.before else "",
            f"last {one.recent_runs} against {one.earlier_runs}",
        ]
        for name, one in zip(names, rows, strict=True)
    ]
    print_table(columns, cells)


def _duration(seconds: float | None) -> str:
    return "" if seconds is None else duration_text(seconds)


def _bar(seconds: float | None, longest: float) -> str:
    """How long among the others, to see at a glance; in ASCII where there is nothing else."""
    if seconds is None or longest <= 0:
        return ""
    return ("▇" if can_print("▇") else "#") * max(1, round(_BAR * seconds / longest))


SHOW: dict[str, Callable[[Any], None]] = {
    "runs": _runs,
    "line": _line,
    "flakiest": _flakiest,
    "slowest": _slowest,
    "regressions": _regressions,
}
