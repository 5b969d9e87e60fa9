"""`verify`: plan, run, record, judge, report; the exit code is the verdict."""

from __future__ import annotations

import contextlib
import functools
import os
import secrets
import shlex
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness import __version__
from harness.cli.app import hush
from harness.cli.driving import RunClock, Tee, drive
from harness.cli.last_failed import last_failed
from harness.cli.memory import Remembering
from harness.cli.otlp import begin_trace, exporting, send_trace
from harness.cli.seed import Seed
from harness.cli.selecting import plan_for, selecting
from harness.cli.standing import Standing
from harness.cli.workspace import Workspace
from harness.errors import ExitCode, HostError

if TYPE_CHECKING:
    from harness.cli.replay import Ended
    from harness.cli.reusing import Reuse
    from harness.model.plan import Plan
    from harness.model.ports import EventSink
    from harness.plan.selection import Narrowed
    from harness.record.folder import RunFolder
    from harness.run.kinds.registry import KindRegistry


@click.command(name="verify")
@selecting
@click.option("-j", "--jobs", type=click.IntRange(min=1), help="Cores to use; by default all.")
@click.option(
    "--output",
    type=click.Path(file_okay=False),
    help="Folder for run folders; by default reports/ of the project.",
)
@click.option(
    "--retry",
    type=click.IntRange(0, 10),
    default=0,
    metavar="N",
    help="Run a failed check again, up to N times; passed then, it is flaky. Crashes, timeouts and"
    " reports of memory or race checkers are never retried.",
)
@click.option(
    "--repeat",
    type=click.IntRange(1, 1000),
    default=1,
    metavar="N",
    help="Run every selected check N times to find the flaky ones; ends at a crash or a timeout.",
)
@click.option(
    "--seed",
    type=Seed(),
    help="Shuffle checks that could start in any order: a number, or random. Checks see it as"
    " RELEASE_MANAGER_SEED.",
)
@click.option(
    "--last-failed",
    is_flag=True,
    help="Only what did not pass in the newest run; exit 2 when all of it passed.",
)
@click.option(
    "--fresh",
    is_flag=True,
    help="Run every check, also those that passed before and depend on nothing that changed.",
)
@click.option(
    "--affected",
    is_flag=False,
    flag_value="",
    metavar="[BASE]",
    help="Only checks that the change since BASE can touch, and their dependents; uncommitted and"
    " untracked files count. By default since the upstream or main. Write --affected=BASE.",
)
@click.option(
    "--resume",
    is_flag=False,
    flag_value="latest",
    metavar="[RUN]",
    help="Go on with a run that was cut short: what ended keeps its end, the rest runs. By default"
    " the latest. Write --resume=RUN.",
)
@click.option(
    "--watch",
    is_flag=True,
    help="Stay, and verify what a change can touch whenever files change. Ctrl-C ends it with the"
    " last verdict's exit code.",
)
@exporting
@click.option(
    "--audit-inputs",
    is_flag=True,
    help="Run every check under strace; report what it reads outside its inputs, and inputs that"
    " it never reads.",
)
@click.option("--json", "as_json", is_flag=True, help="Print every event as a line of JSON.")
@click.option("--plain", is_flag=True, help="Plain lines even on a terminal.")
@click.pass_obj
def command(root: str | None, /, **options: Any) -> int:
    """Run checks and judge them.

    SELECTION is a phase (v7-1), a check (v7-1/unit-tests, or unit-tests), one instance of a
    matrix, or a glob; nothing means everything. What a selected check needs runs too.

    \b
    Examples:
      release-manager verify
      release-manager verify v7-1 --jobs 1
      release-manager verify --tag fast --exclude 'v7-1/memory*'
      release-manager verify --profile release
      release-manager verify v7-1 --watch
      release-manager verify --json | jq -c 'select(.event == "check-finished")'
    """
    workspace = Workspace.find(root)
    reports = Path(options["output"]).resolve() if options["output"] else workspace.reports
    if options["resume"] is not None:
        return _resume(workspace, reports, options)
    if options["watch"]:
        from harness.cli.watch import watch

        return watch(workspace, reports, options, functools.partial(_verify, workspace, reports))
    tell = functools.partial(_print, options)
    ended = _verify(workspace, reports, options, tell, standing=Standing(workspace))
    return ExitCode.APPROVED if ended is None else ended.code


def _verify(
    workspace: Workspace,
    reports: Path,
    options: dict[str, Any],
    tell: Callable[[Ended], None],
    narrowed: tuple[Narrowed, ...] = (),
    *,
    standing: Standing | None = None,
) -> Ended | None:
    """Run, record, judge and tell what options select; None when they leave nothing to run.

    `standing` has earlier decisions on the same command line, and takes this one.
    """
    clock = RunClock()
    options["trace"] = begin_trace(options["otlp"], clock)
    recalled = standing.recalled() if standing is not None else None
    reuse = recalled or _decide(workspace, reports, options, narrowed)
    if reuse is None:
        return None

    from harness.cli.display import make_display
    from harness.record.folder import create_run_folder, new_run_id
    from harness.record.journal import JournalWriter

    plan = reuse.plan
    moment = datetime.now(UTC)
    started_at = moment.isoformat(timespec="seconds").replace("+00:00", "Z")
    folder = create_run_folder(reports, new_run_id(moment, secrets.randbelow(4096)))
    journal = JournalWriter(folder.journal)
    display = make_display(
        plan, as_json=options["as_json"], plain=options["plain"], jobs=options["jobs"]
    )
    try:
        try:
            with display:
                sink = Remembering(
                    Tee(journal, display), root=workspace.root, reports=reports, clock=clock
                )
                seen = reuse.watching(sink)
                _drive(workspace, plan, folder, seen, clock, started_at, options, reuse)
        finally:
            journal.close()
    except OSError as error:
        raise HostError(
            f"{folder.path}: the run cannot be recorded ({error.strerror})",
            next_step="free space, or choose another folder with --output; the run is INCOMPLETE",
        ) from error
    if options["audit_inputs"]:
        from harness.cli.auditing import summary

        click.echo("\n".join(summary(reuse.findings)), err=True)
    else:
        for trouble in reuse.keep(folder.path):
            click.echo(f"warning: {trouble}", err=True)
    ended = _conclude(workspace, folder, tell, otlp=options["otlp"])
    if standing is not None and ended.code is ExitCode.APPROVED and not _is_once(options):
        standing.leave(plan, folder, sys.argv[1:])
    return ended


def _is_once(options: dict[str, Any]) -> bool:
    """Whether the question is another one each time it is put in the same words."""
    once = ("fresh", "audit_inputs", "last_failed", "otlp")
    return (
        any(options[name] for name in once)
        or options["affected"] is not None
        or options["seed"] is not None
        or options["repeat"] > 1
    )


def _decide(
    workspace: Workspace, reports: Path, options: dict[str, Any], narrowed: tuple[Narrowed, ...]
) -> Reuse | None:
    """The plan of a run, and what of it earlier runs answer; None when nothing is affected."""
    import msgspec

    from harness.cli.reusing import Reuse
    from harness.run.attempts import with_attempts

    if options["last_failed"]:
        narrowed = (*narrowed, last_failed(reports))
    plan = plan_for(workspace, options, narrowed=narrowed)
    if options["affected"] is not None:
        from harness.cli.touched import touched

        affected = touched(workspace, plan, options["affected"])
        if not affected.reasons:
            return None
        plan = plan_for(workspace, options, narrowed=(*narrowed, affected))
    plan = with_attempts(plan, retry=options["retry"], repeat=options["repeat"])
    plan = msgspec.structs.replace(plan, seed=options["seed"])
    # Whoever repeats or shuffles wants to see checks run.
    watched = options["repeat"] > 1 or options["seed"] is not None or options["audit_inputs"]
    if options["audit_inputs"]:
        from harness.cli.auditing import demand_strace

        demand_strace()
    return Reuse(workspace, plan, fresh=options["fresh"] or watched)


def _resume(workspace: Workspace, reports: Path, options: dict[str, Any]) -> int:
    """Go on with a run in its own folder; the verdict is that of the whole run."""
    from harness.cli.display import make_display
    from harness.cli.resume import refuse_options, resume
    from harness.record.folder import find_run

    refuse_options(click.get_current_context())
    folder = find_run(reports, options["resume"])

    @contextlib.contextmanager
    def tee(journal: EventSink, plan: Plan, ended: frozenset[str]) -> Iterator[EventSink]:
        with make_display(
            plan,
            as_json=options["as_json"],
            plain=options["plain"],
            jobs=options["jobs"],
            ended=ended,
        ) as display:
            yield Tee(journal, display)

    try:
        troubles = resume(workspace, folder, jobs=options["jobs"], tee=tee)
    except OSError as error:
        raise HostError(
            f"{folder.path}: the run cannot be recorded ({error.strerror})",
            next_step="free space; the run is INCOMPLETE and can be resumed again",
        ) from error
    for trouble in troubles:
        click.echo(f"warning: {trouble}", err=True)
    tell = functools.partial(_print, options)
    return _conclude(workspace, folder, tell, otlp=options["otlp"]).code


def _kinds(workspace: Workspace, plan: Plan, *, audit: bool) -> KindRegistry:
    """The project's kinds; watched when their inputs are audited."""
    kinds = workspace.kinds()
    if audit:
        from harness.cli.auditing import AuditedKinds

        return AuditedKinds(kinds, workspace.root, plan)
    return kinds


def _drive(
    workspace: Workspace,
    plan: Plan,
    folder: RunFolder,
    sink: EventSink,
    clock: RunClock,
    started_at: str,
    options: dict[str, Any],
    reuse: Reuse,
) -> None:
    """Emit the header and dispatch; a signal ends the run cleanly, a second one at once."""
    from harness.model.event import EVENT_SCHEMA, RunStarted
    from harness.record.folder import point_latest
    from harness.run.masking import masked, redactor_for
    from harness.run.stop import Stop, heeding_signals

    stop = Stop()
    redactor = redactor_for(plan, os.environ)
    with heeding_signals(stop):
        sink.emit(
            RunStarted(
                at=clock.monotonic(),
                schema=EVENT_SCHEMA,
                run_id=folder.run_id,
                started_at=started_at,
                harness_version=__version__,
                command=redactor.text(shlex.join(["release-manager", *sys.argv[1:]])),
                root=str(workspace.root),
                source=workspace.source(),
                plan=masked(plan, redactor),
                trace=options["trace"],
            )
        )
        # From its first event on this is the newest run: killed, it is what `report` tells of.
        point_latest(folder)
        reuse.bring(folder.path, sink, clock.monotonic())
        drive(
            workspace,
            plan,
            folder,
            sink=sink,
            clock=clock,
            kinds=_kinds(workspace, plan, audit=options["audit_inputs"]),
            jobs=options["jobs"],
            stop=stop,
            trace=options["trace"],
            reused=reuse.reused,
        )


def _conclude(
    workspace: Workspace, folder: RunFolder, tell: Callable[[Ended], None], *, otlp: str | None
) -> Ended:
    """Judge what the journal says, write the reports, tell the end of the story."""
    from harness.cli.replay import Ended, exit_code_of, replay
    from harness.record.folder import point_latest

    replayed = replay(folder)
    for name, content in replayed.render(workspace.templates()).items():
        folder.write(name, content)
    point_latest(folder)
    interrupted = replayed.run.interrupted.startswith("SIG")
    code = ExitCode.INTERRUPTED if interrupted else exit_code_of(replayed.verdict.conclusion)
    ended = Ended(code=code, replayed=replayed, folder=folder)
    tell(ended)
    send_trace(replayed, otlp)
    return ended


def _print(options: dict[str, Any], ended: Ended) -> None:
    """The end of the story, whether somebody can read the words or not."""
    from harness.cli.summary import print_summary

    try:
        print_summary(ended.replayed, ended.folder, as_json=options["as_json"])
    except OSError:
        hush()  # the verdict is this command's exit code
