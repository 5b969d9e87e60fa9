"""The shape of the one view model; every report is rendered from it, and `report.json` is it.

Required fields always stand in the JSON; a field with a default is left out while it has it.
Times are seconds since the run began unless they are ISO 8601. All text is `text.plain`.
"""

from __future__ import annotations

import enum
from typing import Any

from harness.model.base import Record
from harness.model.fault import Proof
from harness.model.history import Comparison, Mark
from harness.model.plan import Capability, Considered
from harness.model.result import (
    Attachment,
    Conclusion,
    Failure,
    Finding,
    Output,
    Override,
    SkipReason,
    Status,
    TestRecord,
    Usage,
)
from harness.model.spec import Condition, Effect, Resources

VIEW_SCHEMA = 1


class How(enum.StrEnum):
    """Where a check's answer comes from."""

    EXECUTED = "executed"
    REUSED = "reused"
    NONE = "none"


class StatusCounts(Record, frozen=True, omit_defaults=False):
    """How many ended in each status."""

    passed: int = 0
    failed: int = 0
    flaky: int = 0
    skipped: int = 0
    errored: int = 0
    precluded: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.passed + self.failed + self.flaky + self.skipped + self.errored + self.precluded


class Counts(Record, frozen=True):
    """The run in numbers; executed, reused and neither are counted apart on purpose.

    `deselected` checks have no result and are in none of the other numbers.
    """

    checks: StatusCounts
    executed: int
    reused: int
    unanswered: int
    tests: StatusCounts
    findings: int
    skips: dict[SkipReason, int] = {}
    deselected: int = 0


class ViewReason(Record, frozen=True):
    """One reason of the verdict; `anchor` is where the page tells more, when it does."""

    effect: Effect
    text: str
    check: str = ""
    anchor: str = ""
    condition: Condition | None = None


class ViewVerdict(Record, frozen=True):
    """The verdict in a word, in a sentence, and with its reasons, gravest first."""

    conclusion: Conclusion
    sentence: str
    profile: str
    about: str
    exit_code: int
    reasons: tuple[ViewReason, ...]


class RunFacts(Record, frozen=True):
    """What was run, when, by what; `finished_at` is ISO 8601, empty when the run did not finish.

    `changes` says in words that the sources differ from the commit; `replay` is the command that
    proves the reports against the journal.
    """

    id: str
    project: str
    command: str
    selection: str
    started_at: str
    finished_at: str
    duration: float
    finished: bool
    interrupted: str
    harness_version: str
    source: dict[str, str]
    changes: str
    replay: str


class ViewAttempt(Record, frozen=True):
    """One earlier attempt at a check: how it ended, and what it printed."""

    number: int
    status: Status
    message: str
    duration: float
    exit_code: int | None = None
    signal: str = ""
    timed_out: bool = False
    tests: tuple[TestRecord, ...] = ()
    output: Output = Output()
    attachments: tuple[Attachment, ...] = ()
    failure: Failure | None = None


class ViewOverride(Record, frozen=True):
    """Somebody's word about a check, or about some of its tests (`given.test`).

    `over` when its last day lay before the run's, or clean passes released it, so that it lifted
    nothing. `tests` counts the tests of the last attempt that it is about, by how they ended.
    """

    given: Override
    over: bool
    tests: StatusCounts = StatusCounts()


class ViewCheck(Record, frozen=True):
    """One check: what it asks, how it ended, why, and how to repeat it.

    `tests` counts what `records` lists. `earlier` holds the attempts before the one that decided.
    `effect` is the gravest thing the check does to the verdict. `planned` is the plan's reason to
    run it or not, `command` what ran, `reproduce` what a person types. `override_over` when the
    override's last day lay before the run's, or clean passes released it, so that it lifted
    nothing; `test_overrides` are those of some of its tests. `marks` are its ends in earlier runs,
    newest last; `proofs` what it made of each fault. `failure` is the class of a failure, in any of
    its attempts, that is never retried.
    """

    id: str
    anchor: str
    phase: str
    title: str
    kind: str
    status: Status
    how: How
    effect: Effect
    reason: str
    planned: str
    position: str
    reproduce: str
    tests: StatusCounts
    about: str = ""
    advisory: bool = False
    skip: SkipReason | None = None
    override: Override | None = None
    override_over: bool = False
    command: str = ""
    start: float | None = None
    duration: float | None = None
    reused_from: str = ""
    exit_code: int | None = None
    signal: str = ""
    timed_out: bool = False
    leaked: tuple[str, ...] = ()
    records: tuple[TestRecord, ...] = ()
    findings: tuple[Finding, ...] = ()
    metrics: dict[str, Any] = {}
    attachments: tuple[Attachment, ...] = ()
    output: Output = Output()
    usage: Usage = Usage()
    earlier: tuple[ViewAttempt, ...] = ()
    considered: tuple[Considered, ...] = ()
    needs: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    must_catch: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()
    proofs: tuple[Proof, ...] = ()
    resources: Resources = Resources()
    timeout_seconds: float = 0.0
    test_overrides: tuple[ViewOverride, ...] = ()
    failure: Failure | None = None

    def overrides(self) -> tuple[ViewOverride, ...]:
        """What somebody answers for here: the check as a whole, then its tests."""
        if self.override is None:
            return self.test_overrides
        whole = ViewOverride(given=self.override, over=self.override_over)
        return (whole, *self.test_overrides)

    def lifted(self, test: str = "") -> Override | None:
        """The override that lifts the failure of the check, or of its test of this id.

        None when nothing does; whether it weighs on the verdict nevertheless is in `effect`.
        """
        for one in self.overrides():
            if not one.over and (not one.given.test or (test and one.given.covers(test))):
                return one.given
        return None


class ViewPhase(Record, frozen=True):
    """A phase, its numbers, and its checks in the plan's order."""

    id: str
    anchor: str
    title: str
    about: str
    counts: StatusCounts
    duration: float
    checks: tuple[ViewCheck, ...]
    deselected: int = 0


class Span(Record, frozen=True):
    """One check's time in the run, on the lane it is drawn on."""

    check: str
    lane: int
    start: float
    end: float
    status: Status
    critical: bool = False


class Timeline(Record, frozen=True):
    """Who ran when; `critical` is the chain of needs that took longest, first to last."""

    lanes: int
    spans: tuple[Span, ...]
    critical: tuple[str, ...]
    critical_seconds: float


class ViewService(Record, frozen=True):
    """What became of one service; `state` in plain words."""

    name: str
    title: str
    state: str
    expected: bool
    command: str
    ports: dict[str, int]
    started: float
    ready: float | None = None
    stopped: float | None = None
    reason: str = ""
    output: Output = Output()


class VersionRow(Record, frozen=True):
    """One place that states a version, and whether it agrees with the source."""

    name: str
    where: str
    declared: str
    found: str
    ok: bool
    message: str = ""


class VersionTable(Record, frozen=True):
    """What one `versions` check compared."""

    check: str
    anchor: str
    rows: tuple[VersionRow, ...]


class Environment(Record, frozen=True):
    """The machine and the circumstances the plan was made for."""

    system: str
    machine: str
    cpus: int
    memory_mb: int
    event: str
    flags: dict[str, bool]
    capabilities: tuple[Capability, ...]


class PolicyRow(Record, frozen=True):
    """What a condition does in this judgement; `named` when the profile itself says something."""

    condition: Condition
    effect: Effect
    named: bool


class ExitRow(Record, frozen=True):
    """One exit code and its one meaning."""

    code: int
    meaning: str


class Member(Record, frozen=True):
    """One failure of a cluster; `test` is empty when it is the check itself."""

    check: str
    anchor: str
    test: str = ""


class Cluster(Record, frozen=True):
    """Failures that say the same but for numbers, addresses, paths and quoted values.

    `members` holds at most a hundred of `count`; `example` is what the first one said, bounded.
    """

    signature: str
    count: int
    example: str
    members: tuple[Member, ...]


class ViewResumed(Record, frozen=True):
    """A run that was cut short went on; `resumed_at` is ISO 8601 in UTC."""

    resumed_at: str
    command: str


class View(Record, frozen=True):
    """A whole run as reports tell it.

    `attention` names the checks to look at first, gravest first; `unanswered` the ones that weigh
    on the verdict because they gave no answer. `comparison` is the difference to an earlier run,
    `clusters` are the failures that say the same.
    """

    schema: int
    run: RunFacts
    verdict: ViewVerdict
    counts: Counts
    attention: tuple[str, ...]
    unanswered: tuple[str, ...]
    phases: tuple[ViewPhase, ...]
    timeline: Timeline
    services: tuple[ViewService, ...]
    versions: tuple[VersionTable, ...]
    environment: Environment
    policy: tuple[PolicyRow, ...]
    notes: tuple[str, ...]
    exit_codes: tuple[ExitRow, ...]
    comparison: Comparison | None = None
    clusters: tuple[Cluster, ...] = ()
    resumed: tuple[ViewResumed, ...] = ()

    def overrides(self) -> tuple[tuple[ViewCheck, ViewOverride], ...]:
        """Every override of the run, needed or not, in the order of the page."""
        return tuple(
            (check, one)
            for phase in self.phases
            for check in phase.checks
            for one in check.overrides()
        )

    def checks(self) -> dict[str, ViewCheck]:
        """Every check by id, in the order of the page."""
        return {check.id: check for phase in self.phases for check in phase.checks}
