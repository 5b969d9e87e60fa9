"""One thread, one loop: file descriptors and timers, nothing else.

Everything the harness waits for (children, pipes, readiness probes, the stop flag) is registered
here, so one `run_once` call is the only place where the harness ever sleeps. No threads, no
asyncio: a spawn must never share its moment with another thread, and a task costs microseconds.
"""

from __future__ import annotations

import heapq
import itertools
import selectors
import time
from collections.abc import Callable

Callback = Callable[[], None]

_PURGE_AT = 256


class Timer:
    """A callback due at a moment; `cancel` is free and may be repeated."""

    __slots__ = ("callback", "cancelled")

    def __init__(self, callback: Callback) -> None:
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        """Never call back."""
        self.cancelled = True


class Loop:
    """Waits for descriptors and timers; times are seconds of `time.monotonic`."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._watched: dict[int, Callback] = {}
        self._timers: list[tuple[float, int, Timer]] = []
        self._sequence = itertools.count()
        self._purge_at = _PURGE_AT

    def on_readable(self, fd: int, callback: Callback) -> None:
        """Call back whenever `fd` can be read."""
        self._watched[fd] = callback
        self._selector.register(fd, selectors.EVENT_READ, callback)

    def on_writable(self, fd: int, callback: Callback) -> None:
        """Call back whenever `fd` can be written (for a connecting socket: it is connected)."""
        self._watched[fd] = callback
        self._selector.register(fd, selectors.EVENT_WRITE, callback)

    def forget(self, fd: int) -> None:
        """Stop watching `fd`; call this before closing it."""
        del self._watched[fd]
        self._selector.unregister(fd)

    def after(self, seconds: float, callback: Callback) -> Timer:
        """Call back once, `seconds` from now."""
        timer = Timer(callback)
        timers = self._timers
        heapq.heappush(timers, (time.monotonic() + seconds, next(self._sequence), timer))
        if len(timers) > self._purge_at:
            # Deadlines are mostly cancelled long before they are due; do not keep them all.
            self._timers = [entry for entry in timers if not entry[2].cancelled]
            heapq.heapify(self._timers)
            self._purge_at = max(_PURGE_AT, 2 * len(self._timers))
        return timer

    def run_once(self, timeout: float | None) -> None:
        """Wait for the next things to happen (at most `timeout` seconds) and call back for them."""
        for key, _ in self._selector.select(self._patience(timeout)):
            # An earlier callback of the same batch may have closed this descriptor, and its number
            # may name another one by now.
            callback = self._watched.get(key.fd)
            if callback is not None and callback is key.data:
                callback()
        now = time.monotonic()
        while self._timers and (self._timers[0][0] <= now or self._timers[0][2].cancelled):
            timer = heapq.heappop(self._timers)[2]
            if not timer.cancelled:
                timer.callback()

    def _patience(self, timeout: float | None) -> float | None:
        while self._timers and self._timers[0][2].cancelled:
            heapq.heappop(self._timers)
        if not self._timers:
            return timeout
        due = max(0.0, self._timers[0][0] - time.monotonic())
        return due if timeout is None else min(due, timeout)

    def close(self) -> None:
        """Let go of the selector; registered descriptors stay open."""
        self._selector.close()
        self._timers.clear()
