"""What the dispatcher asks of a machine that runs checks; local processes are one such machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from harness.model.event import Event
from harness.model.plan import PlannedCheck


class Executor(Protocol):
    """Runs checks together with the services they need, and tells what happens as events.

    For each submitted check exactly one `CheckFinished` or `CheckPrecluded` comes, in the end,
    of each attempt.
    """

    def submit(self, check: PlannedCheck, cpus: int, attempt: int = 1) -> None:
        """Run a check, with this share of the machine; attempts count from 1."""
        ...

    def wait(self, timeout: float | None) -> Sequence[Event]:
        """What happened since the last call; sleeps until something does, or `timeout` is over."""
        ...

    def cancel(self, reason: str, *, at_once: bool) -> None:
        """End every submitted check: cleanly, or `at_once`."""
        ...

    def retire(self, service: str) -> None:
        """No check that needs this service will be submitted any more."""
        ...

    def finish(self) -> Sequence[Event]:
        """Stop every service, wait for that, and tell what happened."""
        ...

    def close(self) -> None:
        """Leave nothing running, whatever happened before."""
        ...

    @property
    def refusal(self) -> OSError | None:
        """Why this machine can keep no more evidence (full disk, read-only folder), once so."""
        ...
