"""What is started, what runs, and how it ended: the data of supervision."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from harness.model.result import Output, Usage
from harness.system.capture import Capture
from harness.system.loop import Timer


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """What to start. `cwd` is absolute; `env` is added to the supervisor's own environment."""

    name: str
    argv: tuple[str, ...]
    cwd: str
    output_file: Path
    env: Mapping[str, str] = {}
    deadline: float | None = None
    interrupt_grace: float = 2.0
    terminate_grace: float = 3.0


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How a child ended: `exit_code`, or `signal` by name. Times are in seconds.

    `stopped` says why `stop` was called, `leaked` names the processes that outlived the child,
    `notes` holds what else a reader should know, `storage_error` why output could not be kept.
    """

    output: Output
    output_file: Path
    output_truncated: bool
    duration: float
    usage: Usage
    exit_code: int | None = None
    signal: str = ""
    timed_out: bool = False
    stopped: str = ""
    leaked: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    storage_error: OSError | None = None


class Child:
    """A running child; made by `Supervisor.start` only."""

    __slots__ = (
        "capture",
        "deadline",
        "ended_at",
        "exit_poll",
        "launch",
        "leaked",
        "number",
        "on_end",
        "orphans",
        "pid",
        "pidfd",
        "pipe",
        "quiet_since",
        "started",
        "status",
        "stopped",
        "timed_out",
        "usage",
    )

    def __init__(
        self, launch: Launch, number: int, capture: Capture, on_end: Callable[[Ended], None]
    ) -> None:
        self.launch = launch
        self.number = number
        self.capture = capture
        self.on_end = on_end
        self.pid = 0
        self.pidfd = -1
        self.pipe = -1
        self.started = time.monotonic()
        self.deadline: Timer | None = None
        self.exit_poll: Timer | None = None
        self.timed_out = False
        self.stopped = ""
        self.status: int | None = None
        self.usage = Usage()
        self.ended_at = 0.0
        self.quiet_since = 0.0
        self.orphans: set[int] = set()
        self.leaked: dict[int, str] = {}

    @property
    def running(self) -> bool:
        """Whether the process itself has not ended yet."""
        return self.status is None


def signal_name(number: int) -> str:
    """`SIGSEGV` for 11; real-time signals by number."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
