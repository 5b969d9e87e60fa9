"""What a check ends in, what a test ends in, and what a run ends in."""

from __future__ import annotations

import enum
from datetime import date
from typing import Any

from harness.model.base import Record
from harness.model.glob import matches_id
from harness.model.spec import Condition, Effect, Position


class Status(enum.StrEnum):
    """How a check (or a test) ended; exactly one."""

    PASSED = "passed"
    FAILED = "failed"
    FLAKY = "flaky"
    SKIPPED = "skipped"
    ERRORED = "errored"
    PRECLUDED = "precluded"


class SkipReason(enum.StrEnum):
    """Why a selected check did not have to run. Anything else is `precluded` or `errored`.

    A check that was not selected is in `Plan.deselected` and has no result.
    """

    NOT_APPLICABLE = "not_applicable"
    CAPABILITY_MISSING = "capability_missing"


class OverrideKind(enum.StrEnum):
    """What stands beside a status, never instead of it."""

    WAIVED = "waived"
    QUARANTINED = "quarantined"


class Override(Record, frozen=True):
    """A person's word about a result: who, why, until when (ISO date), which issue.

    `test` is a glob over the ids of the check's tests that it is about; empty for the check itself.
    `position` is where it is written; None in journals of before that was kept. One with
    `release_after` ends by itself after so many clean passes in a row since the day `created`;
    `clean_passes` is how many there were when the plan was made.
    """

    kind: OverrideKind
    reason: str
    owner: str
    issue: str
    expires: str
    position: Position | None = None
    created: str = ""
    release_after: int = 0
    clean_passes: int = 0
    test: str = ""

    def covers(self, test: str) -> bool:
        """Whether it is about the test of this id."""
        return bool(self.test) and matches_id(test, self.test)

    def in_force(self, today: str) -> bool:
        """Whether it still counts on that day (ISO date); the last day counts.

        What is no day of the calendar is no date, and lifts nothing; neither does what enough
        clean passes have released.
        """
        left = self.days_left(today)
        return left is not None and left >= 0 and not self.released

    @property
    def released(self) -> bool:
        """Whether it has ended by itself, whatever its last day."""
        return 0 < self.release_after <= self.clean_passes

    def days_left(self, today: str) -> int | None:
        """Days from `today` (ISO date) to the last day that counts; negative once it is over.

        None when either is not a day of the calendar, written as 2026-01-31.
        """
        first, last = _day(today), _day(self.expires)
        return None if first is None or last is None else (last - first).days


def _day(text: str) -> date | None:
    """The day of an ISO date in its long form; `date` itself reads shorter ones too."""
    if len(text) != len("2026-01-31") or text[4] != "-" or text[7] != "-":
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


class Severity(enum.StrEnum):
    """How much a finding matters."""

    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


class Excerpt(Record, frozen=True):
    """The lines of a source file around one of them, as they were when it mattered.

    `text` begins at line `first`; `line` is the one that is meant. Lines are cut at 240 characters.
    """

    file: str
    first: int
    line: int
    text: str


class Finding(Record, frozen=True):
    """One thing found at one place: a compiler warning, a version that disagrees, a missing file.

    `line` and `column` count from 1; 0 means the whole file; an empty `file` means no place.
    """

    message: str
    severity: Severity = Severity.ERROR
    file: str = ""
    line: int = 0
    column: int = 0
    rule: str = ""
    excerpt: Excerpt | None = None


class Attachment(Record, frozen=True):
    """A file kept with a result; `path` is relative to the run folder."""

    name: str
    path: str
    media_type: str
    size: int
    sha256: str


class TestRecord(Record, frozen=True):
    """One test, whatever the runner: the same shape from pytest, cargo, cmocka or a browser.

    `duration` is in seconds, or None where the runner does not say.
    """

    __test__ = False  # not a test class, whatever pytest thinks of the name

    id: str
    status: Status
    duration: float | None = None
    attempts: int = 1
    message: str = ""
    file: str = ""
    line: int = 0
    output: str = ""
    attachments: tuple[Attachment, ...] = ()
    excerpt: Excerpt | None = None


class Output(Record, frozen=True):
    """What a process printed, both streams merged in order, secrets masked.

    When it printed more than the cap, `head` and `tail` hold its two ends and `dropped` says how
    many bytes between them are not kept; otherwise `tail` is empty.
    """

    head: str = ""
    tail: str = ""
    total_bytes: int = 0
    dropped_bytes: int = 0

    @property
    def text(self) -> str:
        """Both ends as one text, saying what is missing between them."""
        if not self.dropped_bytes:
            return self.head + self.tail
        return f"{self.head}\n[... {self.dropped_bytes:,} bytes not kept ...]\n{self.tail}"


class Usage(Record, frozen=True):
    """What a check's processes used, from wait4: CPU seconds and peak memory in KiB."""

    user_seconds: float = 0.0
    system_seconds: float = 0.0
    max_rss_kib: int = 0


class Failure(enum.StrEnum):
    """A failure that no other attempt can make good: it proves a defect, however rare it is."""

    CRASH = "crash"
    SANITIZER = "sanitizer"
    RACE = "race"
    LEAK = "leak"
    TIMEOUT = "timeout"


class Outcome(Record, frozen=True):
    """What a kind makes of a finished command. Never `skipped` or `precluded`.

    `failure` is the class of a failure that is never retried; None for any other end.
    `only_tests` says that nothing but the failing tests among `tests` keeps it from passing: only
    then can somebody answer for those tests alone.
    """

    status: Status
    message: str = ""
    tests: tuple[TestRecord, ...] = ()
    findings: tuple[Finding, ...] = ()
    metrics: dict[str, Any] = {}
    attachments: tuple[Attachment, ...] = ()
    failure: Failure | None = None
    only_tests: bool = False


class Conclusion(enum.StrEnum):
    """The verdict's one word."""

    APPROVED = "APPROVED"
    BLOCKED = "BLOCKED"
    INCOMPLETE = "INCOMPLETE"


class Reason(Record, frozen=True):
    """One reason behind a verdict: which rule met which check, and what that does."""

    effect: Effect
    text: str
    check: str = ""
    condition: Condition | None = None


class Verdict(Record, frozen=True):
    """The answer of a run, with every reason that has a say in it, gravest first.

    `effects` is what each condition did in this judgement: the profile's rules with their gaps
    filled and the floors applied.
    """

    conclusion: Conclusion
    profile: str
    reasons: tuple[Reason, ...]
    effects: dict[Condition, Effect] = {}
