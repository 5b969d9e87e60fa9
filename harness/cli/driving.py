"""What a run that begins and one that goes on have in common."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from harness.cli.seed import seed_environment

if TYPE_CHECKING:
    from harness.cli.workspace import Workspace
    from harness.model.event import CheckFinished, Event
    from harness.model.plan import Plan
    from harness.model.ports import EventSink
    from harness.model.trace import Trace
    from harness.plan.ready import Ended
    from harness.record.folder import RunFolder
    from harness.run.kinds.registry import KindRegistry
    from harness.run.stop import Stop


class RunClock:
    """Seconds since the run began; never goes back."""

    def __init__(self, at: float = 0.0) -> None:
        """Begin now, or go on at the time of a cut-short run's last event, in seconds."""
        self._zero = time.monotonic() - at

    def monotonic(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._zero


class Tee:
    """Hands each event to the journal, which must keep it, and then to the display."""

    def __init__(self, journal: EventSink, display: EventSink) -> None:
        """Name both."""
        self._journal = journal
        self._display = display
        self._watched = True

    def emit(self, event: Event) -> None:
        """Keep the event, then show it. Raises `OSError` when it could not be kept."""
        self._journal.emit(event)
        if self._watched:
            try:
                self._display.emit(event)
            except OSError:
                # Nobody looks any more (`| head`), or what is shown goes to a full disk; the run
                # goes on, and its record is kept.
                self._watched = False


def drive(
    workspace: Workspace,
    plan: Plan,
    folder: RunFolder,
    *,
    sink: EventSink,
    clock: RunClock,
    kinds: KindRegistry,
    jobs: int | None,
    stop: Stop,
    trace: Trace | None,
    reused: Mapping[str, CheckFinished] | None = None,
    ended: Mapping[str, Ended] | None = None,
    begun: Mapping[str, Sequence[CheckFinished]] | None = None,
) -> None:
    """Run a plan in its run folder, with this process's environment and the plan's seed.

    `trace` is what spans of the run belong to, None when nothing is exported; the rest is
    `run_plan`'s. Raises `OSError` when an event could not be kept.
    """
    from harness.model.trace import SpanIds
    from harness.run.dispatch import run_plan

    run_plan(
        plan,
        root=workspace.root,
        folder=folder.path,
        sink=sink,
        clock=clock,
        kinds=kinds,
        jobs=jobs,
        environ={**os.environ, **seed_environment(plan.seed)},
        stop=stop,
        reused=reused,
        ended=ended,
        begun=begun,
        spans=SpanIds(folder.run_id, trace) if trace else None,
    )
