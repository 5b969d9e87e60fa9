"""Supervises child processes: one pipe, one process group and one deadline each, from one loop.

A child is spawned with `posix_spawn` (vfork speed whatever the size of this process; no
`preexec_fn`, no thread), its two output streams merged into one pipe in the order it wrote them.
It is over when the *process* ends (pidfd), not when its pipe does: a grandchild may hold the pipe
for ever. What it leaves behind is named, killed and reaped before its end is reported.

A deadline or `stop` sends INT to the group, then TERM, then KILL, with a grace between.
"""

from __future__ import annotations

import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Mapping

from harness.model.result import Usage
from harness.system import orphans, watchdog
from harness.system.capture import Capture
from harness.system.child import Child, Ended, Launch, signal_name
from harness.system.custody import Custody
from harness.system.loop import Loop
from harness.system.programs import (
    StartError,
    explain_start_failure,
    find_program,
    search_path_of,
)
from harness.system.redact import Redactor

LEAK_GRACE_SECONDS = 0.2
"""How long a descendant may outlive its check unblamed: helpers often end a moment later."""
PIPE_GRACE_SECONDS = 0.5
KILL_PATIENCE_SECONDS = 5.0
_LINGER_POLL_SECONDS = 0.01
_EXIT_POLL_SECONDS = 0.01
_READ_BYTES = 65536
# Python ignores SIGPIPE and SIGXFSZ, a background shell ignores INT and QUIT; children must not.
_DEFAULT_SIGNALS = [
    signal.SIGPIPE,
    signal.SIGXFSZ,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGHUP,
]
# A make that started us must not lend its job tokens to a make that a check starts: the descriptors
# are not passed on, and make would warn about that in the middle of a build that counts warnings.
_DROPPED_VARIABLES = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")


class Supervisor:
    """Owns every child of this process while it lives; use from one thread, on a `Loop`.

    `environ` is what children inherit. `close` kills whatever still runs.
    """

    def __init__(
        self, loop: Loop, *, environ: Mapping[str, str], redactor: Redactor, python: str = ""
    ) -> None:
        self.loop = loop
        self.redactor = redactor
        self._environ = {
            name: value for name, value in environ.items() if name not in _DROPPED_VARIABLES
        }
        outer = environ.get(orphans.TRACE, "")
        self._trace = f"{outer}/{secrets.token_hex(4)}" if outer else secrets.token_hex(4)
        self.notes: list[str] = []
        """What happened that belongs to no child; whoever reports it empties the list."""
        self._custody = Custody(self._trace, self.notes)
        self._count = 0
        self._here = os.getcwd()  # noqa: PTH109 - a string, compared on every spawn
        self._null = os.open(os.devnull, os.O_RDONLY)
        self._pidfds = hasattr(os, "pidfd_open")
        self._watchdog: tuple[int, int] | None = None
        self._limits = [limit for limit in (self._custody.census.limits(),) if limit]
        self._watch(python or sys.executable)

    def _watch(self, python: str) -> None:
        if sys.platform != "linux":
            self._limits.append(
                "a harness killed by SIGKILL leaves its children running on this system"
            )
            return
        self._watchdog = watchdog.start(self._trace, python, self._environ)
        self._custody.own(self._watchdog[0])

    @property
    def limits(self) -> tuple[str, ...]:
        """What this system cannot promise, in words; empty on Linux."""
        return tuple(self._limits)

    def start(
        self,
        launch: Launch,
        on_end: Callable[[Ended], None],
        on_output: Callable[[bytes], None] | None = None,
    ) -> Child:
        """Start a child; `on_end` is called once, later, from the loop.

        Raises `StartError` with the reason and what to do when it cannot be started.
        """
        self._count += 1
        child = Child(
            launch, self._count, Capture(launch.output_file, self.redactor, on_output), on_end
        )
        env = {**self._environ, **launch.env, orphans.TRACE: f"{self._trace}.{self._count}"}
        child.pipe, writer = os.pipe()
        try:
            child.pid = self._spawn(launch, env, writer)
        except StartError:
            os.close(child.pipe)
            raise
        finally:
            os.close(writer)
        os.set_blocking(child.pipe, False)
        self._custody.take(child)
        self.loop.on_readable(child.pipe, lambda: self._read(child))
        self._await_exit(child)
        if launch.deadline is not None:
            child.deadline = self.loop.after(launch.deadline, lambda: self._expire(child))
        return child

    def _spawn(self, launch: Launch, env: dict[str, str], writer: int) -> int:
        elsewhere = launch.cwd != self._here
        if elsewhere:
            # posix_spawn has no working folder in Python. Nothing else runs in between.
            try:
                os.chdir(launch.cwd)
            except OSError as error:
                raise StartError(
                    f"working folder {launch.cwd} cannot be entered: {error.strerror}"
                ) from error
        program = launch.argv[0]
        try:
            program = find_program(program, search_path_of(env))
            return os.posix_spawn(
                program,
                launch.argv,
                env,
                file_actions=(
                    (os.POSIX_SPAWN_DUP2, self._null, 0),
                    (os.POSIX_SPAWN_DUP2, writer, 1),
                    (os.POSIX_SPAWN_DUP2, writer, 2),
                ),
                setpgroup=0,
                setsigmask=(),
                setsigdef=_DEFAULT_SIGNALS,
            )
        except OSError as error:
            raise StartError(explain_start_failure(error, program, launch.cwd)) from error
        except ValueError as error:
            raise StartError(f"{program}: {error} in its arguments or environment") from error
        finally:
            if elsewhere:
                os.chdir(self._here)

    def _await_exit(self, child: Child) -> None:
        if self._pidfds:
            try:
                child.pidfd = os.pidfd_open(child.pid)
            except OSError:
                self._pidfds = False  # an old kernel, or a container that forbids it
            else:
                self.loop.on_readable(child.pidfd, lambda: self._exited(child))
                return
        child.exit_poll = self.loop.after(_EXIT_POLL_SECONDS, lambda: self._poll_exit(child))

    def _poll_exit(self, child: Child) -> None:
        """Without pidfds: ask whether the process ended, leaving it to be reaped."""
        if os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            child.exit_poll = self.loop.after(_EXIT_POLL_SECONDS, lambda: self._poll_exit(child))
        else:
            self._exited(child)

    def _read(self, child: Child) -> None:
        try:
            data = os.read(child.pipe, _READ_BYTES)
        except BlockingIOError:
            return
        if data:
            child.capture.feed(data)
        else:
            self._close_pipe(child)

    def _close_pipe(self, child: Child) -> None:
        if child.pipe >= 0:
            self.loop.forget(child.pipe)
            os.close(child.pipe)
            child.pipe = -1

    def _exited(self, child: Child) -> None:
        """The process ended: take the census while its id is still its own, then reap it."""
        if child.pidfd >= 0:
            self.loop.forget(child.pidfd)
            os.close(child.pidfd)
            child.pidfd = -1
        if child.deadline is not None:
            child.deadline.cancel()
        if not self._custody.census.works:
            orphans.kill_family(child.pid, signal.SIGKILL)
        self._custody.take_census()
        _, child.status, used = os.wait4(child.pid, 0)
        self._custody.reaped(child)
        child.ended_at = child.quiet_since = time.monotonic()
        child.usage = Usage(
            user_seconds=used.ru_utime,
            system_seconds=used.ru_stime,
            max_rss_kib=used.ru_maxrss if sys.platform == "linux" else used.ru_maxrss // 1024,
        )
        self._drain(child)
        if child.pipe < 0 and not child.orphans:
            self._finish(child)
        else:
            self._linger(child)

    def _drain(self, child: Child) -> None:
        """Read what a pipe can hold; whoever still writes is read by the loop."""
        for _ in range(16):
            if child.pipe < 0:
                return
            try:
                data = os.read(child.pipe, _READ_BYTES)
            except BlockingIOError:
                return
            if not data:
                self._close_pipe(child)
                return
            child.capture.feed(data)

    def _linger(self, child: Child) -> None:
        """After the end: wait out short-lived leftovers, kill the others, wait for the pipe."""
        self._custody.take_census()
        child.orphans = {pid for pid in child.orphans if not orphans.reap(pid)}
        now = time.monotonic()
        if child.orphans:
            child.quiet_since = now
            if now - child.ended_at >= self._leak_grace(child):
                self._end_orphans(child)
            if now - child.ended_at > KILL_PATIENCE_SECONDS:
                self._finish(child)
                return
        elif child.pipe < 0 or now - child.quiet_since >= PIPE_GRACE_SECONDS:
            self._finish(child)
            return
        self.loop.after(_LINGER_POLL_SECONDS, lambda: self._linger(child))

    def _leak_grace(self, child: Child) -> float:
        # Who was told to stop has had its grace already.
        return 0.0 if child.timed_out or child.stopped else LEAK_GRACE_SECONDS

    def _end_orphans(self, child: Child) -> None:
        for pid in child.orphans:
            if pid not in child.leaked and not self._was_told(child, pid):
                child.leaked[pid] = orphans.describe(pid)
        for pid in child.orphans:
            orphans.kill_family(pid, signal.SIGKILL)

    def _was_told(self, child: Child, pid: int) -> bool:
        """Whether ending this process was our own doing: its group was signalled on purpose."""
        if not child.timed_out and not child.stopped:
            return False
        try:
            return os.getpgid(pid) == child.pid
        except ProcessLookupError:
            return True

    def _finish(self, child: Child) -> None:
        notes: list[str] = []
        if child.pipe >= 0:
            notes.append(
                "the output pipe is still held by a process outside the check's family;"
                " what it prints from now on is not kept"
            )
            self._close_pipe(child)
        notes.extend(f"{orphans.describe(pid)} could not be ended" for pid in child.orphans)
        self._custody.close(child)
        output = child.capture.finish()
        status = child.status or 0
        killed = os.WIFSIGNALED(status)
        child.on_end(
            Ended(
                output=output,
                output_file=child.capture.path,
                output_truncated=child.capture.truncated,
                duration=child.ended_at - child.started,
                usage=child.usage,
                exit_code=None if killed else os.WEXITSTATUS(status),
                signal=signal_name(os.WTERMSIG(status)) if killed else "",
                timed_out=child.timed_out,
                stopped=child.stopped,
                leaked=tuple(child.leaked.values()),
                notes=tuple(notes),
                storage_error=child.capture.error,
            )
        )

    def _expire(self, child: Child) -> None:
        child.timed_out = True
        self._escalate(child)

    def stop(self, child: Child, reason: str, *, at_once: bool = False) -> None:
        """Ask a child to end, INT then TERM then KILL; `at_once` begins with KILL."""
        if not child.running:
            return
        if at_once:
            child.stopped = child.stopped or reason
            self._signal(child, signal.SIGKILL)
        elif not child.stopped and not child.timed_out:
            child.stopped = reason
            self._escalate(child)

    def terminate(self, child: Child, reason: str) -> None:
        """Ask a service to end: TERM, then KILL after the launch's `terminate_grace`."""
        if child.running and not child.stopped:
            child.stopped = reason
            self._terminate(child)

    def _escalate(self, child: Child) -> None:
        self._signal(child, signal.SIGINT)
        self._next_step(child, child.launch.interrupt_grace, self._terminate)

    def _terminate(self, child: Child) -> None:
        self._signal(child, signal.SIGTERM)
        self._next_step(
            child,
            child.launch.terminate_grace,
            lambda late: self._signal(late, signal.SIGKILL),
        )

    def _next_step(self, child: Child, grace: float, step: Callable[[Child], None]) -> None:
        if child.deadline is not None:
            child.deadline.cancel()
        child.deadline = self.loop.after(grace, lambda: step(child) if child.running else None)

    def _signal(self, child: Child, number: signal.Signals) -> None:
        if not child.running:
            return
        try:
            # Not reaped yet, so the group is still this child's.
            os.killpg(child.pid, number)
        except PermissionError:
            self.notes.append(f"{orphans.describe(child.pid)} may not be signalled by this user")

    @property
    def busy(self) -> bool:
        """Whether any child runs or lingers."""
        return bool(self._custody.open)

    def close(self) -> None:
        """Kill and reap whatever is left, then the watchdog. Safe to call after any failure."""
        for child in list(self._custody.open.values()):
            self.stop(child, "the harness is ending", at_once=True)
        limit = time.monotonic() + KILL_PATIENCE_SECONDS
        self._custody.take_census()
        while (self.busy or self._custody.dying) and time.monotonic() < limit:
            self.loop.run_once(_LINGER_POLL_SECONDS)
            self._custody.take_census()
        self._custody.census.close()
        if self._watchdog is not None:
            watchdog.stop(*self._watchdog)
            self._watchdog = None
        if self._null >= 0:
            os.close(self._null)
            self._null = -1
