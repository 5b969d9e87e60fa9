"""What a person (or a program) sees while a run goes on: live lines, plain lines, or JSON."""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

import click

from harness.model.event import (
    CheckFinished,
    CheckPrecluded,
    CheckStarted,
    Event,
    Noted,
    RunInterrupted,
    RunResumed,
    RunStarted,
    ServiceStopped,
    encode,
)
from harness.model.plan import Decision, Plan
from harness.model.result import Status

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live

_COLOURS = {
    Status.PASSED: "green",
    Status.FAILED: "red",
    Status.FLAKY: "yellow",
    Status.ERRORED: "magenta",
    Status.PRECLUDED: "bright_black",
    Status.SKIPPED: "bright_black",
}
_TAIL_LINES = 15


class Display(Protocol):
    """An event sink that is opened before a run and closed after it, however it ends."""

    def emit(self, event: Event) -> None:
        """Show one event."""
        ...

    def __enter__(self) -> Self:
        """Begin to show."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the terminal as it was."""
        ...


def make_display(
    plan: Plan,
    *,
    as_json: bool,
    plain: bool,
    jobs: int | None = None,
    ended: frozenset[str] = frozenset(),
) -> Display:
    """The display for where output goes: JSON on demand, live on a terminal, else plain lines.

    `ended` are the checks that had ended before a cut-short run went on.
    """
    if as_json:
        return JsonDisplay()
    if plain or not sys.stderr.isatty() or os.environ.get("CI") or os.environ.get("TERM") == "dumb":
        return PlainDisplay(plan, ended=len(ended))
    return LiveDisplay(plan, jobs=jobs, ended=ended)


class _Base:
    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None


class JsonDisplay(_Base):
    """Every event as one line of JSON on standard output, as the journal has it."""

    def emit(self, event: Event) -> None:
        """Print one event and flush, so that a reader sees it when it happens."""
        sys.stdout.write(encode(event).decode() + "\n")
        sys.stdout.flush()


def plural(count: int, word: str) -> str:
    """`1 check`, `2 checks`."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _left_text(seconds: float) -> str:
    """An estimate in the whole seconds it is good for, at most: `3 s`, `2 min 5 s`."""
    whole = max(1, round(seconds))
    return f"{whole} s" if whole < 60 else duration_text(whole)


def clock_text(seconds: float) -> str:
    """`m:ss`, or `h:mm:ss` from an hour on."""
    whole = int(seconds)
    if whole >= 3600:
        return f"{whole // 3600}:{whole % 3600 // 60:02}:{whole % 60:02}"
    return f"{whole // 60}:{whole % 60:02}"


def duration_text(seconds: float) -> str:
    """A duration with the precision that matters: `12 ms`, `3.4 s`, `2 min 5 s`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60} s"


def _tests_text(event: CheckFinished) -> str:
    tests = event.outcome.tests
    if not tests:
        return ""
    passed = sum(test.status is Status.PASSED for test in tests)
    return f", {passed} of {len(tests)} tests passed"


def _is_first(event: CheckFinished | CheckPrecluded) -> bool:
    """Whether it is the first end of its check: a further attempt is no further check."""
    return isinstance(event, CheckPrecluded) or event.attempt == 1


def _result_line(event: CheckFinished, *, colour: bool) -> str:
    status = event.outcome.status
    if event.reused_from:
        word = f"{'reused':>9}"
        if colour:
            word = click.style(word, fg="green", dim=True)
        return f"{word}  {event.check}  (passed in {event.reused_from}{_tests_text(event)})"
    word = f"{status.value:>9}"
    if colour:
        word = click.style(word, fg=_COLOURS[status], bold=status is not Status.PASSED)
    took = duration_text(max(0.0, event.at - event.started))
    again = f", attempt {event.attempt}" if event.attempt > 1 else ""
    return f"{word}  {event.check}  ({took}{_tests_text(event)}{again})"


def _failure_lines(event: CheckFinished) -> list[str]:
    """Why a check did not pass: message, findings, failing tests, else the end of the output."""
    outcome = event.outcome
    lines = [outcome.message] if outcome.message else []
    for finding in outcome.findings[:10]:
        place = ":".join(str(part) for part in (finding.file, finding.line, finding.column) if part)
        lines.append(f"{place}: {finding.message}" if place else finding.message)
    failed = [test for test in outcome.tests if test.status in {Status.FAILED, Status.ERRORED}]
    for test in failed[:10]:
        first = test.message.strip().splitlines()[:1]
        lines.append(f"{test.id}: {first[0]}" if first else test.id)
    if not outcome.findings and not failed:
        said = event.output.text.rstrip().splitlines()[-_TAIL_LINES:]
        if len(said) != 1 or said[0] not in outcome.message:
            lines.extend(said)
    return [f"           | {line}" for text in lines for line in text.splitlines()]


def _event_lines(event: Event, *, colour: bool) -> list[str]:
    """What every text display prints for an event; nothing for the uneventful ones."""
    match event:
        case CheckFinished():
            lines = [_result_line(event, colour=colour)]
            if event.outcome.status is not Status.PASSED:
                lines.extend(_failure_lines(event))
            lines.extend(f"           | leaked process: {name}" for name in event.leaked)
            return lines
        case CheckPrecluded():
            return [f"precluded  {event.check}  ({event.reason})"]
        case ServiceStopped(expected=False):
            first, *rest = event.reason.splitlines() or [""]
            return [
                f"  service  {event.service}  ({first})",
                *(f"           | {one}" for one in rest),
            ]
        case RunInterrupted():
            return [f"   ended   {event.reason}"]
        case Noted():
            return [f"     note  {event.text}"]
        case _:
            return []


class PlainDisplay(_Base):
    """One line per happening on standard error, with the time since the run began."""

    def __init__(self, plan: Plan, *, ended: int = 0) -> None:
        """Show a run of `plan`, of which so many checks had ended before."""
        self._total = sum(check.decision is not Decision.SKIP for check in plan.checks)
        self._reused = sum(check.decision is Decision.REUSE for check in plan.checks)
        self._skipped = len(plan.checks) - self._total
        # A passed check among thousands is not worth a line each; failures always are.
        self._quiet = self._total > 500
        self._done = ended

    def emit(self, event: Event) -> None:
        """Print what is worth a line."""
        if isinstance(event, RunStarted):
            parts = [f"{plural(self._total - self._reused, 'check')} to run"]
            parts += [f"{self._reused:,} reused"] if self._reused else []
            parts += [f"{self._skipped:,} skipped by the plan"] if self._skipped else []
            click.echo(f"[0:00] {', '.join(parts)}", err=True)
        if isinstance(event, RunResumed):
            text = f"  goes on  {self._done:,} of {plural(self._total, 'check')} had ended"
            click.echo(f"[{clock_text(event.at)}] {text}", err=True)
        if isinstance(event, CheckFinished | CheckPrecluded):
            self._done += _is_first(event)
            if self._quiet and self._passed(event) and self._done % 500:
                return
        for number, line in enumerate(_event_lines(event, colour=False)):
            stamp = f"[{clock_text(event.at)}] " if number == 0 else ""
            count = (
                f"  [{self._done}/{self._total}]"
                if number == 0 and isinstance(event, CheckFinished | CheckPrecluded)
                else ""
            )
            click.echo(f"{stamp}{line}{count}", err=True)

    @staticmethod
    def _passed(event: Event) -> bool:
        return isinstance(event, CheckFinished) and event.outcome.status is Status.PASSED


class LiveDisplay(_Base):
    """Finished checks scroll by; below them, what runs now, for how long, and what is left."""

    def __init__(
        self, plan: Plan, *, jobs: int | None = None, ended: frozenset[str] = frozenset()
    ) -> None:
        """Show a run of `plan` on so many cores, of which some checks had `ended` before."""
        from harness.plan.estimate import Estimate

        self._total = sum(check.decision is not Decision.SKIP for check in plan.checks)
        self._done = self._before = len(ended)
        self._passed = len(ended)
        self._estimate = Estimate(plan, cpus=jobs or plan.host.cpus or 1, ended=ended)
        self._began = 0.0
        self._running: dict[str, float] = {}
        self._console: Console
        self._live: Live
        self._zero = 0.0

    def __enter__(self) -> Self:
        """Take over the bottom of the terminal."""
        import time

        from rich.console import Console
        from rich.live import Live

        self._zero = time.monotonic()
        self._console = Console(stderr=True, highlight=False)
        self._live = Live(
            console=self._console,
            refresh_per_second=5,
            transient=True,
            get_renderable=self._render,
        )
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the terminal back."""
        self._live.stop()

    def emit(self, event: Event) -> None:
        """Scroll a line, or change what stands at the bottom."""
        from rich.text import Text

        match event:
            case RunResumed():
                self._zero -= event.at
                self._began = event.at
                text = f"{self._done:,} of {plural(self._total, 'check')} had ended"
                self._console.print(f"  goes on  {text}")
            case CheckStarted():
                self._running[event.check] = event.at
                self._estimate.started(event.check, event.at)
            case CheckFinished() | CheckPrecluded():
                self._running.pop(event.check, None)
                self._estimate.ended(event.check)
                self._done += _is_first(event)
                if isinstance(event, CheckFinished) and _is_first(event):
                    self._passed += event.outcome.status is Status.PASSED
            case _:
                pass
        for line in _event_lines(event, colour=True):
            self._console.print(Text.from_ansi(line), soft_wrap=True)

    def _render(self) -> RenderableType:
        import time

        from rich.text import Text

        now = time.monotonic() - self._zero
        trouble = self._done - self._passed
        text = Text()
        text.append(f"\n  {clock_text(now)}", style="bold")
        text.append(f"   {self._done} of {self._total} done")
        if trouble:
            text.append(f", {trouble} not passed", style="red")
        remaining = self._remaining(now)
        if remaining:
            text.append(f"   about {_left_text(remaining)} left", style="bright_black")
        running = list(self._running.items())  # a copy: this runs in the refresher's thread
        for check, start in sorted(running, key=lambda item: item[1])[:8]:
            text.append(f"\n  {clock_text(max(0.0, now - start)):>7}  ", style="cyan")
            text.append(check)
        if len(running) > 8:
            text.append(f"\n           and {len(running) - 8} more")
        return text

    def _remaining(self, now: float) -> float:
        """Seconds left by what checks took before, else by this run's own pace; 0 when unknown."""
        if self._estimate.is_known:
            return self._estimate.remaining(now)
        if self._done == self._before:
            return 0.0
        pace = (now - self._began) / (self._done - self._before)
        return pace * (self._total - self._done)
