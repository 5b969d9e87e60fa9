"""Builds the one view model from a run and its verdict. Decides what is shown, not how it looks."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from harness.errors import EXIT_MEANING, ExitCode
from harness.model.history import Mark
from harness.model.plan import PlannedCheck
from harness.model.result import Conclusion, Override, Status, Verdict
from harness.model.run import CheckResult, Run
from harness.model.spec import Condition, Effect
from harness.report.clean import (
    attachment,
    capability,
    cleaned,
    comparison,
    considered,
    finding,
    mark,
    output,
    override,
    proof,
    test_record,
)
from harness.report.cluster import clusters
from harness.report.sections import GRAVITY, count, phases, service, versions
from harness.report.sentence import sentence
from harness.report.shape import (
    VIEW_SCHEMA,
    Counts,
    Environment,
    ExitRow,
    How,
    PolicyRow,
    RunFacts,
    StatusCounts,
    View,
    ViewAttempt,
    ViewCheck,
    ViewOverride,
    ViewReason,
    ViewResumed,
    ViewVerdict,
)
from harness.report.text import plain, plain_tree, plural
from harness.report.timeline import timeline

_EFFECT_RANK = {effect: rank for rank, effect in enumerate(Effect)}
_STATUS_RANK = {status: rank for rank, status in enumerate(GRAVITY)}
_EXIT = {
    Conclusion.APPROVED: ExitCode.APPROVED,
    Conclusion.BLOCKED: ExitCode.BLOCKED,
    Conclusion.INCOMPLETE: ExitCode.INCOMPLETE,
}
_NO_ANSWER = (Status.PRECLUDED, Status.SKIPPED)
_WEIGHTLESS = (Condition.REUSED,)
"""Conditions that say nothing is wrong with a check, whatever a policy makes of them."""


def build(run: Run, verdict: Verdict) -> View:
    """The view of the run under the verdict. The same run and verdict give the same view."""
    plan, today = run.header.plan, run.header.started_at[:10]
    anchors = _anchors(result.check.id for result in run.results)
    effects, troubled = _weights(verdict)
    checks = [
        _check(
            result,
            anchors[result.check.id],
            effects.get(result.check.id, Effect.IGNORE),
            today,
            run.marks.get(result.check.id, ()),
            plan.seed,
        )
        for result in run.results
    ]
    reasons = tuple(
        ViewReason(
            effect=reason.effect,
            text=plain(reason.text),
            check=plain(reason.check),
            anchor=anchors.get(reason.check, ""),
            condition=reason.condition,
        )
        for reason in verdict.reasons
    )
    counts = _counts(checks, len(plan.deselected))
    return View(
        schema=VIEW_SCHEMA,
        run=_facts(run),
        verdict=ViewVerdict(
            conclusion=verdict.conclusion,
            sentence=sentence(verdict.conclusion, counts, reasons, _cut_short(run)),
            profile=plain(verdict.profile),
            about=plain(plan.profile.about),
            exit_code=_EXIT[verdict.conclusion],
            reasons=reasons,
        ),
        counts=counts,
        attention=_attention(checks, troubled),
        unanswered=tuple(
            check.id
            for check in checks
            if check.status in _NO_ANSWER
            and _EFFECT_RANK[check.effect] >= _EFFECT_RANK[Effect.INCOMPLETE]
        ),
        phases=phases(run, checks),
        timeline=timeline(run.results),
        services=tuple(service(run, record) for record in run.services),
        versions=versions(checks),
        environment=Environment(
            system=plain(plan.host.system),
            machine=plain(plan.host.machine),
            cpus=plan.host.cpus,
            memory_mb=plan.host.memory_mb,
            event=plain(plan.host.event),
            flags=dict(sorted(plan.host.flags.items())),
            capabilities=tuple(
                capability(item) for _, item in sorted(plan.host.capabilities.items())
            ),
        ),
        policy=tuple(
            PolicyRow(condition=condition, effect=effect, named=condition in plan.profile.rules)
            for condition, effect in sorted(
                verdict.effects.items(), key=lambda item: -_EFFECT_RANK[item[1]]
            )
        ),
        notes=cleaned(plain, run.notes),
        exit_codes=tuple(ExitRow(code=code, meaning=EXIT_MEANING[code]) for code in ExitCode),
        clusters=clusters(checks),
        comparison=comparison(run.comparison),
        resumed=tuple(
            ViewResumed(resumed_at=plain(again.resumed_at), command=plain(again.command))
            for again in run.resumed
        ),
    )


def _facts(run: Run) -> RunFacts:
    header = run.header
    finished_at = ""
    if run.finished:
        ended = datetime.fromisoformat(header.started_at) + timedelta(seconds=run.duration)
        finished_at = ended.isoformat(timespec="seconds").replace("+00:00", "Z")
    return RunFacts(
        id=plain(header.run_id),
        project=plain(header.plan.project),
        command=plain(header.command),
        selection=plain(header.plan.selection),
        started_at=plain(header.started_at),
        finished_at=finished_at,
        duration=run.duration,
        finished=run.finished,
        interrupted=plain(run.interrupted),
        harness_version=plain(header.harness_version),
        source=plain_tree(dict(sorted(header.source.items()))),
        changes=_changes(header.source.get("changed-files", "")),
        replay=f"release-manager report {shlex.quote(plain(header.run_id))} --verify",
    )


def _cut_short(run: Run) -> str:
    if run.interrupted:
        return "was interrupted"
    return "" if run.finished else "did not finish"


def _changes(changed: str) -> str:
    """How the sources differ from the commit, in words; nothing when they do not."""
    if changed in ("", "0"):
        return ""
    return plural(int(changed), "uncommitted change") if changed.isdecimal() else plain(changed)


def _test_override(result: CheckResult, given: Override, today: str) -> ViewOverride:
    return ViewOverride(
        given=override(given),
        over=not given.in_force(today),
        tests=count(test.status for test in result.tests if given.covers(test.id)),
    )


def _check(
    result: CheckResult,
    anchor: str,
    effect: Effect,
    today: str,
    marks: tuple[Mark, ...],
    seed: int | None,
) -> ViewCheck:
    check, last, given = result.check, result.last, result.override
    how = How.NONE
    if last is not None:
        how = How.REUSED if result.reused_from else How.EXECUTED
    return ViewCheck(
        id=plain(check.id),
        anchor=anchor,
        phase=plain(check.phase),
        title=plain(check.title),
        kind=plain(check.kind),
        status=result.status,
        how=how,
        effect=effect,
        reason=plain(_why(result)),
        planned=plain(check.reason),
        position=plain(str(check.position)),
        reproduce=_reproduce(check, seed),
        tests=count(test.status for test in result.tests),
        about=plain(check.about),
        advisory=check.advisory,
        skip=result.skip,
        override=None if given is None else override(given),
        override_over=given is not None and not given.in_force(today),
        command=plain(result.command),
        start=result.start,
        duration=result.duration,
        reused_from=plain(result.reused_from),
        exit_code=last.exit_code if last else None,
        signal=plain(last.signal) if last else "",
        timed_out=last.timed_out if last else False,
        leaked=cleaned(plain, result.leaked),
        records=cleaned(test_record, result.tests),
        findings=cleaned(finding, result.findings),
        metrics=plain_tree(last.outcome.metrics) if last else {},
        attachments=cleaned(attachment, last.outcome.attachments) if last else (),
        output=output(result.output),
        usage=result.usage,
        earlier=tuple(
            ViewAttempt(
                number=attempt.attempt,
                status=attempt.outcome.status,
                message=plain(attempt.outcome.message),
                duration=attempt.at - attempt.started,
                exit_code=attempt.exit_code,
                signal=plain(attempt.signal),
                timed_out=attempt.timed_out,
                tests=cleaned(test_record, attempt.outcome.tests),
                output=output(attempt.output),
                attachments=cleaned(attachment, attempt.outcome.attachments),
                failure=attempt.outcome.failure,
            )
            for attempt in result.attempts[:-1]
        ),
        considered=cleaned(considered, check.considered),
        needs=cleaned(plain, check.needs),
        services=cleaned(plain, check.services),
        requires=cleaned(plain, check.requires),
        inputs=cleaned(plain, check.inputs),
        tags=cleaned(plain, check.tags),
        must_catch=cleaned(plain, check.must_catch),
        marks=cleaned(mark, marks),
        proofs=cleaned(proof, check.proofs),
        resources=check.resources,
        timeout_seconds=check.timeout_seconds,
        failure=next(filter(None, (one.outcome.failure for one in result.attempts)), None),
        test_overrides=tuple(_test_override(result, one, today) for one in check.test_overrides),
    )


def _reproduce(check: PlannedCheck, seed: int | None) -> str:
    """The command that runs the check again as it was run: as often, and with the same seed."""
    words = ["release-manager verify", shlex.quote(plain(check.id))]
    if check.repeat > 1:
        words.append(f"--repeat {check.repeat}")
    if check.retry:
        words.append(f"--retry {check.retry}")
    if seed is not None:
        words.append(f"--seed {seed}")
    return " ".join(words)


def _why(result: CheckResult) -> str:
    """The result's reason; a flaky check's is what its first broken attempt said."""
    if result.status is Status.FLAKY and not result.reason:
        for attempt in result.attempts:
            if attempt.outcome.status is not Status.PASSED:
                said = attempt.outcome.message or "no message"
                return f"attempt {attempt.attempt} {attempt.outcome.status}: {said}"
    return result.reason


def _anchors(ids: Iterable[str]) -> dict[str, str]:
    """An HTML id for every check: readable, safe in a URL fragment, unique on the page."""
    anchors: dict[str, str] = {}
    used: Counter[str] = Counter()
    for name in ids:
        base = "check-" + re.sub(r"[^A-Za-z0-9._]+", "-", name).strip("-")
        used[base] += 1
        anchor = base if used[base] == 1 else f"{base}--{used[base]}"
        anchors[name] = anchor
    return anchors


def _weights(verdict: Verdict) -> tuple[dict[str, Effect], set[str]]:
    """The gravest effect of each check that has one, and the checks with something wrong."""
    effects: dict[str, Effect] = {}
    troubled: set[str] = set()
    for reason in verdict.reasons:
        if reason.check:
            effects.setdefault(reason.check, reason.effect)  # reasons stand gravest first
            if reason.condition not in _WEIGHTLESS:
                troubled.add(plain(reason.check))
    return effects, troubled


def _attention(checks: Iterable[ViewCheck], troubled: set[str]) -> tuple[str, ...]:
    """Checks with something to look at: their own fault or a doubt about them, gravest first.

    What merely did not run is listed apart (`unanswered`): its cause stands here already.
    """
    chosen = [
        check
        for check in checks
        if check.status not in _NO_ANSWER
        and (check.status is not Status.PASSED or check.id in troubled)
    ]
    chosen.sort(key=lambda check: (-_EFFECT_RANK[check.effect], _STATUS_RANK[check.status]))
    return tuple(check.id for check in chosen)


def _sum(all_counts: Iterable[StatusCounts]) -> StatusCounts:
    total: Counter[str] = Counter()
    for counts in all_counts:
        for status in Status:
            total[status.value] += getattr(counts, status.value)
    return StatusCounts(**total)


def _counts(checks: list[ViewCheck], deselected: int) -> Counts:
    how = Counter(check.how for check in checks)
    return Counts(
        checks=count(check.status for check in checks),
        executed=how[How.EXECUTED],
        reused=how[How.REUSED],
        unanswered=how[How.NONE],
        tests=_sum(check.tests for check in checks if check.records),
        findings=sum(len(check.findings) for check in checks),
        skips=dict(Counter(check.skip for check in checks if check.skip is not None)),
        deselected=deselected,
    )
