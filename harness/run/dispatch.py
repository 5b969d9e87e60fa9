"""The one dispatcher: it alone knows what waits, runs and has ended, and in what order.

It takes a plan apart into checks whose needs hold, hands them to an executor longest path first as
far as the machine's resources go, and turns what happens into events. See README.md.
"""

from __future__ import annotations

import contextlib
import heapq
import random
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from harness.model.event import (
    CheckFinished,
    CheckPrecluded,
    Event,
    Noted,
    RunFinished,
    RunInterrupted,
)
from harness.model.plan import Decision, Plan, PlannedCheck
from harness.model.ports import Clock, EventSink
from harness.model.result import Status
from harness.model.run import settle
from harness.model.trace import STATE_VARIABLE, SpanIds
from harness.plan import priority
from harness.plan.ready import Ended, blocked_by
from harness.run.attempts import runs_again, why_final
from harness.run.executor import Executor
from harness.run.kinds.registry import KindRegistry
from harness.run.local import LocalExecutor
from harness.run.resources import Ledger
from harness.run.stop import Stop

__all__ = ["Dispatcher", "Stop", "run_plan"]


def run_plan(
    plan: Plan,
    *,
    root: Path,
    folder: Path,
    sink: EventSink,
    clock: Clock,
    kinds: KindRegistry,
    jobs: int | None,
    environ: Mapping[str, str],
    stop: Stop,
    reused: Mapping[str, CheckFinished] | None = None,
    ended: Mapping[str, Ended] | None = None,
    begun: Mapping[str, Sequence[CheckFinished]] | None = None,
    spans: SpanIds | None = None,
) -> None:
    """Run every check that the plan wants, on this machine, and emit what happens.

    `root` is the project, `folder` the run folder for work files, `clock` counts seconds since the
    run began, `jobs` replaces the number of cores, `environ` is what checks inherit. `reused` holds
    an earlier run's end of each check that the plan decided to reuse; it is emitted as this run's.
    `ended` holds the checks that had ended before the run was resumed; nothing is emitted for them.
    `begun` holds the attempts that had ended of checks that wait for another one.
    `spans` are told to every process when the run will be exported as a trace.
    The header event is the caller's. Raises `OSError` when an event could not be kept; nothing of
    the run is left alive then, or ever.
    """
    known = Known(reused, ended, begun)
    if not any(check.decision is Decision.RUN for check in plan.checks):
        Dispatcher(plan, None, sink=sink, clock=clock, jobs=jobs, stop=stop, known=known).run()
        return
    if spans is not None:
        own = {name: value for name, value in environ.items() if name != STATE_VARIABLE}
        environ = {**own, **spans.environment(spans.run())}
    executor = LocalExecutor(
        plan,
        root=root,
        folder=folder,
        clock=clock,
        kinds=kinds,
        environ=environ,
        stop=stop,
        spans=spans,
    )
    try:
        Dispatcher(plan, executor, sink=sink, clock=clock, jobs=jobs, stop=stop, known=known).run()
    finally:
        executor.close()
        stop.release()


class Known:
    """Ends that need no running: `reused` from another run, `ended` before this one was resumed.

    `begun` holds earlier attempts of checks that had not ended then.
    """

    __slots__ = ("begun", "ended", "reused")

    def __init__(
        self,
        reused: Mapping[str, CheckFinished] | None = None,
        ended: Mapping[str, Ended] | None = None,
        begun: Mapping[str, Sequence[CheckFinished]] | None = None,
    ) -> None:
        self.reused = reused or {}
        self.ended = ended or {}
        self.begun = begun or {}


class Dispatcher:
    """The state of one run, whatever machine the executor stands for."""

    def __init__(
        self,
        plan: Plan,
        executor: Executor | None,
        *,
        sink: EventSink,
        clock: Clock,
        jobs: int | None,
        stop: Stop,
        known: Known | None = None,
    ) -> None:
        self._plan = plan
        self._known = known or Known()
        self._executor = executor
        self._sink = sink
        self._now = clock.monotonic
        self._stop = stop
        self._ledger = Ledger(plan.host, jobs)
        self._checks = {check.id: check for check in plan.checks}
        self._ended: dict[str, Ended] = {}
        self._running: dict[str, PlannedCheck] = {}
        self._dependents: dict[str, list[str]] = {}
        self._open_needs: dict[str, int] = {}
        self._ready: list[tuple[float, int, PlannedCheck]] = []
        self._attempts = {name: list(made) for name, made in self._known.begun.items()}
        self._order = _order(plan)
        self._users = _users(plan)
        self._interrupted = ""
        self._stops_seen = 0

    def run(self) -> None:
        """From the first event to the last."""
        try:
            self._lay_out()
            while len(self._ended) < len(self._checks):
                self._heed_stop()
                self._start_ready()
                self._take_events()
            if self._executor is not None:
                for event in self._executor.finish():
                    self._sink.emit(event)
            self._sink.emit(RunFinished(at=self._now()))
        except OSError as error:
            # The place for evidence refuses. One last word is tried; the error itself goes on.
            with contextlib.suppress(OSError):
                reason = f"events cannot be kept: {error.strerror or error}"
                self._sink.emit(RunInterrupted(at=self._now(), reason=reason))
            raise

    def _lay_out(self) -> None:
        """Decide what is decided already; queue what needs nothing."""
        self._priority = priority(self._plan)
        if self._plan.seed is not None:
            text = f"checks that could start in any order were shuffled: --seed {self._plan.seed}"
            self._sink.emit(Noted(at=self._now(), text=text))
        for check in self._plan.checks:
            self._open_needs[check.id] = len(check.needs)
            for need in check.needs:
                self._dependents.setdefault(need, []).append(check.id)
        for check in self._plan.checks:
            if check.id in self._ended:
                continue
            if check.id in self._known.ended:
                self._end(check, self._known.ended[check.id])
            elif check.decision is Decision.SKIP:
                ended = Ended(status=Status.SKIPPED, skip=check.skip, advisory=check.advisory)
                self._end(check, ended)
            elif check.decision is Decision.REUSE:
                self._end(check, self._reuse(check))
        for check in self._plan.checks:
            if not check.needs and check.id not in self._ended:
                self._queue(check)

    def _is_settled(self, check: PlannedCheck) -> bool:
        """Whether its end is known without running it, whatever its needs do."""
        return check.decision is not Decision.RUN or check.id in self._known.ended

    def _reuse(self, check: PlannedCheck) -> Ended:
        """Tell an earlier run's end of the check as this run's, at this run's time."""
        event = self._known.reused[check.id]
        now = self._now()
        self._sink.emit(msgspec.structs.replace(event, at=now, started=now))
        return Ended(status=event.outcome.status, advisory=check.advisory)

    def _queue(self, check: PlannedCheck) -> None:
        urgency = self._priority[check.id] if self._plan.seed is None else 0.0
        entry = (-urgency, self._order[check.id], check)
        heapq.heappush(self._ready, entry)

    def _end(self, check: PlannedCheck, ended: Ended) -> None:
        """Book an end and what follows from it for dependents, however deep."""
        self._ended[check.id] = ended
        pending = deque([check])
        while pending:
            check = pending.popleft()
            self._release_services(check)
            for name in self._dependents.get(check.id, ()):
                dependent = self._checks[name]
                self._open_needs[name] -= 1
                if name in self._ended or self._is_settled(dependent):
                    continue
                blocked = blocked_by(dependent, self._ended)
                if blocked is not None:
                    self._ended[name] = self._preclude(dependent, blocked.reason, blocked.root)
                    pending.append(dependent)
                elif not self._open_needs[name]:
                    self._queue(dependent)

    def _preclude(self, check: PlannedCheck, reason: str, root: str) -> Ended:
        self._sink.emit(CheckPrecluded(at=self._now(), check=check.id, reason=reason))
        return Ended(status=Status.PRECLUDED, advisory=check.advisory, root=root)

    def _release_services(self, check: PlannedCheck) -> None:
        for service in self._users.of.get(check.id, ()):
            self._users.left[service] -= 1
            if not self._users.left[service] and self._executor is not None:
                self._executor.retire(service)

    def _start_ready(self) -> None:
        """Hand out checks, the longest path first, while the machine has room."""
        passed_over = []
        while self._ready and not self._interrupted:
            entry = self._ready[0]
            check = entry[2]
            wanted = check.resources
            if self._ledger.fits(wanted):
                heapq.heappop(self._ready)
                self._ledger.take(wanted)
                self._running[check.id] = check
                if self._executor is not None:
                    attempt = len(self._attempts.get(check.id, ())) + 1
                    self._executor.submit(check, self._ledger.share(wanted), attempt=attempt)
            elif self._ledger.lacks_a_slot(wanted):
                passed_over.append(heapq.heappop(self._ready))
            else:
                break
        for entry in passed_over:
            heapq.heappush(self._ready, entry)

    def _take_events(self) -> None:
        if len(self._ended) == len(self._checks):
            return
        if self._executor is None or not self._running:
            self._end_stranded()
            return
        for event in self._executor.wait(None):
            self._sink.emit(event)
            self._apply(event)
        if self._executor.refusal is not None and not self._interrupted:
            error = self._executor.refusal
            self._interrupt(f"work files cannot be written: {error.strerror or error}")

    def _end_stranded(self) -> None:
        """Nothing runs and nothing can: only a plan whose needs go in circles gets here."""
        for check in self._plan.checks:
            if check.id not in self._ended:
                reason = "its needs can never all end; the plan is damaged"
                self._end(check, self._preclude(check, reason, check.id))

    def _apply(self, event: Event) -> None:
        match event:
            case CheckFinished(check=name):
                self._finished(self._running[name], event)
            case CheckPrecluded(check=name):
                check = self._running.pop(name)
                self._ledger.give_back(check.resources)
                self._end(check, Ended(status=Status.PRECLUDED, advisory=check.advisory, root=name))

    def _finished(self, check: PlannedCheck, event: CheckFinished) -> None:
        """An attempt ended: make another one in its place, or book the end of the check."""
        attempts = self._attempts.setdefault(check.id, [])
        attempts.append(event)
        executor = self._executor
        can = executor is not None and executor.refusal is None and not self._interrupted
        if executor is not None and can and runs_again(check, attempts):
            cpus = self._ledger.share(check.resources)
            executor.submit(check, cpus, attempt=len(attempts) + 1)
            return
        if note := why_final(check, attempts):
            self._sink.emit(Noted(at=self._now(), text=note))
        del self._running[check.id], self._attempts[check.id]
        self._ledger.give_back(check.resources)
        self._end(check, Ended(status=settle(tuple(attempts)), advisory=check.advisory))

    def _heed_stop(self) -> None:
        """The first request ends the run cleanly, any further one at once."""
        requests = self._stop.requests
        if requests == self._stops_seen:
            return
        self._stops_seen = requests
        if not self._interrupted:
            self._interrupt(self._stop.reason)
        if requests > 1 and self._executor is not None:
            self._executor.cancel(self._interrupted, at_once=True)

    def _interrupt(self, reason: str) -> None:
        self._interrupted = reason
        self._sink.emit(RunInterrupted(at=self._now(), reason=reason))
        if self._executor is not None:
            self._executor.cancel(reason, at_once=False)
        self._ready.clear()
        for check in self._plan.checks:
            if check.id not in self._ended and check.id not in self._running:
                self._end(check, self._preclude(check, f"never ran: {reason}", check.id))


class _Users:
    """Which services each check needs, and how many checks still need each service."""

    def __init__(self) -> None:
        self.of: dict[str, tuple[str, ...]] = {}
        self.left: dict[str, int] = {}


def _order(plan: Plan) -> dict[str, int]:
    """The place of each check among its equals: the plan's order, or the seed's."""
    names = [check.id for check in plan.checks]
    if plan.seed is not None:
        random.Random(plan.seed).shuffle(names)  # noqa: S311 - an order is no secret
    return {name: place for place, name in enumerate(names)}


def _users(plan: Plan) -> _Users:
    users = _Users()
    for check in plan.checks:
        if check.services and check.decision is Decision.RUN:
            users.of[check.id] = names = tuple(_closure(plan, check.services))
            for name in names:
                users.left[name] = users.left.get(name, 0) + 1
    return users


def _closure(plan: Plan, names: Iterable[str]) -> list[str]:
    found: list[str] = []
    pending = list(names)
    while pending:
        name = pending.pop()
        if name not in found and name in plan.services:
            found.append(name)
            pending.extend(plan.services[name].needs)
    return found
