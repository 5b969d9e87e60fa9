"""`verify --resume`: a run that was cut short goes on in its own folder and journal."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import msgspec

from harness import __version__
from harness.cli.memory import Remembering
from harness.errors import UsageError
from harness.model.event import CheckFinished, CheckStarted, Event, RunResumed, RunStarted
from harness.model.plan import Decision
from harness.model.run import Run, fold
from harness.plan.ready import Ended
from harness.run.work import WORK, folder_name

if TYPE_CHECKING:
    from harness.cli.workspace import Workspace
    from harness.model.plan import Host, Plan
    from harness.model.ports import EventSink
    from harness.record.folder import RunFolder
    from harness.run.stop import Stop

_AFRESH = "begin another run with `release-manager verify`"


def resumable(folder: RunFolder, events: tuple[Event, ...]) -> Run:
    """The run to go on with. Raises `UsageError` when it came to its end."""
    if not isinstance(events[0], RunStarted):
        raise UsageError(f"{folder.journal}: does not begin a run", next_step=_AFRESH)
    run = fold(events)
    if run.finished and not run.interrupted:
        raise UsageError(
            f"run {folder.run_id} is finished; there is nothing left of it to run",
            next_step=_AFRESH,
        )
    return run


def with_secrets(workspace: Workspace, recorded: Plan) -> Plan:
    """The recorded plan with what was masked in it, from the definitions as they are now."""
    from harness.plan.selection import Selection
    from harness.run.masking import restored

    return restored(
        recorded,
        lambda: workspace.plan(
            workspace.definitions(workspace.kinds()),
            selection=Selection(),
            profile=recorded.profile_name,
            flags=recorded.host.flags,
            event=recorded.host.event,
        ),
    )


def refuse_changes(workspace: Workspace, run: Run) -> Plan:
    """The plan to go on with, nothing in it masked.

    Raises `UsageError` naming what differs from when the run began, if anything does.
    """
    from harness.cli.reusing import keys_now

    before = run.header
    now, then = workspace.source(), before.source
    host = workspace.host(
        before.plan.host.capabilities, flags=before.plan.host.flags, event=before.plan.host.event
    )
    changed = [
        name
        for name, same in (
            ("the release manager's version", before.harness_version == __version__),
            ("the commit", then.get("commit") == now.get("commit")),
            ("files under version control", then.get("modified") == now.get("modified")),
            ("the definitions", then.get("definitions") == now.get("definitions")),
            ("the host", _machine(before.plan.host) == _machine(host)),
        )
        if not same
    ]
    plan = before.plan
    if then.get("definitions") == now.get("definitions"):
        plan = with_secrets(workspace, plan)
    keys = keys_now(workspace, plan)
    changed += [
        f"what {check.id} depends on"
        for check in before.plan.checks
        if check.key and keys[check.id].key != check.key
    ][:5]
    if changed:
        raise UsageError(
            f"run {before.run_id} cannot go on, something changed since it began:"
            f" {', '.join(changed)}",
            next_step=_AFRESH,
        )
    return plan


def _machine(host: Host) -> tuple[object, ...]:
    present = {name: (one.present, one.version) for name, one in host.capabilities.items()}
    return host.system, host.machine, host.cpus, present


class _LaterClock:
    """Goes on counting where the run's last event stands."""

    def __init__(self, offset: float) -> None:
        self._zero = time.monotonic() - offset

    def monotonic(self) -> float:
        return time.monotonic() - self._zero


def resume(
    workspace: Workspace,
    folder: RunFolder,
    *,
    jobs: int | None,
    tee: Callable[[EventSink, Plan], contextlib.AbstractContextManager[EventSink]],
) -> None:
    """Run what a cut-short run has left. `tee` shows a journal's events while they are kept.

    Raises `UsageError` when the run is finished, still goes on, or what it verifies changed.
    """
    from harness.cli.seed import seed_environment
    from harness.model.trace import SpanIds
    from harness.record.folder import point_latest
    from harness.record.journal import JournalWriter
    from harness.run.dispatch import Stop, run_plan
    from harness.run.masking import redactor_for

    journal, read = JournalWriter.resume(folder.journal)
    try:
        run = resumable(folder, read.events)
        plan = refuse_changes(workspace, run)
        clock, stop = _LaterClock(read.events[-1].at), Stop()
        again = RunResumed(
            at=clock.monotonic(),
            resumed_at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            harness_version=__version__,
            command=redactor_for(plan, os.environ).text(
                shlex.join(["release-manager", *sys.argv[1:]])
            ),
        )
        goes_on = fold([*read.events, again])
        ended = {
            result.check.id: Ended(status=result.status, advisory=result.check.advisory)
            for result in goes_on.results
            if result.last is not None
        }
        reused = {
            event.check: event
            for event in read.events
            if isinstance(event, CheckFinished) and event.reused_from
        }
        set_aside_work(folder.path, read.events, ended)
        # What was to be reused and is not in the journal yet runs: its answer may be gone by now.
        plan = msgspec.structs.replace(
            plan,
            checks=tuple(
                msgspec.structs.replace(check, decision=Decision.RUN)
                if check.decision is Decision.REUSE and check.id not in reused
                else check
                for check in plan.checks
            ),
        )
        with _stopping(stop), tee(journal, plan) as shown:
            sink = Remembering(
                shown,
                root=workspace.root,
                reports=folder.path.parent,
                clock=clock,
                events=read.events,
            )
            sink.emit(again)
            point_latest(folder)
            run_plan(
                plan,
                root=workspace.root,
                folder=folder.path,
                sink=sink,
                clock=clock,
                kinds=workspace.kinds(),
                jobs=jobs,
                environ={**os.environ, **seed_environment(plan.seed)},
                stop=stop,
                ended=ended,
                spans=SpanIds(folder.run_id, run.header.trace) if run.header.trace else None,
            )
    finally:
        journal.close()


def set_aside_work(folder: Path, events: Iterable[Event], ended: Mapping[str, Ended]) -> None:
    """Move away what half-run checks left in their work folders: they begin with an empty one."""
    begun = {event.check for event in events if isinstance(event, CheckStarted)}
    for check in sorted(begun - ended.keys()):
        work = folder / WORK / folder_name(check)
        number = 1
        while (target := work.with_name(f"{work.name}.cut-{number}")).exists():
            number += 1
        with contextlib.suppress(FileNotFoundError):
            work.rename(target)


@contextlib.contextmanager
def _stopping(stop: Stop) -> Iterator[None]:
    def interrupt(number: int, _frame: FrameType | None) -> None:
        stop.request(signal.Signals(number).name)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    previous = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
