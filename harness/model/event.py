"""The closed, versioned union of everything that can happen in a run.

Recorders and reporters see these and nothing else. `at` is in seconds since the run began, from a
monotonic clock; the only wall-clock time is `RunStarted.started_at`.
"""

from __future__ import annotations

import msgspec

from harness.model.base import Record
from harness.model.history import Comparison, Mark
from harness.model.plan import Plan
from harness.model.result import Outcome, Output, Status, Usage
from harness.model.trace import Trace

EVENT_SCHEMA = 1


class _Event(Record, tag_field="event", tag=str, frozen=True):
    """What every event has."""

    at: float


class RunStarted(_Event, tag="run-started", frozen=True):
    """The first line of a journal: all that a report needs beside the events themselves.

    `started_at` is ISO 8601 in UTC. `source` names what was verified (commit, dirty or not).
    `trace` is there when the run is exported as a trace.
    """

    schema: int
    run_id: str
    started_at: str
    harness_version: str
    command: str
    root: str
    source: dict[str, str]
    plan: Plan
    trace: Trace | None = None


class CheckStarted(_Event, tag="check-started", frozen=True):
    """A check's process is about to start; `command` is what a person would type to repeat it."""

    check: str
    command: str
    attempt: int = 1


class CheckFinished(_Event, tag="check-finished", frozen=True):
    """A check ended on its own, by deadline, or because the harness could not run it.

    `exit_code` is None when a signal ended it or it never started. `leaked` names processes that
    outlived the check (they were killed).
    """

    check: str
    outcome: Outcome
    started: float
    output: Output = Output()
    usage: Usage = Usage()
    exit_code: int | None = None
    signal: str = ""
    timed_out: bool = False
    leaked: tuple[str, ...] = ()
    attempt: int = 1
    reused_from: str = ""


class CheckPrecluded(_Event, tag="check-precluded", frozen=True):
    """A planned check never ran: a dependency failed, or the run was cut short."""

    check: str
    reason: str


class ServiceStarted(_Event, tag="service-started", frozen=True):
    """A service's process runs; `ports` are the free ports it was given."""

    service: str
    command: str
    ports: dict[str, int]


class ServiceReady(_Event, tag="service-ready", frozen=True):
    """A service passed its readiness probe."""

    service: str


class ServiceStopped(_Event, tag="service-stopped", frozen=True):
    """A service was torn down, or ended by itself (`expected` false, with the reason)."""

    service: str
    expected: bool
    reason: str
    output: Output = Output()


class Noted(_Event, tag="noted", frozen=True):
    """Something a reader of the run should know that belongs to no check."""

    text: str


class RunResumed(_Event, tag="run-resumed", frozen=True):
    """A run that was cut short goes on; `at` goes on from the last event before.

    `resumed_at` is ISO 8601 in UTC. Checks that had ended are not run again; those that had begun
    and not ended are.
    """

    resumed_at: str
    harness_version: str
    command: str


class Compared(_Event, tag="compared", frozen=True):
    """What earlier runs say, known when all checks have ended: marks by check, newest last.

    `comparison` is None when there is no earlier run to compare with.
    """

    marks: dict[str, tuple[Mark, ...]] = {}
    comparison: Comparison | None = None


class RunInterrupted(_Event, tag="run-interrupted", frozen=True):
    """A signal (or a full disk) ended the run early."""

    reason: str


class RunFinished(_Event, tag="run-finished", frozen=True):
    """The last line of a complete journal; without it a run is INCOMPLETE."""


Event = (
    RunStarted
    | CheckStarted
    | CheckFinished
    | CheckPrecluded
    | ServiceStarted
    | ServiceReady
    | ServiceStopped
    | Noted
    | RunResumed
    | Compared
    | RunInterrupted
    | RunFinished
)

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def encode(event: Event) -> bytes:
    """One line of JSON without its newline; the inverse of `decode`."""
    return _encoder.encode(event)


def decode(line: bytes) -> Event:
    """The event of one journal line. Raises `msgspec.DecodeError` or `msgspec.ValidationError`."""
    return _decoder.decode(line)


__all__ = [
    "EVENT_SCHEMA",
    "CheckFinished",
    "CheckPrecluded",
    "CheckStarted",
    "Compared",
    "Event",
    "Noted",
    "RunFinished",
    "RunInterrupted",
    "RunResumed",
    "RunStarted",
    "ServiceReady",
    "ServiceStarted",
    "ServiceStopped",
    "Status",
    "decode",
    "encode",
]
