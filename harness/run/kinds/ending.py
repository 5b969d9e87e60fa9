"""What every kind says alike: how a command ended, and what it printed."""

from __future__ import annotations

from harness.errors import EvidenceError
from harness.model.ports import Completed
from harness.model.result import Outcome, Status


def how_it_ended(completed: Completed) -> str:
    """`exit 2`, `killed by SIGSEGV`, `still ran at its deadline`, `could not be started`."""
    if completed.start_error:
        return f"could not be started: {completed.start_error}"
    if completed.timed_out:
        return f"still ran at its deadline and was ended; it took {completed.duration:.1f} s in all"
    if completed.signal:
        return f"killed by {completed.signal}"
    return f"exit {completed.exit_code}"


def not_started_or_hung(completed: Completed) -> Outcome | None:
    """The outcome of a command that never began (`errored`) or never ended (`failed`)."""
    if completed.start_error:
        return Outcome(status=Status.ERRORED, message=how_it_ended(completed))
    if completed.timed_out:
        return Outcome(status=Status.FAILED, message=how_it_ended(completed))
    return None


def read_output(completed: Completed) -> str:
    """Everything that was kept of the output, invalid UTF-8 replaced."""
    return read_output_bytes(completed).decode("utf-8", "replace")


def read_output_bytes(completed: Completed) -> bytes:
    """Everything that was kept of the output; the file exists when something was printed.

    Raises `EvidenceError` when something took the file away meanwhile.
    """
    if not completed.output.total_bytes:
        return b""
    try:
        return completed.output_file.read_bytes()
    except OSError as error:
        raise EvidenceError(
            f"{completed.output_file}: what it printed cannot be read back ({error.strerror})",
            next_step="find what removes files of the run folder while the run goes on",
        ) from error


def last_line(completed: Completed, limit: int = 200) -> str:
    """The last line that says something, shortened: often the reason of a failure."""
    text = completed.output.tail or completed.output.head
    for line in reversed(text.splitlines()):
        if line.strip():
            line = line.strip()
            return line if len(line) <= limit else line[: limit - 1] + "…"
    return ""


def with_last_line(message: str, completed: Completed) -> str:
    """A message, and the last line of the output where there is one."""
    line = last_line(completed)
    return f"{message}; it last said: {line}" if line else message


def broken_off(completed: Completed) -> Outcome | None:
    """The outcome of a command that never began, never ended or was killed; else None."""
    return not_started_or_hung(completed) or killed(completed)


def cut_short(completed: Completed, so: str) -> Outcome | None:
    """The outcome (`errored`) when part of the output was not kept, `so` something is unknown."""
    if not completed.output_truncated:
        return None
    message = f"printed more than is kept, so {so}; print less"
    return Outcome(status=Status.ERRORED, message=message)


_CRASHES = frozenset({"SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE", "SIGTRAP", "SIGSYS"})


def killed(completed: Completed) -> Outcome | None:
    """The outcome of a command that a signal ended, and which nobody here sent.

    A crash is the product's (`failed`); any other signal came from outside, out of memory for
    example (`errored`).
    """
    if not completed.signal:
        return None
    message = with_last_line(how_it_ended(completed), completed)
    if completed.signal in _CRASHES:
        return Outcome(status=Status.FAILED, message=message)
    return Outcome(
        status=Status.ERRORED,
        message=f"{message}; nobody here sent that signal (out of memory?)",
    )
