"""A run as a trace: which spans it has, and how their ids follow from the run.

Ids are derived, never drawn: the processes of a check are told their parent span before the span
is written, and a journal exported twice gives the same spans. The header that passes a context on
is W3C Trace Context (https://www.w3.org/TR/trace-context/), in the environment as OpenTelemetry
puts it there (`TRACEPARENT`, `TRACESTATE`).
"""

from __future__ import annotations

import enum
import hashlib
import re

from harness.model.base import Record

PARENT_VARIABLE = "TRACEPARENT"
STATE_VARIABLE = "TRACESTATE"
_PARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")
_LONGEST_STATE = 512
_SAMPLED = "01"

Attribute = str | bool | int | float | tuple[str, ...]


class Trace(Record, frozen=True):
    """What a run that is exported as a trace keeps in its header.

    `parent` is the `traceparent` it was started under, empty for a trace of its own; `state` is
    handed on unread. `zero_ns` is the wall clock, in nanoseconds since 1970, when the run's own
    clock said 0: whole seconds would not line up with spans that others write.
    """

    zero_ns: int
    parent: str = ""
    state: str = ""


def received(parent: str, state: str, zero_ns: int) -> Trace:
    """The trace that a caller's variables ask for; what is malformed is as if it were not there."""
    if _ids(parent) is None:
        return Trace(zero_ns=zero_ns)
    fits = len(state) <= _LONGEST_STATE and state.isascii() and state.isprintable()
    return Trace(zero_ns=zero_ns, parent=parent, state=state if fits else "")


def _ids(parent: str) -> tuple[str, str] | None:
    """Trace id and span id of a `traceparent`, when it is one."""
    match = _PARENT.fullmatch(parent)
    if match is None:
        return None
    version, trace_id, span_id, more = match.groups()
    if (
        version == "ff"
        or (version == "00" and more)
        or not (int(trace_id, 16) and int(span_id, 16))
    ):
        return None
    return trace_id, span_id


class SpanIds:
    """The ids of one run's spans, as lower-case hexadecimal: 32 digits a trace, 16 a span."""

    __slots__ = ("_run_id", "_state", "parent", "trace_id")

    def __init__(self, run_id: str, trace: Trace | None) -> None:
        """The ids of a run; without `trace` it is the root of a trace of its own."""
        self._run_id = run_id
        self._state = trace.state if trace else ""
        given = _ids(trace.parent) if trace else None
        self.trace_id, self.parent = given or (_digest(32, "trace", run_id), "")

    def run(self) -> str:
        """The span of the whole run."""
        return self._span("run")

    def phase(self, phase: str) -> str:
        """The span that holds the checks of a phase together."""
        return self._span("phase", phase)

    def service(self, service: str) -> str:
        """The span of a service's life."""
        return self._span("service", service)

    def check(self, check: str) -> str:
        """The span around all attempts of a check, where there are several."""
        return self._span("check", check)

    def attempt(self, check: str, attempt: int) -> str:
        """The span of one attempt; it stands for the check itself where there is just one."""
        return self._span("attempt", check, str(attempt))

    def test(self, check: str, attempt: int, place: int) -> str:
        """The span of the test at a place, from 0, in the records of an attempt."""
        return self._span("test", check, str(attempt), str(place))

    def environment(self, span_id: str) -> dict[str, str]:
        """What a process needs to make its spans children of this one."""
        passed = {PARENT_VARIABLE: f"00-{self.trace_id}-{span_id}-{_SAMPLED}"}
        return {**passed, STATE_VARIABLE: self._state} if self._state else passed

    def _span(self, *parts: str) -> str:
        return _digest(16, self._run_id, *parts)


def _digest(digits: int, *parts: str) -> str:
    """So many digits that depend on every part; all zeros would be no id."""
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    found = hashlib.sha256(text).hexdigest()[:digits]
    return found if int(found, 16) else found[:-1] + "1"


class SpanKind(enum.StrEnum):
    """OpenTelemetry's kinds, as far as a run has them."""

    SERVER = "server"
    INTERNAL = "internal"


class SpanEvent(Record, frozen=True):
    """Something that happened at one moment of a span."""

    name: str
    at_ns: int
    attributes: dict[str, Attribute] = {}


class Span(Record, frozen=True):
    """One span, ready to be sent. `parent` is empty for a root; `error` is empty unless it failed.

    Times are nanoseconds since 1970.
    """

    name: str
    span_id: str
    parent: str
    start_ns: int
    end_ns: int
    attributes: dict[str, Attribute]
    kind: SpanKind = SpanKind.INTERNAL
    error: str | None = None
    events: tuple[SpanEvent, ...] = ()


class TraceExport(Record, frozen=True):
    """A whole trace: what all its spans share, and the spans, parents before children."""

    trace_id: str
    remote_parent: str
    state: str
    resource: dict[str, Attribute]
    spans: tuple[Span, ...]
