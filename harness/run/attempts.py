"""When a check runs once more, and what a failure was: pure, so that every rule can be tested.

Only a plain failure is worth another try. A crash, a timeout or the report of a memory or race
checker is proof of a defect however the next attempt ends, so it ends the attempts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from harness.model.event import CheckFinished
from harness.model.plan import Decision, Plan, PlannedCheck
from harness.model.ports import Completed
from harness.model.result import Failure, Outcome, Status
from harness.run.kinds.ending import read_output_bytes
from harness.run.kinds.sanitizers import find_reports, is_report

# What a shell answers for a child that SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE or SIGSEGV ended.
_CRASHED = frozenset({128 + number for number in (4, 5, 6, 7, 8, 11)})
# How runners tell that such a signal ended what they ran, where their own exit code does not:
# cargo, Go, Python, nextest, CTest, meson, shells, the JVM. A bare name in a text is not enough.
_SIGNALS = rb"SIG(?:SEGV|ABRT|BUS|ILL|FPE|TRAP)\b"
_CRASHES = re.compile(
    rb"\bsignal:? (?:4|5|6|7|8|11)\b"
    rb"|(?:\bsignal[ :=]{1,2}|\b(?:by|received|caught|with) |<Signals\.)"
    + _SIGNALS
    + rb"|\b"
    + _SIGNALS
    + rb"(?:: | \(0x| +\[)"
    rb"|\b[Ss]egmentation fault\b|\(core dumped\)|^Fatal Python error: "
    rb"|\*\*\*Exception: (?:SegFault|Illegal|Numerical|Bus)",
    re.MULTILINE,
)
_RACES = ("ThreadSanitizer", "data race", "Data race")
_LEAKS = ("LeakSanitizer", "definitely lost", "memory leak")


def with_attempts(plan: Plan, *, retry: int, repeat: int) -> Plan:
    """The plan whose checks are tried again `retry` times when they fail.

    Those that somebody asked for run `repeat` times in any case; what they merely need does not.
    """
    if not retry and repeat == 1:
        return plan
    checks = tuple(
        msgspec.structs.replace(check, retry=retry, repeat=1 if check.needed else repeat)
        if check.decision is Decision.RUN
        else check
        for check in plan.checks
    )
    return msgspec.structs.replace(plan, checks=checks)


def runs_again(check: PlannedCheck, attempts: Sequence[CheckFinished]) -> bool:
    """Whether another attempt follows these, of which there is at least one."""
    last = attempts[-1].outcome
    if last.failure is not None or last.status is Status.ERRORED:
        return False
    if len(attempts) < check.repeat:
        return True
    failed = last.status is Status.FAILED
    return check.repeat == 1 and failed and len(attempts) <= check.retry


def why_final(check: PlannedCheck, attempts: Sequence[CheckFinished]) -> str:
    """What a reader should know of attempts that were asked for and not made; else nothing."""
    last = attempts[-1].outcome
    if last.failure is None or len(attempts) >= max(check.repeat, check.retry + 1):
        return ""
    return f"{check.id}: not tried again: {_cause(last)}"


def classified(outcome: Outcome, completed: Completed) -> Outcome:
    """The outcome with the class of its failure, when it is one that no retry may lift.

    Raises `EvidenceError` when what was printed cannot be read back.
    """
    if outcome.status is not Status.FAILED or outcome.failure is not None:
        return outcome
    failure = _failure(outcome, completed)
    return outcome if failure is None else msgspec.structs.replace(outcome, failure=failure)


def _failure(outcome: Outcome, completed: Completed) -> Failure | None:
    if completed.timed_out:
        return Failure.TIMEOUT
    reports = [one for one in (*outcome.findings, *find_reports(completed)) if is_report(one)]
    if any(mark in one.message for one in reports for mark in _RACES):
        return Failure.RACE
    if reports and all(any(mark in one.message for mark in _LEAKS) for one in reports):
        return Failure.LEAK
    if reports:
        return Failure.SANITIZER
    if completed.signal or completed.exit_code in _CRASHED:
        return Failure.CRASH
    said = (read_output_bytes(completed), *(test.message.encode() for test in outcome.tests))
    return Failure.CRASH if any(_CRASHES.search(text) for text in said) else None


def _cause(outcome: Outcome) -> str:
    rule = next((one.rule for one in outcome.findings if is_report(one)), "")
    said = outcome.failure.value if outcome.failure is not None else ""
    return f"{said} ({rule})" if rule else said
