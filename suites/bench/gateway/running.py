"""Programs under measurement: started, asked what they use, stopped."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from suites.bench.measure import FailedContenderError

# Linux: a process's CPU clock by its id, all threads, those that ended included (CPUCLOCK_SCHED).
_SCHED = 2
STOP_SECONDS = 20.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """A program and whatever it started."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def cpu_us(self) -> float:
        """Microseconds of CPU used so far, in user and kernel mode."""
        clocks = ((~pid << 3) | _SCHED for pid in self._pids())
        return sum(time.clock_gettime_ns(clock) for clock in clocks) / 1e3

    def peak_mib(self) -> float:
        """The most memory resident at once since the start, or since `forget_peak`."""
        return sum(_status(pid, "VmHWM") for pid in self._pids()) / 1024

    def forget_peak(self) -> None:
        """Counts the peak from now on."""
        for pid in self._pids():
            Path(f"/proc/{pid}/clear_refs").write_text("5")

    def check(self) -> None:
        """Raises `FailedContenderError` when it has ended."""
        status = self.process.poll()
        if status is not None:
            raise FailedContenderError(f"{self.name} ended with {status}:\n{self.tail()}")

    def tail(self) -> str:
        """The end of what it printed."""
        return self.log.read_text("utf-8", "replace")[-1500:]

    def _pids(self) -> list[int]:
        pids = [self.process.pid]
        for pid in pids:
            for thread in Path(f"/proc/{pid}/task").iterdir():
                pids += map(int, (thread / "children").read_text().split())
        return pids


def _status(pid: int, field: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1])
    raise FailedContenderError(f"the kernel does not say {field} of process {pid}")


@contextmanager
def running(
    name: str, argv: Sequence[str], folder: Path, env: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """Runs a program in `folder` until the block ends; what it prints goes to a file there."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            argv,
            cwd=folder,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    started = Running(name=name, process=process, log=log)
    try:
        yield started
        started.check()
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def await_port(started: Running, port: int, seconds: float = 20.0) -> None:
    """Waits until a program listens."""
    deadline = time.monotonic() + seconds
    while True:
        started.check()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if time.monotonic() > deadline:
            raise FailedContenderError(
                f"{started.name} does not listen after {seconds:.0f} s:\n{started.tail()}"
            )
        time.sleep(0.02)
