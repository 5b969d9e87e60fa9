"""A run as its events tell it: the fold that judging and reporting both start from.

Pure: the same events always give the same `Run`. A check the plan wanted and no event ended is
`precluded`, whatever the reason the journal stops.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from harness.model.base import Record
from harness.model.event import (
    CheckFinished,
    CheckPrecluded,
    CheckStarted,
    Compared,
    Event,
    Noted,
    RunFinished,
    RunInterrupted,
    RunResumed,
    RunStarted,
    ServiceReady,
    ServiceStarted,
    ServiceStopped,
)
from harness.model.history import Comparison, Mark
from harness.model.plan import Decision, PlannedCheck
from harness.model.result import (
    Finding,
    Output,
    Override,
    SkipReason,
    Status,
    TestRecord,
    Usage,
)


class CheckResult(Record, frozen=True):
    """How one planned check ended. `start` and `end` are seconds since the run began."""

    check: PlannedCheck
    status: Status
    reason: str
    skip: SkipReason | None = None
    override: Override | None = None
    command: str = ""
    start: float | None = None
    end: float | None = None
    attempts: tuple[CheckFinished, ...] = ()
    reused_from: str = ""

    @property
    def last(self) -> CheckFinished | None:
        """The attempt that decided, if any attempt finished."""
        return self.attempts[-1] if self.attempts else None

    @property
    def tests(self) -> tuple[TestRecord, ...]:
        """The test records of the last attempt."""
        return self.last.outcome.tests if self.last else ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings of the last attempt."""
        return self.last.outcome.findings if self.last else ()

    @property
    def output(self) -> Output:
        """The output of the last attempt."""
        return self.last.output if self.last else Output()

    @property
    def usage(self) -> Usage:
        """The resource usage of the last attempt."""
        return self.last.usage if self.last else Usage()

    @property
    def leaked(self) -> tuple[str, ...]:
        """Processes that outlived any attempt."""
        return tuple(name for attempt in self.attempts for name in attempt.leaked)

    @property
    def duration(self) -> float | None:
        """Seconds from the first attempt's start to the last one's end."""
        if self.start is None or self.end is None:
            return None
        return self.end - self.start


class ServiceRecord(Record, frozen=True):
    """What became of one service."""

    name: str
    command: str
    ports: dict[str, int]
    started: float
    ready: float | None = None
    stopped: float | None = None
    expected: bool = True
    reason: str = ""
    output: Output = Output()


class Run(Record, frozen=True):
    """A whole run, finished or not."""

    header: RunStarted
    results: tuple[CheckResult, ...]
    services: tuple[ServiceRecord, ...]
    notes: tuple[str, ...]
    interrupted: str
    finished: bool
    duration: float
    resumed: tuple[RunResumed, ...] = ()
    marks: dict[str, tuple[Mark, ...]] = {}
    comparison: Comparison | None = None

    def result(self, check_id: str) -> CheckResult:
        """The result of one check. Raises `KeyError` when the plan has no such check."""
        for result in self.results:
            if result.check.id == check_id:
                return result
        raise KeyError(check_id)


class NoHeaderError(ValueError):
    """The events do not begin with `RunStarted`, so nothing can be said about them."""


def fold(events: Iterable[Event]) -> Run:
    """The run that `events` tell. Raises `NoHeaderError` when they do not begin with the header."""
    iterator = iter(events)
    header = next(iterator, None)
    if not isinstance(header, RunStarted):
        raise NoHeaderError("the first event is not run-started")
    started: dict[str, CheckStarted] = {}
    first_start: dict[str, float] = {}
    attempts: dict[str, list[CheckFinished]] = {}
    ended: dict[str, CheckPrecluded] = {}
    services: dict[str, ServiceRecord] = {}
    notes: list[str] = []
    interrupted = ""
    finished = False
    resumed: list[RunResumed] = []
    cut: list[CheckFinished] = []
    compared = Compared(at=header.at)
    last = header.at
    for event in iterator:
        last = max(last, event.at)
        match event:
            case CheckStarted():
                started[event.check] = event
                first_start.setdefault(event.check, event.at)
            case CheckFinished():
                attempts.setdefault(event.check, []).append(event)
                if interrupted and event.outcome.status is not Status.PASSED:
                    cut.append(event)  # ended with the run, not by itself
            case CheckPrecluded():
                ended[event.check] = event
            case ServiceStarted():
                services[event.service] = ServiceRecord(
                    name=event.service, command=event.command, ports=event.ports, started=event.at
                )
            case ServiceReady() | ServiceStopped():
                _update_service(services, event)
            case Noted():
                notes.append(event.text)
            case RunResumed():
                # What cut the run short is over: what it did not answer may still be answered.
                resumed.append(event)
                interrupted, finished = "", False
                ended.clear()
                for one in cut:
                    attempts[one.check].remove(one)
                cut.clear()
                attempts = {name: made for name, made in attempts.items() if made}
                for name in started.keys() - attempts.keys():
                    del started[name], first_start[name]
            case Compared():
                compared = event
            case RunInterrupted():
                interrupted = event.reason
            case RunFinished():
                finished = True
            case RunStarted():
                notes.append("the journal holds a second header; it was ignored")
    results = tuple(
        _result(
            check,
            started.get(check.id),
            first_start.get(check.id),
            tuple(attempts.get(check.id, ())),
            ended.get(check.id),
            interrupted,
        )
        for check in header.plan.checks
    )
    return Run(
        header=header,
        results=results,
        services=tuple(services.values()),
        notes=tuple(notes),
        interrupted=interrupted,
        finished=finished,
        duration=last,
        resumed=tuple(resumed),
        marks=compared.marks,
        comparison=compared.comparison,
    )


def _update_service(
    services: dict[str, ServiceRecord], event: ServiceReady | ServiceStopped
) -> None:
    old = services.get(event.service)
    if old is None:
        old = ServiceRecord(name=event.service, command="", ports={}, started=event.at)
    match event:
        case ServiceReady():
            new = msgspec.structs.replace(old, ready=event.at)
        case ServiceStopped():
            new = msgspec.structs.replace(
                old,
                stopped=event.at,
                expected=event.expected,
                reason=event.reason,
                output=event.output,
            )
    services[event.service] = new


def _result(
    check: PlannedCheck,
    started: CheckStarted | None,
    start: float | None,
    attempts: tuple[CheckFinished, ...],
    ended: CheckPrecluded | None,
    interrupted: str,
) -> CheckResult:
    command = started.command if started else ""
    if check.decision is Decision.SKIP:
        return CheckResult(
            check=check,
            status=Status.SKIPPED,
            reason=check.reason,
            skip=check.skip,
            override=check.override,
        )
    if attempts:
        last = attempts[-1]
        return CheckResult(
            check=check,
            status=settle(attempts),
            reason=_said(attempts),
            override=check.override,
            command=command,
            start=attempts[0].started if start is None else start,
            end=last.at,
            attempts=attempts,
            reused_from=last.reused_from,
        )
    match ended:
        case CheckPrecluded(reason=reason):
            pass
        case None if started is not None:
            reason = "started, but the run ended before it did"
        case None:
            reason = (
                f"never ran: {interrupted}" if interrupted else "never ran: the run was cut short"
            )
    return CheckResult(
        check=check,
        status=Status.PRECLUDED,
        reason=reason,
        override=check.override,
        command=command,
        start=start,
    )


def _said(attempts: tuple[CheckFinished, ...]) -> str:
    """The last attempt's message; that of the grave failure when another followed it."""
    grave = next((one for one in attempts if one.outcome.failure is not None), attempts[-1])
    return grave.outcome.message


def settle(attempts: tuple[CheckFinished, ...]) -> Status:
    """Passed after a failed attempt, or failed after a passed one, is flaky.

    Otherwise the last attempt decides, also when its failure is one that no attempt makes good.
    """
    final = attempts[-1].outcome
    before = {attempt.outcome.status for attempt in attempts[:-1]}
    if any(attempt.outcome.failure is not None for attempt in attempts):
        return Status.ERRORED if final.status is Status.ERRORED else Status.FAILED
    if final.status is Status.PASSED and before - {Status.PASSED}:
        return Status.FLAKY
    if final.status is Status.FAILED and before & {Status.PASSED, Status.FLAKY}:
        return Status.FLAKY
    return final.status
