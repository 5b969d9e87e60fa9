"""Sends a trace to an OpenTelemetry collector, as OTLP over HTTP.

The exporter is OpenTelemetry's own (the extra `otlp`), imported when a trace is asked for and not
before; it reads `OTEL_EXPORTER_OTLP_*` for headers, certificates, compression and time-outs.
"""

from __future__ import annotations

import importlib.util
import logging
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harness.errors import MissingCapabilityError, UsageError
from harness.model.trace import Span, SpanKind, TraceExport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan

DEFAULT_ENDPOINT = "http://localhost:4318"
PATH = "/v1/traces"
_PACKAGES = ("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http")
_BATCH = 512  # what OpenTelemetry's own batch processor sends at once
_PROTOCOLS = ("", "http/protobuf")


class NotSentError(Exception):
    """The collector did not take the trace; the message says why."""


def require_exporter() -> None:
    """Raise `MissingCapabilityError` unless the extra `otlp` is installed."""
    for name in _PACKAGES:
        try:
            found = importlib.util.find_spec(name)
        except ModuleNotFoundError:
            found = None
        if found is None:
            raise MissingCapabilityError(
                f"--otlp needs the Python package of {name}, which is not installed",
                next_step="install it with `pip install 'release-manager[otlp]'`",
            )


def address(endpoint: str, environ: Mapping[str, str]) -> str:
    """Where spans go: an endpoint given by hand, or what the environment says, or this machine.

    As OpenTelemetry has it, `/v1/traces` follows a base address, and
    `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` is taken as it is. Raises `UsageError` for what cannot be
    an address, and for credentials in one.
    """
    source, whole = "--otlp", ""
    if not endpoint:
        protocol = environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or environ.get(
            "OTEL_EXPORTER_OTLP_PROTOCOL", ""
        )
        if protocol not in _PROTOCOLS:
            raise UsageError(
                f"OTEL_EXPORTER_OTLP_PROTOCOL is {protocol!r}, and a run is sent as http/protobuf",
                next_step="name the collector's HTTP port: --otlp=http://HOST:4318",
            )
        if whole := environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", ""):
            source = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
        elif endpoint := environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", ""):
            source = "OTEL_EXPORTER_OTLP_ENDPOINT"
        else:
            endpoint = DEFAULT_ENDPOINT
    base = endpoint.rstrip("/")
    found = whole or (base if base.endswith(PATH) else base + PATH)
    try:
        parts = urlsplit(found)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(
            f"{source}: {whole or endpoint!r} is no address of a collector",
            next_step="write it as --otlp=http://HOST:4318, or put --otlp behind the SELECTION",
        )
    if "@" in parts.netloc:
        raise UsageError(
            f"{source}: the address holds credentials, which would be recorded with the run",
            next_step="give them in OTEL_EXPORTER_OTLP_HEADERS",
        )
    return found


def send(trace: TraceExport, endpoint: str) -> None:
    """Send every span. Raises `NotSentError` at the first batch that is not taken."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace.export import SpanExportResult

    with _Heard() as heard:
        try:
            exporter = OTLPSpanExporter(endpoint=endpoint)
        except (ValueError, OSError) as error:
            raise NotSentError(f"its settings cannot be used ({error})") from error
        try:
            resource = Resource.create(dict(trace.resource))
            for start in range(0, len(trace.spans), _BATCH):
                batch = [
                    _readable(span, trace, resource) for span in trace.spans[start : start + _BATCH]
                ]
                if exporter.export(batch) is not SpanExportResult.SUCCESS:
                    raise NotSentError(heard.first or "the collector did not take it")
        finally:
            exporter.shutdown()  # type: ignore[no-untyped-call]


class _Heard(logging.Handler):
    """Keeps what the exporter logs, which is the only place where it says why it failed."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.first = ""
        self._logger = logging.getLogger("opentelemetry")
        self._propagated = self._logger.propagate

    def __enter__(self) -> _Heard:
        self._logger.addHandler(self)
        self._logger.propagate = False
        return self

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self)
        self._logger.propagate = self._propagated

    def emit(self, record: logging.LogRecord) -> None:
        # What follows the first word is only how often it tried again.
        self.first = self.first or " ".join(record.getMessage().split())[:500]


def _readable(span: Span, trace: TraceExport, resource: Resource) -> ReadableSpan:
    """The span as the exporter takes it."""
    from opentelemetry.sdk.trace import Event, ReadableSpan
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags, TraceState
    from opentelemetry.trace import SpanKind as Kind

    state = TraceState.from_header([trace.state]) if trace.state else TraceState()

    def context(span_id: str) -> SpanContext:
        return SpanContext(
            trace_id=int(trace.trace_id, 16),
            span_id=int(span_id, 16),
            is_remote=span_id == trace.remote_parent,
            trace_flags=TraceFlags(TraceFlags.SAMPLED),
            trace_state=state,
        )

    return ReadableSpan(
        name=span.name,
        context=context(span.span_id),
        parent=context(span.parent) if span.parent else None,
        resource=resource,
        attributes=span.attributes,
        events=tuple(
            Event(event.name, attributes=event.attributes, timestamp=event.at_ns)
            for event in span.events
        ),
        kind=Kind.SERVER if span.kind is SpanKind.SERVER else Kind.INTERNAL,
        status=Status(StatusCode.UNSET)
        if span.error is None
        else Status(StatusCode.ERROR, span.error),
        start_time=span.start_ns,
        end_time=span.end_ns,
        instrumentation_scope=InstrumentationScope("release-manager"),
    )
