"""Ends every supervised process when the harness itself is killed by SIGKILL.

A tiny process in its own session reads a pipe whose only writer is the harness. Nothing is ever
written: end of file means that the harness is gone. Then every process whose environment carries
this run's trace is killed, until a whole pass finds none. A clean end kills the watchdog first.

Why not PR_SET_PDEATHSIG: it takes a wrapper per spawn (`setpriv`, 1.7 ms) or `preexec_fn` (which
turns vfork off), reaches only the direct child, and is reset by set-user-id programs. This costs
one process per run and nothing per check, and reaches grandchildren and daemons.

Run as a program (`python -I -S watchdog.py TRACE-PREFIX`), it imports nothing of the harness.
"""

import os
import signal
import sys
import time

PATIENCE_SECONDS = 5.0
_PAUSE_SECONDS = 0.01
_QUIET_PASSES = 3


def start(trace: str, python: str, environ: dict[str, str]) -> tuple[int, int]:
    """Start the watchdog of a run; its process id and the descriptor that keeps it quiet.

    The descriptor must not be inherited by anybody else, which Python sees to.
    """
    reader, writer = os.pipe()
    try:
        pid = os.posix_spawn(
            python,
            [python, "-I", "-S", "-B", __file__, trace],
            environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, reader, 0),
                (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
            ],
            setsid=True,
        )
    except OSError:
        os.close(writer)
        raise
    finally:
        os.close(reader)
    return pid, writer


def stop(pid: int, writer: int) -> None:
    """End the watchdog before it can see the pipe close."""
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(writer)


def belongs(environment: bytes, trace: bytes) -> bool:
    """Whether a process with this environment stems from the run that `trace` names."""
    wanted = b"RELEASE_MANAGER_TRACE=" + trace + b"."
    return any(entry.startswith(wanted) for entry in environment.split(b"\0"))


def family(trace: bytes) -> list[int]:
    """Living processes of the run. A process that ended or is not ours to read is none of them."""
    found = []
    for name in os.listdir("/proc"):  # noqa: PTH208
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as file:  # noqa: PTH123 - no pathlib here
                environment = file.read()
        except OSError:
            continue
        if belongs(environment, trace):
            found.append(int(name))
    return found


def main() -> int:
    """Wait for the harness to vanish, then end its family."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    trace = sys.argv[1].encode()
    while os.read(0, 4096):
        pass
    deadline = time.monotonic() + PATIENCE_SECONDS
    quiet = 0
    # A process that was being started when the harness died shows up a moment later.
    while quiet < _QUIET_PASSES and time.monotonic() < deadline:
        pids = family(trace)
        quiet = 0 if pids else quiet + 1
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(_PAUSE_SECONDS)
    return 0 if quiet else 1


if __name__ == "__main__":
    sys.exit(main())
