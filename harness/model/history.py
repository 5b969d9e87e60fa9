"""What earlier runs say about this one: marks per check, and the difference to the last run."""

from __future__ import annotations

import enum

from harness.model.base import Record
from harness.model.result import Conclusion, Status


class Mark(Record, frozen=True):
    """How a check ended in one earlier run; `seconds` is None when it did not execute."""

    run_id: str
    status: Status
    seconds: float | None = None
    reused: bool = False


class Change(enum.StrEnum):
    """How a check or a test differs between two runs, gravest first."""

    NEW_FAILURE = "new-failure"
    STILL_FAILING = "still-failing"
    FLAKY = "flaky"
    GONE = "gone"
    SLOWER = "slower"
    FIXED = "fixed"
    ADDED = "added"


class Changed(Record, frozen=True):
    """One difference. `test` is empty when it is the check itself; `text` says it in words."""

    change: Change
    check: str
    test: str = ""
    text: str = ""
    before: Status | None = None
    after: Status | None = None


class Comparison(Record, frozen=True):
    """A run against an earlier one, its base. `started_at` is the base's, ISO 8601 in UTC.

    `changes` stand gravest first, and at most as many as the writer kept; `counts` has them all.
    """

    base: str
    started_at: str
    conclusion: Conclusion
    changes: tuple[Changed, ...] = ()
    counts: dict[Change, int] = {}


class PastTest(Record, frozen=True):
    """How a test ended; `seconds` is None where its runner does not say."""

    status: Status
    seconds: float | None = None


class PastCheck(Record, frozen=True):
    """How a check ended. `seconds` is None when it did not execute; `tests` by id."""

    status: Status
    seconds: float | None = None
    reused: bool = False
    tests: dict[str, PastTest] = {}


class PastRun(Record, frozen=True):
    """What is remembered of a run: how each check and test ended, and what was asked of it.

    Runs of the same `project`, `selection` and `profile` can be compared. `complete` when every
    planned check was waited for: neither killed nor interrupted; else `interrupted` says by what.
    `deselected` are the checks that nobody asked for; the history keeps only how many they were.
    """

    run_id: str
    started_at: str
    project: str
    selection: str
    profile: str
    conclusion: Conclusion
    complete: bool
    seconds: float
    commit: str = ""
    interrupted: str = ""
    deselected: tuple[str, ...] = ()
    checks: dict[str, PastCheck] = {}
