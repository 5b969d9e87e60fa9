"""What a run that begins and one that goes on have in common."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.model.event import Event
    from harness.model.ports import EventSink


class RunClock:
    """Seconds since the run began; never goes back."""

    def __init__(self, at: float = 0.0) -> None:
        """Begin now, or go on at the time of a cut-short run's last event, in seconds."""
        self._zero = time.monotonic() - at

    def monotonic(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._zero


class Tee:
    """Hands each event to the journal, which must keep it, and then to the display."""

    def __init__(self, journal: EventSink, display: EventSink) -> None:
        """Name both."""
        self._journal = journal
        self._display = display
        self._watched = True

    def emit(self, event: Event) -> None:
        """Keep the event, then show it. Raises `OSError` when it could not be kept."""
        self._journal.emit(event)
        if self._watched:
            try:
                self._display.emit(event)
            except OSError:
                # Nobody looks any more (`| head`), or what is shown goes to a full disk; the run
                # goes on, and its record is kept.
                self._watched = False
