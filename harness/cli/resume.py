"""`verify --resume`: a run that was cut short goes on in its own folder and journal."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click
from click.core import ParameterSource

from harness import __version__
from harness.cli.driving import RunClock, drive
from harness.cli.memory import Remembering
from harness.errors import UsageError
from harness.model.event import CheckFinished, Event, RunResumed, RunStarted
from harness.model.plan import Decision
from harness.model.run import Run, fold
from harness.plan.ready import Ended
from harness.plan.undecided import undecided
from harness.run.attempts import runs_again
from harness.run.work import folder_name, work_name

if TYPE_CHECKING:
    from harness.cli.workspace import Workspace
    from harness.model.plan import Host, Plan
    from harness.model.ports import EventSink
    from harness.plan.key import Keyed
    from harness.record.folder import RunFolder

_AFRESH = "begin another run with `release-manager verify`"
# What to look at and where to tell it; everything else was settled when the run began.
_GO_ALONG = frozenset({"resume", "jobs", "output", "otlp", "as_json", "plain"})


def refuse_options(context: click.Context) -> None:
    """Raise `UsageError` for what was asked for beside `--resume` and could not be heeded."""
    given = [
        param.opts[0] if isinstance(param, click.Option) else "a selection"
        for param in context.command.params
        if param.name is not None
        and param.name not in _GO_ALONG
        and context.get_parameter_source(param.name) is ParameterSource.COMMANDLINE
    ]
    if given:
        raise UsageError(
            f"--resume goes on with a run as it was planned; {', '.join(given)} cannot change it",
            next_step=f"leave that out, or {_AFRESH}",
        )


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
    if "--audit-inputs" in shlex.split(run.header.command):
        raise UsageError(
            f"run {folder.run_id} audits inputs, and half an audit proves nothing",
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


def refuse_changes(workspace: Workspace, run: Run) -> tuple[Plan, dict[str, Keyed]]:
    """The plan to go on with, nothing in it masked, and the keys of its checks.

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
    return plan, keys


def _machine(host: Host) -> tuple[object, ...]:
    present = {name: (one.present, one.version) for name, one in host.capabilities.items()}
    return host.system, host.machine, host.cpus, present


class _Left:
    """What a cut-short run has behind it, and so what is left of it."""

    def __init__(self, events: tuple[Event, ...], again: RunResumed) -> None:
        self.events = events
        results = [one for one in fold([*events, again]).results if one.last is not None]
        self.attempts = {one.check.id: one.attempts for one in results}
        # A failed attempt that is to be followed by another one is not the check's end.
        self.ended = {
            one.check.id: Ended(status=one.status, advisory=one.check.advisory)
            for one in results
            if one.reused_from or not runs_again(one.check, one.attempts)
        }
        self.begun = {name: made for name, made in self.attempts.items() if name not in self.ended}

    def plan(self, plan: Plan) -> Plan:
        """What was to be reused and is not in the journal yet runs: its answer may be gone now."""
        return undecided(plan, but=self.ended)

    def passes(self, plan: Plan, root: Path) -> dict[str, CheckFinished]:
        """The ends before the cut that later runs may reuse, if they passed."""
        until = _last_alive(self.events)
        return {
            check.id: self.attempts[check.id][-1]
            for check in plan.checks
            if check.id in self.ended
            and check.key
            and check.decision is Decision.RUN
            and all(is_as_of(root, pattern, until) for pattern in check.options.get("outputs", ()))
        }


def _last_alive(events: Sequence[Event]) -> float:
    """When the run told of something last, in seconds since the epoch; rather too early."""
    began = datetime.fromisoformat(cast("RunStarted", events[0]).started_at)
    return began.timestamp() + 1.0 + events[-1].at  # the header's time is cut to whole seconds


def is_as_of(root: Path, pattern: str, until: float) -> bool:
    """Whether files match the pattern, and none was written, replaced or touched after `until`.

    Somebody may have built over what a check had built. A file's change time tells, and unlike the
    time of its last writing nobody can set it.
    """
    files = [path for path in root.glob(pattern) if path.is_file()]
    return bool(files) and all(path.stat().st_ctime <= until for path in files)


def resume(
    workspace: Workspace,
    folder: RunFolder,
    *,
    jobs: int | None,
    tee: Callable[[EventSink, Plan, frozenset[str]], contextlib.AbstractContextManager[EventSink]],
) -> list[str]:
    """Run what a cut-short run has left.

    `tee` shows a journal's events while they are kept, and is told which checks have been shown.
    Gives what went wrong in keeping passes for later runs. Raises `UsageError` when the run is
    finished, still goes on, or what it verifies changed.
    """
    from harness.cli.reusing import keep_passes, watching
    from harness.record.folder import point_latest
    from harness.record.journal import JournalWriter
    from harness.run.masking import redactor_for
    from harness.run.stop import Stop, heeding_signals

    journal, read = JournalWriter.resume(folder.journal)
    try:
        run = resumable(folder, read.events)
        plan, keys = refuse_changes(workspace, run)
        clock, stop = RunClock(read.events[-1].at), Stop()
        again = RunResumed(
            at=clock.monotonic(),
            resumed_at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            harness_version=__version__,
            command=redactor_for(plan, os.environ).text(
                shlex.join(["release-manager", *sys.argv[1:]])
            ),
        )
        left = _Left(read.events, again)
        plan = left.plan(plan)
        unended = [check.id for check in plan.checks if check.id not in left.ended]
        set_aside_work(folder.path, unended, left.begun)
        passes = left.passes(plan, workspace.root)
        with heeding_signals(stop), tee(journal, plan, frozenset(left.attempts)) as shown:
            remembering = Remembering(
                shown,
                root=workspace.root,
                reports=folder.path.parent,
                clock=clock,
                events=read.events,
            )
            sink = watching(remembering, passes)
            sink.emit(again)
            point_latest(folder)
            drive(
                workspace,
                plan,
                folder,
                sink=sink,
                clock=clock,
                kinds=workspace.kinds(),
                jobs=jobs,
                stop=stop,
                trace=run.header.trace,
                ended=left.ended,
                begun=left.begun,
            )
    finally:
        journal.close()
    return keep_passes(workspace, plan, keys, passes, folder.path)


def set_aside_work(
    folder: Path, unended: Iterable[str], begun: Mapping[str, Sequence[CheckFinished]]
) -> None:
    """Move away what half-made attempts left in their work folders: they begin with empty ones.

    A check's process may have begun before the journal could say so, so the folders tell.
    """
    for check in unended:
        work = folder / work_name(len(begun.get(check, ())) + 1) / folder_name(check)
        number = 1
        while (target := work.with_name(f"{work.name}.cut-{number}")).exists():
            number += 1
        with contextlib.suppress(FileNotFoundError):
            work.rename(target)
