"""The one way to end a run early; safe to use from a signal handler."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop:
    """Counts requests to stop: the first ends a run cleanly, the second at once.

    `request` may be called from a signal handler: it appends to a list and writes one byte.
    """

    def __init__(self) -> None:
        """Nobody asked yet."""
        self._reasons: list[str] = []
        self._pipe: tuple[int, int] | None = None

    def request(self, reason: str) -> None:
        """Ask to stop; the reason of the first request is the run's."""
        self._reasons.append(reason)
        if self._pipe is not None:
            try:
                os.write(self._pipe[1], b"!")
            except BlockingIOError:
                return  # full of requests already: whoever waits is awake

    @property
    def requests(self) -> int:
        """How often somebody asked."""
        return len(self._reasons)

    @property
    def reason(self) -> str:
        """Why the run stops; empty when nobody asked."""
        return self._reasons[0] if self._reasons else ""

    def fileno(self) -> int:
        """A descriptor that can be read once somebody asked; `release` closes it."""
        if self._pipe is None:
            self._pipe = os.pipe()
            os.set_blocking(self._pipe[0], False)
            os.set_blocking(self._pipe[1], False)
            if self._reasons:
                os.write(self._pipe[1], b"!")
        return self._pipe[0]

    def drain(self) -> None:
        """Forget the wake-ups, not the requests."""
        try:
            os.read(self.fileno(), 4096)
        except BlockingIOError:
            return

    def release(self) -> None:
        """Close the descriptor."""
        if self._pipe is not None:
            reader, writer = self._pipe
            self._pipe = None
            os.close(reader)
            os.close(writer)


@contextlib.contextmanager
def heeding_signals(stop: Stop) -> Iterator[None]:
    """Let Ctrl-C, an end of the session and a polite kill ask `stop`, for as long as it lasts."""

    def ask(number: int, _frame: FrameType | None) -> None:
        stop.request(signal.Signals(number).name)

    before = {number: signal.signal(number, ask) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
