"""Folds a run and the profile it was planned with into one verdict. Fails closed.

Whatever the profile says, these never end APPROVED: a run that did not finish or was interrupted,
one that executed and reused nothing, one with an empty profile, one that does not hold exactly the
results its plan asks for, one written in a format this version does not know, and one whose
services died under it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from harness.errors import UsageError
from harness.judge.observe import believed, observe
from harness.judge.override import reminders
from harness.judge.policy import conclude, effect_of, gravity
from harness.judge.proof import is_unproven
from harness.judge.words import listed, one
from harness.model.event import EVENT_SCHEMA
from harness.model.plan import PLAN_SCHEMA, Plan
from harness.model.result import Reason, Status, Verdict
from harness.model.run import Run
from harness.model.spec import Condition, Effect

_CONDITION_ORDER = {condition: rank for rank, condition in enumerate(Condition)}
_ANSWERED = (Status.PASSED, Status.FAILED, Status.FLAKY)


def judge(run: Run, *, profile: str | None = None) -> Verdict:
    """The verdict of the run under the profile its plan carries.

    `profile` names the profile the caller means; a run holds only the rules it was planned with, so
    another name raises `UsageError`.
    """
    plan = run.header.plan
    if profile is not None and profile != plan.profile_name:
        raise UsageError(
            f'run {run.header.run_id} was planned with profile "{plan.profile_name}",'
            f' not "{profile}"',
            next_step=f'judge it without naming a profile, or verify with --profile "{profile}"',
        )
    effects = {condition: effect_of(condition, plan.profile) for condition in Condition}
    reasons = [
        *_of_run(run),
        *_of_selection(plan, effects),
        *_of_proofs(plan, effects),
        *_of_checks(run, effects),
    ]
    return Verdict(
        conclusion=conclude(reason.effect for reason in reasons),
        profile=plan.profile_name,
        reasons=tuple(sorted(reasons, key=lambda reason: -gravity(reason.effect))),
        effects=effects,
    )


def _of_checks(run: Run, effects: Mapping[Condition, Effect]) -> Iterator[Reason]:
    """Reasons of the checks in the plan's order; a check's own in the order of `Condition`."""
    today = run.header.started_at[:10]
    for result in run.results:
        observed = sorted(observe(result, today), key=lambda o: _CONDITION_ORDER[o.condition])
        for item in observed:
            effect = effects[item.condition]
            if effect is not Effect.IGNORE:
                yield Reason(
                    effect=effect,
                    text=item.text,
                    check=result.check.id,
                    condition=item.condition,
                )
        for text in reminders(result, believed(result)[0], today):
            # No rule of a policy weighs this: it says nothing of the check, and is never ignored.
            yield Reason(effect=Effect.WARN, text=text, check=result.check.id)


def _of_selection(plan: Plan, effects: Mapping[Condition, Effect]) -> Iterator[Reason]:
    """One reason for all the checks that were not selected, however many there are."""
    count, effect = len(plan.deselected), effects[Condition.DESELECTED]
    if not count or effect is Effect.IGNORE:
        return
    yield Reason(
        effect=effect,
        text=f"{count:,} check{'s were' if count != 1 else ' was'} not selected:"
        f" {listed(plan.deselected)}",
        condition=Condition.DESELECTED,
    )


def _of_proofs(plan: Plan, effects: Mapping[Condition, Effect]) -> Iterator[Reason]:
    """One reason for all the blocking checks that are not proven able to fail."""
    effect = effects[Condition.UNPROVEN]
    if effect is Effect.IGNORE:
        return
    names = [check.id for check in plan.checks if is_unproven(check)]
    if not names:
        return
    count = len(names)
    yield Reason(
        effect=effect,
        text=f"{count:,} check{'s are' if count != 1 else ' is'} not proven to catch a fault:"
        f" {listed(names)}",
        condition=Condition.UNPROVEN,
    )


def _of_run(run: Run) -> Iterator[Reason]:
    """Reasons that belong to no single check: the floors under every policy."""
    for text in _doubts(run):
        yield Reason(effect=Effect.INCOMPLETE, text=text)


def _doubts(run: Run) -> Iterator[str]:
    header, plan = run.header, run.header.plan
    if header.schema != EVENT_SCHEMA or plan.schema != PLAN_SCHEMA:
        yield (
            f"the run is written in format {header.schema}/{plan.schema}, and this version reads"
            f" {EVENT_SCHEMA}/{PLAN_SCHEMA}; judge it with the version that wrote it"
        )
    if not plan.profile.rules:
        yield f'profile "{plan.profile_name}" has no rules, so nothing says what may pass'
    if run.interrupted:
        yield f"the run was interrupted: {one(run.interrupted)}"
    if not run.finished:
        yield "the run did not finish: its journal has no last line"
    yield from _disagreements(run)
    if not run.results:
        yield "the plan holds no check, so nothing was verified"
    elif not any(believed(result)[0] in _ANSWERED for result in run.results):
        yield "no check was executed or reused, so nothing was verified"
    for service in run.services:
        if not service.expected:
            yield (
                f'service "{one(service.name)}" did not serve to the end:'
                f" {one(service.reason) or 'no reason known'}"
            )


def _disagreements(run: Run) -> Iterator[str]:
    """Planned checks without exactly one result, and results that no plan asked for."""
    planned = Counter(check.id for check in run.header.plan.checks)
    resulted = Counter(result.check.id for result in run.results)
    for kind, ids in (
        ("has no result", planned - resulted),
        ("has a result that the plan does not ask for", resulted - planned),
        ("stands twice in the plan", Counter(name for name in planned if planned[name] > 1)),
    ):
        for name in ids:
            yield f"{one(name)} {kind}"
