"""Asks once, without blocking, whether something answers on a loopback port."""

from __future__ import annotations

import errno
import os
import re
import socket
from collections.abc import Callable

from harness.system.loop import Loop

HOST = "127.0.0.1"
ATTEMPT_SECONDS = 2.0
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3})")


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now. Somebody may before they are used: callers retry."""
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(count)]
    try:
        # All are bound before any is let go, so the same port is not given twice.
        for one in sockets:
            one.bind((HOST, 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()


class Attempt:
    """One try to connect and, given a path, to GET it. Calls back once: "" or why not."""

    def __init__(
        self, loop: Loop, port: int, path: str | None, on_result: Callable[[str], None]
    ) -> None:
        """Begin; `path` None means that an accepted connection is enough."""
        self._loop = loop
        self._port = port
        self._path = path
        self._on_result = on_result
        self._received = b""
        self._watching = False
        self._timer = loop.after(ATTEMPT_SECONDS, lambda: self._end("no answer in time"))
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._over = False
        self._socket.setblocking(False)
        code = self._socket.connect_ex((HOST, port))
        if code not in (0, errno.EINPROGRESS):
            self._end(os.strerror(code))
            return
        self._watch(self._connected, writable=True)

    def cancel(self) -> None:
        """Give up without calling back."""
        self._on_result = lambda _: None
        self._end("cancelled")

    def _watch(self, callback: Callable[[], None], *, writable: bool = False) -> None:
        fd = self._socket.fileno()
        if self._watching:
            self._loop.forget(fd)
        self._watching = True
        (self._loop.on_writable if writable else self._loop.on_readable)(fd, callback)

    def _connected(self) -> None:
        code = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self._end(os.strerror(code))
        elif self._path is None:
            self._end("")
        else:
            request = (
                f"GET {self._path} HTTP/1.1\r\nHost: {HOST}:{self._port}\r\n"
                "User-Agent: release-manager\r\nConnection: close\r\n\r\n"
            )
            try:
                self._socket.sendall(request.encode())
            except OSError as error:
                self._end(error.strerror or str(error))
                return
            self._watch(self._answered)

    def _answered(self) -> None:
        try:
            data = self._socket.recv(4096)
        except BlockingIOError:
            return
        except OSError as error:
            self._end(error.strerror or str(error))
            return
        self._received += data
        match = _STATUS_LINE.match(self._received)
        if match is not None:
            code = int(match[1])
            self._end("" if 200 <= code < 300 else f"{self._path} answered {code}")
        elif not data or len(self._received) > 64:
            self._end(f"{self._path} did not answer in HTTP")

    def _end(self, result: str) -> None:
        self._timer.cancel()
        if self._over:
            return
        self._over = True
        if self._watching:
            self._loop.forget(self._socket.fileno())
        self._socket.close()
        self._on_result(result)
