"""A small language to write runs in, folded the way real ones are: events through `fold`.

Everything is fixed: no clock, no randomness.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.model.event import (
    EVENT_SCHEMA,
    CheckFinished,
    CheckPrecluded,
    CheckStarted,
    Event,
    Noted,
    RunFinished,
    RunInterrupted,
    RunStarted,
    ServiceReady,
    ServiceStarted,
    ServiceStopped,
)
from harness.model.plan import (
    PLAN_SCHEMA,
    Capability,
    Decision,
    Host,
    Plan,
    PlannedCheck,
    PlannedPhase,
)
from harness.model.result import (
    Attachment,
    Failure,
    Finding,
    Outcome,
    Output,
    Override,
    OverrideKind,
    SkipReason,
    Status,
    TestRecord,
    Usage,
)
from harness.model.run import Run, fold
from harness.model.spec import Condition, Effect, Position, Profile, Readiness, Service

RELEASE = Profile(
    about="The release itself: everything executed, nothing missing.",
    rules={
        Condition.FAILED: Effect.BLOCK,
        Condition.FLAKY: Effect.BLOCK,
        Condition.ERRORED: Effect.INCOMPLETE,
        Condition.PRECLUDED: Effect.INCOMPLETE,
        Condition.NOT_APPLICABLE: Effect.IGNORE,
        Condition.CAPABILITY_MISSING: Effect.INCOMPLETE,
        Condition.DESELECTED: Effect.INCOMPLETE,
        Condition.ADVISORY_FAILED: Effect.WARN,
        Condition.LEAKED: Effect.BLOCK,
        Condition.REUSED: Effect.INCOMPLETE,
        Condition.WAIVED: Effect.WARN,
        Condition.QUARANTINED: Effect.WARN,
        Condition.UNPROVEN: Effect.IGNORE,
        Condition.SURVIVED: Effect.BLOCK,
    },
)
CHANGE = Profile(
    about="One change: what it can touch, reuse welcome.",
    rules={
        **RELEASE.rules,
        Condition.REUSED: Effect.IGNORE,
        Condition.DESELECTED: Effect.IGNORE,
        Condition.CAPABILITY_MISSING: Effect.WARN,
        Condition.FLAKY: Effect.WARN,
    },
)
WAIVER = Override(
    kind=OverrideKind.WAIVED,
    reason="the vendor's fix ships next week",
    owner="Ada Lovelace",
    issue="PROJ-142",
    expires="2026-12-31",
)


def host(**present: str) -> Host:
    """A host with capabilities by name and version; an empty version means it lacks them."""
    return Host(
        system="linux",
        machine="x86_64",
        cpus=8,
        memory_mb=32_000,
        capabilities={
            name: Capability(
                name=name,
                present=bool(version),
                version=version,
                enables=f"checks that use {name}",
                install="" if version else f"apt-get install {name}",
            )
            for name, version in present.items()
        },
        flags={"a2a_protocol": False, "byok_enabled": True},
    )


class RunBuilder:
    """Collects planned checks and events; `run()` folds them."""

    def __init__(self, profile: Profile = RELEASE, profile_name: str = "release") -> None:
        self.profile, self.profile_name = profile, profile_name
        self.phases: dict[str, PlannedPhase] = {}
        self.checks: list[PlannedCheck] = []
        self.services: dict[str, Service] = {}
        self.events: list[Event] = []
        self.deselected: list[str] = []
        self.now = 0.0
        self.host = host(cargo="1.94.0", gcc="14.2.0", valgrind="3.24.0", docker="")

    def phase(self, name: str, title: str, about: str) -> None:
        """Describe a phase."""
        self.phases[name] = PlannedPhase(id=name, title=title, about=about)

    def plan(self, name: str, title: str = "", **fields: Any) -> PlannedCheck:
        """Add one check to the plan, and nothing else; its events are the caller's, or none."""
        phase = name.partition("/")[0]
        if phase not in self.phases:
            self.phase(phase, phase.upper(), f"What does {phase} promise?")
        defaults: dict[str, Any] = {
            "kind": "command",
            "decision": Decision.RUN,
            "reason": "selected: everything",
            "position": Position(
                file=f"phases/{phase}.yaml", line=8 + 9 * len(self.checks), column=5
            ),
        }
        check = PlannedCheck(
            id=name, phase=phase, title=title or name.partition("/")[2], **{**defaults, **fields}
        )
        self.checks.append(check)
        return check

    def check(
        self,
        name: str,
        status: Status = Status.PASSED,
        *,
        title: str = "",
        took: float = 1.0,
        at: float | None = None,
        command: str = "",
        message: str = "",
        tests: Iterable[TestRecord] = (),
        findings: Iterable[Finding] = (),
        attachments: Iterable[Attachment] = (),
        metrics: dict[str, Any] | None = None,
        output: Output | str = "",
        exit_code: int | None = None,
        signal: str = "",
        timed_out: bool = False,
        leaked: Iterable[str] = (),
        attempt: int = 1,
        reused_from: str = "",
        failure: Failure | None = None,
        only_tests: bool = False,
        **planned: Any,
    ) -> None:
        """Plan a check and let it end; `attempt` above 1 adds an attempt to a planned one."""
        if attempt == 1:
            self.plan(name, title, **planned)
        start = self.now if at is None else at
        self.now = max(self.now, start + took)
        if not reused_from:
            self.events.append(
                CheckStarted(
                    at=start, check=name, command=command or f"make {name}", attempt=attempt
                )
            )
        bad = status in (Status.FAILED, Status.ERRORED)
        self.events.append(
            CheckFinished(
                at=start + took,
                check=name,
                outcome=Outcome(
                    status=status,
                    message=message,
                    tests=tuple(tests),
                    findings=tuple(findings),
                    metrics=metrics or {},
                    attachments=tuple(attachments),
                    failure=failure,
                    only_tests=only_tests,
                ),
                started=start,
                output=text_output(output) if isinstance(output, str) else output,
                usage=Usage(user_seconds=took * 0.8, system_seconds=took * 0.1, max_rss_kib=81_920),
                exit_code=None if signal else (exit_code if exit_code is not None else int(bad)),
                signal=signal,
                timed_out=timed_out,
                leaked=tuple(leaked),
                attempt=attempt,
                reused_from=reused_from,
            )
        )

    def skip(
        self, name: str, skip: SkipReason, reason: str, *, title: str = "", **planned: Any
    ) -> None:
        """Plan a check that does not run."""
        self.plan(name, title, decision=Decision.SKIP, reason=reason, skip=skip, **planned)

    def deselect(self, *names: str) -> None:
        """Name checks that nobody asked for."""
        self.deselected.extend(names)

    def preclude(self, name: str, reason: str, *, title: str = "", **planned: Any) -> None:
        """Plan a check that its dependency, or the end of the run, kept from running."""
        self.plan(name, title, **planned)
        self.events.append(CheckPrecluded(at=self.now, check=name, reason=reason))

    def service(
        self, name: str, title: str, *, at: float, until: float, died: str = "", output: str = ""
    ) -> None:
        """A service that served, or with `died` ended by itself for that reason."""
        self.services[name] = Service(
            title=title,
            run=[f"bin/{name}", "serve"],
            ready=Readiness(http="/readyz"),
            ports=["http"],
        )
        self.events += [
            ServiceStarted(at=at, service=name, command=f"bin/{name} serve", ports={"http": 41873}),
            ServiceReady(at=at + 0.4, service=name),
            ServiceStopped(
                at=until,
                service=name,
                expected=not died,
                reason=died or "no check needs it any more",
                output=text_output(output),
            ),
        ]

    def note(self, text: str) -> None:
        """Something a reader should know."""
        self.events.append(Noted(at=self.now, text=text))

    def header(self, **changes: Any) -> RunStarted:
        """The first event."""
        fields: dict[str, Any] = {
            "at": 0.0,
            "schema": EVENT_SCHEMA,
            "run_id": "20261123-074151-7f3a",
            "started_at": "2026-11-23T07:41:51Z",
            "harness_version": "7.0.0rc1",
            "command": f"release-manager verify --profile {self.profile_name}",
            "root": "/project",
            "source": {
                "branch": "main",
                "commit": "312f693c0ffee5eed0123456789abcdef0123456",
                "changed-files": "2",
            },
            "plan": Plan(
                schema=PLAN_SCHEMA,
                project="Convergio",
                selection="everything",
                profile_name=self.profile_name,
                profile=self.profile,
                host=self.host,
                phases=tuple(self.phases.values()),
                checks=tuple(self.checks),
                services=self.services,
                deselected=tuple(self.deselected),
            ),
        }
        return RunStarted(**{**fields, **changes})

    def all_events(self, *, finished: bool = True, interrupted: str = "") -> list[Event]:
        """The journal of the run, in the order of time."""
        events: list[Event] = [self.header(), *sorted(self.events, key=lambda event: event.at)]
        if interrupted:
            events.append(RunInterrupted(at=self.now, reason=interrupted))
        if finished:
            events.append(RunFinished(at=self.now + 0.1))
        return events

    def run(self, *, finished: bool = True, interrupted: str = "") -> Run:
        """The folded run."""
        return fold(self.all_events(finished=finished, interrupted=interrupted))


def text_output(text: str) -> Output:
    """Output that was kept whole."""
    return Output(head=text, total_bytes=len(text.encode("utf-8", "surrogatepass")))


def alike(
    scope: str, count: int, status: Status = Status.PASSED, **fields: Any
) -> list[TestRecord]:
    """A number of alike tests."""
    return [
        TestRecord(id=f"{scope}::test_case_{number:04d}", status=status, duration=0.012, **fields)
        for number in range(count)
    ]
