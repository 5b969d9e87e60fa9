"""Definitions + selection + host -> plan. Decides everything, runs nothing, asks nobody."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from harness.errors import MissingCapabilityError, UsageError
from harness.model.definitions import Definitions
from harness.model.expression import Value, names, parse
from harness.model.fill import fill, fill_env, fill_text
from harness.model.plan import (
    PLAN_SCHEMA,
    Decision,
    Host,
    Plan,
    PlannedCheck,
    PlannedPhase,
)
from harness.model.result import SkipReason, Status
from harness.model.scope import matrix_scope
from harness.model.spec import Alternative, Check, Policy, Service
from harness.plan import graph
from harness.plan.decide import Choice, Circumstances, missing_text
from harness.plan.instances import Instance, instances_of, matrices, sorted_phases
from harness.plan.override import Overrides, overrides_of
from harness.plan.ready import Ended, blocked_by
from harness.plan.selection import Candidate, Selection, chosen, left_out


def make_plan(
    definitions: Definitions,
    *,
    project: str,
    host: Host,
    selection: Selection,
    profile: str | None = None,
    durations: Mapping[str, float] | None = None,
) -> Plan:
    """The plan of a selection on a host.

    `profile` is the policy's default when None; `durations` gives expected seconds by check id.
    The order of phases and files in `definitions` never changes the plan. Raises `UsageError` for
    a name that matches nothing and `MissingCapabilityError` when the host lacks one that the
    selection requires.
    """
    profile_name = _profile(definitions.policy, profile)
    _demand(host, selection)
    instances = instances_of(definitions)
    needs = {one.id: one.needs for one in instances.values()}
    candidates = [
        Candidate(id=one.id, phase=one.phase.phase, check=one.check.id, tags=one.tags)
        for one in instances.values()
    ]
    reasons = chosen(selection, candidates)
    excluded = left_out(selection, candidates)
    if selection.with_needs:
        added = graph.closure(reasons, needs, without=excluded)
        reasons.update({one: f"{_NEEDED}{by}" for one, by in added.items()})
    circumstances = Circumstances(host, definitions.services)
    overrides = overrides_of(definitions, profile_name)
    known = durations or {}
    order = graph.order(needs)
    checks = [
        _planned(instances[name], reasons, circumstances, overrides, known.get(name, 0.0))
        for name in order
        if name in reasons
    ]
    checks = _foretold(checks)
    return Plan(
        schema=PLAN_SCHEMA,
        project=project,
        selection=str(selection),
        profile_name=profile_name,
        profile=definitions.policy.profiles[profile_name],
        host=host,
        phases=tuple(
            PlannedPhase(id=one.phase.phase, title=one.phase.title, about=one.phase.about)
            for one in sorted_phases(definitions.phases)
        ),
        checks=tuple(checks),
        services=_services(checks, definitions.services),
        deselected=tuple(name for name in order if name not in reasons),
    )


def referenced_capabilities(definitions: Definitions) -> frozenset[str]:
    """Every capability a plan of these definitions may ask a host about.

    It may hold names of conditions that are no capabilities of any host; those find nobody.
    """
    found: set[str] = set()
    for service in definitions.services.values():
        found.update(service.requires)
    for loaded in definitions.phases:
        for check in loaded.phase.checks:
            parts: list[Check | Alternative] = [check]
            if isinstance(check.any_of, list):
                parts += check.any_of
            for part in parts:
                if part.if_:
                    found.update(
                        one.name
                        for one in names(parse(part.if_))
                        if not one.name.startswith(_NO_CAPABILITY)
                    )
                if part.requires:
                    for one in matrices(check):
                        scope = matrix_scope(one)
                        found.update(fill_text(name, scope) for name in part.requires)
    return frozenset(found - _NO_CAPABILITIES)


_NEEDED = "needed by "
_NO_CAPABILITY = ("flag.", "platform.", "matrix.", "host.")
_NO_CAPABILITIES = frozenset({"event", "system", "machine"})


def _profile(policy: Policy, name: str | None) -> str:
    wanted = name or policy.default
    if wanted not in policy.profiles:
        near = difflib.get_close_matches(wanted, policy.profiles, n=1)
        raise UsageError(
            f"the policy has no profile {wanted!r}",
            next_step=f"did you mean {near[0]}?"
            if near
            else f"choose one of {', '.join(sorted(policy.profiles))}",
        )
    return wanted


def _demand(host: Host, selection: Selection) -> None:
    for name in selection.require:
        if name not in host.capabilities:
            near = difflib.get_close_matches(name, host.capabilities, n=1)
            raise UsageError(
                f"no capability is called {name!r}",
                next_step=f"did you mean {near[0]}?"
                if near
                else "`release-manager doctor` lists those there are",
            )
    missing = [name for name in selection.require if not host.capabilities[name].present]
    if missing:
        raise MissingCapabilityError(
            f"required by --require: {'; '.join(missing_text(host, name) for name in missing)}",
            next_step="nothing was run",
        )


def _planned(
    one: Instance,
    reasons: Mapping[str, str],
    circumstances: Circumstances,
    overrides: Overrides,
    expected_seconds: float,
) -> PlannedCheck:
    check, scope = one.check, one.scope
    choice = circumstances.choose(check, scope)
    runs = choice.skip is None
    reason = reasons[one.id] if runs else choice.reason
    needs, name = one.needs, f"{one.phase.phase}/{check.id}"
    if left_out := [need for need in needs if need not in reasons]:
        needs = tuple(need for need in needs if need in reasons)
        reason += f"; without {', '.join(left_out)}, which it needs"
    return PlannedCheck(
        id=one.id,
        phase=one.phase.phase,
        title=fill_text(check.title, scope),
        kind=choice.kind,
        decision=Decision.RUN if runs else Decision.SKIP,
        reason=reason,
        position=one.position,
        about=fill_text(check.about, scope),
        skip=choice.skip,
        options=_options(choice, scope) if runs else {},
        needs=needs,
        services=tuple(check.services),
        env=_env(one, choice, scope) if runs else {},
        resources=check.resources,
        timeout_seconds=check.timeout_minutes * 60,
        requires=choice.requires,
        inputs=tuple(fill_text(text, scope) for text in check.inputs) if check.inputs else (),
        tags=one.tags,
        matrix=one.matrix,
        considered=choice.considered,
        advisory=check.continue_on_error,
        must_catch=tuple(check.must_catch),
        override=overrides.of_check(one.id, name),
        expected_seconds=expected_seconds,
        needed=reasons[one.id].startswith(_NEEDED),
        test_overrides=overrides.of_its_tests(one.id, name),
    )


def _options(choice: Choice, scope: Mapping[str, Value]) -> dict[str, Any]:
    """The kind's options with the matrix filled in; without one there is nothing to fill."""
    filled: dict[str, Any] = fill(choice.options, scope, partial=True) if scope else choice.options
    return filled


def _env(one: Instance, choice: Choice, scope: Mapping[str, Value]) -> dict[str, str]:
    """The phase's environment, the check's over it, the alternative's over both."""
    if not (one.phase.env or one.check.env or choice.env):
        return {}
    merged = {**one.phase.env, **one.check.env, **choice.env}
    return fill_env(merged, scope, partial=True) if scope else merged


def _foretold(checks: list[PlannedCheck]) -> list[PlannedCheck]:
    """Say in the reason of each check that cannot run why it cannot: a need of it is skipped.

    It stays in the plan as one to run, because it is required: the run records it as precluded,
    and the verdict counts it.
    """
    ended = {
        check.id: Ended(status=Status.SKIPPED, skip=check.skip)
        for check in checks
        if check.decision is Decision.SKIP
    }
    if not any(one.skip is SkipReason.CAPABILITY_MISSING for one in ended.values()):
        return checks
    told: list[PlannedCheck] = []
    for check in checks:
        blocked = blocked_by(check, ended) if check.decision is Decision.RUN else None
        if blocked is None:
            told.append(check)
            continue
        ended[check.id] = Ended(status=Status.PRECLUDED, root=blocked.root)
        told.append(msgspec.structs.replace(check, reason=f"cannot run: {blocked.reason}"))
    return told


def _services(
    checks: Sequence[PlannedCheck], services: Mapping[str, Service]
) -> dict[str, Service]:
    """The services that checks which run need, near or far, by name."""
    wanted: set[str] = set()
    pending: list[str] = []
    for check in checks:
        if check.decision is Decision.RUN:
            pending += check.services
    while pending:
        name = pending.pop()
        if name not in wanted:
            wanted.add(name)
            pending += services[name].needs
    return {name: services[name] for name in sorted(wanted)}
