"""Every expected error and every exit code, in one table.

An expected error says where, what, and what to do next; the command line prints it without a
traceback. Anything else that escapes is a bug and ends with `ExitCode.BUG`.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence


class ExitCode(enum.IntEnum):
    """What the process's exit status means; each number has one meaning."""

    APPROVED = 0
    BLOCKED = 1
    USAGE = 2
    INCOMPLETE = 3
    DEFINITIONS = 4
    ENVIRONMENT = 5
    EVIDENCE = 6
    DISAGREEMENT = 7
    MISSING = 8
    BUG = 70
    INTERRUPTED = 130
    UNREAD = 141


EXIT_MEANING: dict[ExitCode, str] = {
    ExitCode.APPROVED: "done; for a run: the verdict is APPROVED",
    ExitCode.BLOCKED: "the verdict is BLOCKED: something failed; for prove: a fault survived",
    ExitCode.USAGE: "the command line is wrong",
    ExitCode.INCOMPLETE: (
        "the verdict is INCOMPLETE: nothing failed, but something required did not run;"
        " for prove: a fault is neither caught nor survived"
    ),
    ExitCode.DEFINITIONS: "phase, service, policy or fault files are invalid",
    ExitCode.ENVIRONMENT: "the machine refuses: a folder cannot be written, the disk is full",
    ExitCode.EVIDENCE: "recorded evidence is missing, damaged or cannot be read",
    ExitCode.DISAGREEMENT: "versions (or generated files) disagree",
    ExitCode.MISSING: "a demanded capability is missing on this machine",
    ExitCode.BUG: "a bug in the release manager itself",
    ExitCode.INTERRUPTED: "interrupted by a signal; the run is readable and INCOMPLETE",
    ExitCode.UNREAD: "whoever read the output went away before its end",
}


class HarnessError(Exception):
    """An expected error: `what` went wrong (with its place) and what to do next."""

    exit_code: ExitCode = ExitCode.BUG

    def __init__(self, what: str, *, next_step: str = "") -> None:
        super().__init__(f"{what}; {next_step}" if next_step else what)
        self.what = what
        self.next_step = next_step


class UsageError(HarnessError):
    """The command line asks for something that is not there."""

    exit_code = ExitCode.USAGE


class DefinitionError(HarnessError):
    """Definition files are invalid; `problems` holds every one, each as `file:line:column: …`."""

    exit_code = ExitCode.DEFINITIONS

    def __init__(self, problems: Sequence[str]) -> None:
        count = len(problems)
        super().__init__(f"{count} problem{'s' if count != 1 else ''} in the definition files")
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n".join([*self.problems, self.what])


class HostError(HarnessError):
    """The machine refuses something the harness needs."""

    exit_code = ExitCode.ENVIRONMENT


class EvidenceError(HarnessError):
    """Recorded evidence is missing, damaged or unreadable."""

    exit_code = ExitCode.EVIDENCE


class DisagreementError(HarnessError):
    """Things that must say the same do not."""

    exit_code = ExitCode.DISAGREEMENT


class MissingCapabilityError(HarnessError):
    """A capability somebody demanded is not on this machine."""

    exit_code = ExitCode.MISSING


class CheckSetupError(HarnessError):
    """One check cannot be prepared; that check is `errored`, the run goes on."""

    exit_code = ExitCode.ENVIRONMENT
