"""Runs checks in local processes: prepares a command, supervises it, asks its kind what it means.

No exception of a kind ends the run: that check is `errored`, and the traceback is its output.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from harness.errors import HarnessError
from harness.model.event import (
    CheckFinished,
    CheckPrecluded,
    CheckStarted,
    Event,
    Noted,
)
from harness.model.expression import ExpressionError, Value
from harness.model.fill import fill_env, has_placeholder, typed_options
from harness.model.plan import Plan, PlannedCheck
from harness.model.ports import CheckContext, Clock, Command, Completed, Kind
from harness.model.result import Outcome, Output, Status, Usage
from harness.model.scope import run_scope
from harness.model.trace import SpanIds
from harness.run.attachments import Attachments
from harness.run.attempts import classified
from harness.run.excerpt import Excerpts
from harness.run.kinds.registry import KindRegistry
from harness.run.masking import masked_struct, redactor_for
from harness.run.reproduce import as_typed
from harness.run.services import Services, environment_of
from harness.run.stop import Stop
from harness.run.work import OUTPUT, SERVICES, folder_name, work_name
from harness.system.child import Child, Ended, Launch
from harness.system.loop import Loop
from harness.system.process import Supervisor
from harness.system.programs import StartError

CHECK_VARIABLE = "RELEASE_MANAGER_CHECK"
_CONCLUSIVE = (Status.PASSED, Status.FAILED, Status.FLAKY, Status.ERRORED)


class _Job:
    """One submitted check."""

    __slots__ = ("attempt", "broken", "check", "child", "cpus", "started")

    def __init__(self, check: PlannedCheck, cpus: int, attempt: int) -> None:
        self.check = check
        self.attempt = attempt
        self.cpus = cpus
        self.child: Child | None = None
        self.started = 0.0
        self.broken = ""
        """Why its result would mean nothing: a service it uses is gone."""


class _Prepared:
    """A check as its kind prepared it."""

    __slots__ = ("command", "context", "kind", "options", "scope")

    def __init__(
        self, kind: Kind, options: Any, context: CheckContext, scope: dict[str, Value]
    ) -> None:
        self.kind = kind
        self.options = options
        self.context = context
        self.scope = scope
        self.command: Command = kind.prepare(options, context)


class LocalExecutor:
    """The `Executor` of this machine. Owns the loop, the supervisor and the services."""

    def __init__(
        self,
        plan: Plan,
        *,
        root: Path,
        folder: Path,
        clock: Clock,
        kinds: KindRegistry,
        environ: Mapping[str, str],
        stop: Stop,
        spans: SpanIds | None = None,
    ) -> None:
        """Be ready to run checks of `plan` in `root`, with work files in `folder`.

        With `spans` each check's process is told its own, so that what it traces stands below.
        """
        self._spans = spans
        self._plan = plan
        self._root = root
        self._root_text = str(root)
        self._folder = folder
        self._now = clock.monotonic
        self._kinds = kinds
        self._events: list[Event] = []
        self._jobs: dict[str, _Job] = {}
        self.refusal: OSError | None = None
        self._loop = Loop()
        self._stop = stop
        self._redactor = redactor_for(plan, environ)
        self._excerpts = Excerpts(root, self._redactor.mask)
        self._attachments = Attachments(root, folder, self._redactor.mask)
        self._supervisor = Supervisor(self._loop, environ=environ, redactor=self._redactor)
        self._loop.on_readable(stop.fileno(), stop.drain)
        self._services = Services(
            plan.services,
            loop=self._loop,
            supervisor=self._supervisor,
            root=root,
            folder=folder / SERVICES,
            scope={
                "run.root": self._root_text,
                "run.python": sys.executable,
                "run.cpus": plan.host.cpus,
                "host.cpus": plan.host.cpus,
            },
            emit=self._events.append,
            now=self._now,
            on_death=self._service_died,
        )
        self._events.extend(Noted(at=self._now(), text=text) for text in self._supervisor.limits)

    def submit(self, check: PlannedCheck, cpus: int, attempt: int = 1) -> None:
        """Run a check, once its services are ready."""
        job = _Job(check, cpus, attempt)
        self._jobs[check.id] = job
        if check.services:
            self._services.acquire(
                check.services,
                lambda: self._begin(job),
                lambda why: self._end(job, Outcome(status=Status.ERRORED, message=why)),
            )
        else:
            self._begin(job)

    def _begin(self, job: _Job) -> None:
        check = job.check
        if check.id not in self._jobs:
            return  # cancelled while it waited for its services
        job.started = self._now()
        try:
            prepared = self._prepare(job)
            command, env = prepared.command, prepared.command.env
            if check.env:
                env = {**fill_env(check.env, prepared.scope), **env}
            line = self._redactor.text(as_typed(command.argv, env, command.cwd))
            if check.services:
                env = {**environment_of(self._services.addresses(check.services)), **env}
            if self._spans is not None:
                span = self._spans.attempt(check.id, job.attempt)
                env = {**self._spans.environment(span), **env}
            launch = Launch(
                name=check.id,
                argv=command.argv,
                cwd=self._cwd(command.cwd),
                env={**env, CHECK_VARIABLE: check.id},
                output_file=prepared.context.work / OUTPUT,
                deadline=check.timeout_seconds,
            )
            job.child = self._supervisor.start(
                launch, lambda ended: self._ended(job, prepared, ended)
            )
        except (HarnessError, ExpressionError, msgspec.ValidationError) as error:
            self._end(job, Outcome(status=Status.ERRORED, message=f"cannot be prepared: {error}"))
        except StartError as error:
            self._events.append(_started(job, line))
            self._ended_without_start(job, prepared, str(error))
        except OSError as error:
            self._refuse(error)
            self._end(job, Outcome(status=Status.ERRORED, message=_storage(error)))
        except Exception as error:  # noqa: BLE001 - a kind may be anybody's code
            self._end(job, *_blame(check.kind, "prepare", error))
        else:
            self._events.append(_started(job, line))

    def _prepare(self, job: _Job) -> _Prepared:
        check = job.check
        kind = self._kinds.get(check.kind)
        work = self._folder / work_name(job.attempt) / folder_name(check.id)
        context = CheckContext(
            check_id=check.id,
            root=self._root,
            work=work,
            python=sys.executable,
            cpus=job.cpus,
            services=self._services.addresses(check.services) if check.services else {},
            run_folder=self._folder,
        )
        dynamic = has_placeholder(check.options) or has_placeholder(check.env)
        if getattr(kind, "needs_work", True) or (dynamic and _mentions_work(check)):
            work.mkdir(parents=True)
        scope: dict[str, Value] = {}
        if dynamic:
            scope = run_scope(context, host_cpus=self._plan.host.cpus, matrix=check.matrix)
        options = typed_options(kind.options, check.options, scope)
        return _Prepared(kind, options, context, scope)

    def _cwd(self, cwd: str) -> str:
        return self._root_text if cwd in (".", "") else str(self._root / cwd)

    def _ended_without_start(self, job: _Job, prepared: _Prepared, why: str) -> None:
        completed = Completed(
            output=Output(),
            output_file=prepared.context.work / OUTPUT,
            output_truncated=False,
            duration=0.0,
            usage=Usage(),
            start_error=why,
        )
        outcome, traced = self._conclude(prepared, completed)
        if outcome.status is not Status.ERRORED:
            outcome = Outcome(status=Status.ERRORED, message=f"could not be started: {why}")
        self._end(job, outcome, traced)

    def _ended(self, job: _Job, prepared: _Prepared, ended: Ended) -> None:
        """Its process ended: ask the kind, unless the end itself is the answer."""
        check = job.check
        self._events.extend(
            Noted(at=self._now(), text=f"{check.id}: {note}") for note in ended.notes
        )
        traced: Output | None = None
        if ended.storage_error is not None:
            self._refuse(ended.storage_error)
            outcome = Outcome(status=Status.ERRORED, message=_storage(ended.storage_error))
        elif job.broken:
            outcome = Outcome(status=Status.ERRORED, message=job.broken)
        elif ended.stopped:
            outcome = Outcome(
                status=Status.ERRORED, message=f"ended before it was done: {ended.stopped}"
            )
        else:
            completed = _completed(ended)
            outcome, traced = self._conclude(prepared, completed)
            outcome = _classified(_bounded(outcome, ended), completed)
            outcome = self._excerpts.of(outcome)
            outcome = self._attachments.of(check.id, outcome, completed.output)
            if self._attachments.notes:
                self._note(self._attachments.notes)
        self._end(job, outcome, traced, ended)

    def _note(self, notes: list[str]) -> None:
        """Say what was noted, and forget it."""
        self._events.extend(Noted(at=self._now(), text=note) for note in notes)
        notes.clear()

    def _conclude(self, prepared: _Prepared, completed: Completed) -> tuple[Outcome, Output | None]:
        """The kind's word, or the harness's own when the kind itself breaks."""
        kind = prepared.kind
        try:
            outcome: object = kind.conclude(prepared.options, prepared.context, completed)
        except HarnessError as error:
            return Outcome(status=Status.ERRORED, message=str(error)), None
        except Exception as error:  # noqa: BLE001 - a kind may be anybody's code
            return _blame(kind.name, "conclude", error)
        if not isinstance(outcome, Outcome):
            message = f"kind {kind.name} gave no outcome but {outcome!r}"
            return Outcome(status=Status.ERRORED, message=message), None
        if outcome.status not in _CONCLUSIVE:
            message = f"kind {kind.name} said {outcome.status.value}, which no run can be"
            return Outcome(status=Status.ERRORED, message=message), None
        return outcome, None

    def _end(
        self,
        job: _Job,
        outcome: Outcome,
        output: Output | None = None,
        ended: Ended | None = None,
    ) -> None:
        now = self._now()
        check_id = job.check.id
        if self._jobs.pop(check_id, None) is None:
            return  # cancelled meanwhile
        outcome = masked_struct(outcome, self._redactor)
        self._events.append(
            CheckFinished(
                at=now,
                check=check_id,
                outcome=outcome,
                started=job.started or now,
                attempt=job.attempt,
            )
            if ended is None and output is None
            else CheckFinished(
                at=now,
                check=check_id,
                outcome=outcome,
                started=job.started or now,
                output=output or (ended.output if ended else Output()),
                usage=ended.usage if ended else Usage(),
                exit_code=ended.exit_code if ended else None,
                signal=ended.signal if ended else "",
                timed_out=ended.timed_out if ended else False,
                leaked=ended.leaked if ended else (),
                attempt=job.attempt,
            )
        )

    def _service_died(self, name: str, message: str) -> None:
        """Whatever a check says after its service is gone proves nothing: end it."""
        for job in list(self._jobs.values()):
            if job.child is not None and name in self._services.closure(job.check.services):
                job.broken = message
                self._supervisor.stop(job.child, f"service {name} is gone")

    def _refuse(self, error: OSError) -> None:
        self.refusal = self.refusal or error

    def wait(self, timeout: float | None) -> Sequence[Event]:
        """What happened; sleeps until something does."""
        if not self._events:
            self._loop.run_once(timeout)
        return self._taken()

    def _taken(self) -> Sequence[Event]:
        if self._supervisor.notes:
            self._note(self._supervisor.notes)
        taken = list(self._events)
        self._events.clear()
        return taken

    def cancel(self, reason: str, *, at_once: bool) -> None:
        """End what runs; what still waits for a service never ran."""
        for job in list(self._jobs.values()):
            if job.child is not None:
                self._supervisor.stop(job.child, reason, at_once=at_once)
            else:
                del self._jobs[job.check.id]
                self._events.append(
                    CheckPrecluded(at=self._now(), check=job.check.id, reason=reason)
                )
        if at_once:
            self._services.kill_all()

    def retire(self, service: str) -> None:
        """Stop a service early."""
        self._services.retire(service)

    def finish(self) -> Sequence[Event]:
        """Stop every service and wait for them; a second request to stop kills them."""
        self._services.stop_all()
        while self._services.busy:
            if self._stop.requests > 1:
                self._services.kill_all()
            self._loop.run_once(None)
        self._supervisor.close()
        return self._taken()

    def close(self) -> None:
        """Leave nothing running."""
        self._services.kill_all()
        self._supervisor.close()
        self._loop.forget(self._stop.fileno())
        self._loop.close()


def _started(job: _Job, line: str) -> CheckStarted:
    return CheckStarted(at=job.started, check=job.check.id, command=line, attempt=job.attempt)


def _completed(ended: Ended) -> Completed:
    return Completed(
        output=ended.output,
        output_file=ended.output_file,
        output_truncated=ended.output_truncated,
        duration=ended.duration,
        usage=ended.usage,
        exit_code=ended.exit_code,
        signal=ended.signal,
        timed_out=ended.timed_out,
    )


def _bounded(outcome: Outcome, ended: Ended) -> Outcome:
    """No kind can turn a hang into a pass."""
    if ended.timed_out and outcome.status in (Status.PASSED, Status.FLAKY):
        return msgspec.structs.replace(
            outcome, status=Status.FAILED, message="still ran at its deadline and was ended"
        )
    return outcome


def _classified(outcome: Outcome, completed: Completed) -> Outcome:
    """With the class of its failure; one that cannot be told apart must not be tried again."""
    try:
        return classified(outcome, completed)
    except HarnessError as error:
        return Outcome(status=Status.ERRORED, message=str(error))


def _blame(kind: str, step: str, error: Exception) -> tuple[Outcome, Output]:
    text = "".join(traceback.format_exception(error))
    message = (
        f"kind {kind} broke in {step} ({type(error).__name__}: {error});"
        " its traceback is the output; report it to whoever wrote the kind"
    )
    return (
        Outcome(status=Status.ERRORED, message=message),
        Output(head=text, total_bytes=len(text.encode())),
    )


def _storage(error: OSError) -> str:
    place = f"{error.filename}: " if error.filename else ""
    return f"{place}work files cannot be written ({error.strerror}); free space or make it writable"


def _mentions_work(check: PlannedCheck) -> bool:
    return "run.work" in repr(check.options) or "run.work" in repr(check.env)
