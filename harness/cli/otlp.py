"""`--otlp`: a run as a trace, sent when it is over; no collector can change a verdict."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from harness.cli.replay import Replayed
    from harness.model.ports import Clock
    from harness.model.trace import Trace


def exporting(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--otlp` to a command: None when it is not given, empty for the usual endpoint."""
    return click.option(
        "--otlp",
        is_flag=False,
        flag_value="",
        default=None,
        metavar="[ENDPOINT]",
        help="Send the run to an OpenTelemetry collector as a trace. OTEL_EXPORTER_OTLP_* say"
        " where and how; else to http://localhost:4318.",
    )(function)


def begin_trace(endpoint: str | None, clock: Clock) -> Trace | None:
    """What the run's header keeps of the trace it will be; None when none is wanted.

    Raises `UsageError` for an address that cannot be one, and `MissingCapabilityError` without the
    exporter: both before anything runs.
    """
    if endpoint is None:
        return None
    from harness.model.trace import PARENT_VARIABLE, STATE_VARIABLE, received

    require_export(endpoint)
    return received(
        os.environ.get(PARENT_VARIABLE, ""),
        os.environ.get(STATE_VARIABLE, ""),
        time.time_ns() - int(clock.monotonic() * 1_000_000_000),
    )


def require_export(endpoint: str | None) -> None:
    """Raise what `begin_trace` raises, before the work is done."""
    if endpoint is None:
        return
    from harness.record.otlp import address, require_exporter

    address(endpoint, os.environ)
    require_exporter()


def send_trace(replayed: Replayed, endpoint: str | None) -> None:
    """Send the recorded run; what goes wrong is said, and said how to try again."""
    if endpoint is None:
        return
    from harness.record.otlp import NotSentError, address, send
    from harness.report.trace import as_trace

    run_id = replayed.run.header.run_id
    where = address(endpoint, os.environ)
    trace = as_trace(replayed.run, replayed.verdict)
    try:
        send(trace, where)
    except NotSentError as error:
        click.echo(
            f"warning: the trace was not sent to {where}: {error}; the verdict stands;"
            f" try again with `release-manager report {run_id} --otlp`",
            err=True,
        )
    else:
        click.echo(f"trace {trace.trace_id} sent to {where} ({len(trace.spans):,} spans)", err=True)
