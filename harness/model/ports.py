"""The edges of the harness, as protocols: what pure code may ask of the world.

Concrete objects are built by `cli/` alone; fakes in tests implement the same protocols.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import msgspec

from harness.model.base import Record
from harness.model.event import Event
from harness.model.result import Outcome, Output, Usage


class Clock(Protocol):
    """Time as a run sees it."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary point; never goes back."""
        ...


class EventSink(Protocol):
    """Whoever wants to see events: the journal, the progress display, a machine's JSON stream."""

    def emit(self, event: Event) -> None:
        """Take one event. Raises `OSError` when it could not be kept."""
        ...


class ServiceAddress(Record, frozen=True):
    """Where a ready service answers: its host and its named ports."""

    host: str
    ports: dict[str, int]

    @property
    def url(self) -> str:
        """The base URL of the first port, or an empty text when it has none."""
        for port in self.ports.values():
            return f"http://{self.host}:{port}"
        return ""


class CheckContext(msgspec.Struct, frozen=True, kw_only=True):
    """What a kind may know when it prepares a check's command.

    `work` is a private, empty folder of this check and attempt, inside `run_folder`; result files
    and attachments go there. It is made before `prepare`, unless the kind says `needs_work = False`
    and no option mentions `${{ run.work }}`. `cpus` is the share of the machine the check holds.
    """

    check_id: str
    root: Path
    work: Path
    python: str
    cpus: int
    services: dict[str, ServiceAddress]
    run_folder: Path = Path()


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """What to run: arguments, never a shell string. `cwd` is relative to the root."""

    argv: tuple[str, ...]
    env: dict[str, str] = {}
    cwd: str = "."


class Completed(msgspec.Struct, frozen=True, kw_only=True):
    """How a command ended. Exactly one of: `exit_code`, `signal`, `start_error`.

    `output_file` holds everything the command printed up to the hard limit (the `output` in the
    journal keeps only both ends); it exists when `output.total_bytes` is not 0. A
    kind that counts must read the file, and must not trust counts when `output_truncated` is true.
    """

    output: Output
    output_file: Path
    output_truncated: bool
    duration: float
    usage: Usage
    exit_code: int | None = None
    signal: str = ""
    start_error: str = ""
    timed_out: bool = False


class Kind(Protocol):
    """The plug-in that runs one sort of check (`uses:`)."""

    name: str
    summary: str
    options: type[msgspec.Struct]
    """An `Entry` type: the kind's `with:`; it lands in the JSON Schema that editors read."""

    def prepare(self, options: Any, context: CheckContext) -> Command:
        """The command that answers the check. Raises `harness.errors.CheckSetupError`."""
        ...

    def conclude(self, options: Any, context: CheckContext, completed: Completed) -> Outcome:
        """What the finished command means. Anything unreadable is `errored`, never `passed`."""
        ...
