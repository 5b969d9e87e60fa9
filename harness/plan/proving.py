"""Plans that prove: the checks that must catch a fault, with what they need. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from harness.model.base import Record
from harness.model.definitions import Definitions
from harness.model.fault import Expectation, Fault
from harness.model.glob import matches
from harness.model.plan import Plan
from harness.model.spec import Service
from harness.plan.decide import Circumstances
from harness.plan.graph import closure
from harness.plan.undecided import undecided


class Trial(Record, frozen=True):
    """A fault, and the checks of a plan that must catch it, each with the failure to be seen."""

    fault: Fault
    expected: dict[str, Expectation]


def trials(
    definitions: Definitions, plan: Plan, *, checks: Iterable[str], faults: Sequence[str] = ()
) -> tuple[list[Trial], dict[str, str]]:
    """What there is to prove, fault by fault; and each fault that makes no sense here, with why.

    `checks` are the ids that were selected; `faults` narrows to these ids, none means all.
    """
    found: list[Trial] = []
    elsewhere: dict[str, str] = {}
    wanted = set(checks)
    by_id = {check.id: check for check in plan.checks if check.id in wanted}
    circumstances = Circumstances(plan.host, definitions.services)
    for loaded in definitions.faults:
        fault = loaded.fault
        if faults and fault.id not in faults:
            continue
        said = {one.check: one for one in fault.expect}
        expected = {
            name: one
            for name, check in by_id.items()
            if fault.id in check.must_catch
            # What is said of one instance of a matrix goes before what is said of all.
            and (one := said.get(name) or said.get(name.partition("[")[0])) is not None
        }
        if not expected:
            continue
        if fault.if_ and (why := circumstances.fails(fault.if_)):
            elsewhere[fault.id] = why
            continue
        found.append(Trial(fault=fault, expected=expected))
    return found, elsewhere


def control(plan: Plan, checks: Iterable[str]) -> Plan:
    """The plan of these checks and what they need, without any fault."""
    needs = {check.id: check.needs for check in plan.checks}
    names = set(checks)
    names |= closure(names, needs).keys()
    part = tuple(check for check in plan.checks if check.id in names)
    return undecided(msgspec.structs.replace(plan, checks=part))


def broken(plan: Plan, trial: Trial) -> Plan:
    """The plan with the fault's environment in its checks and its changes in the services."""
    fault = trial.fault
    plan = control(plan, trial.expected)
    checks = tuple(
        msgspec.structs.replace(check, env={**check.env, **fault.env})
        if fault.env and check.id in trial.expected
        else check
        for check in plan.checks
    )
    services = {name: _changed(service, fault, name) for name, service in plan.services.items()}
    return msgspec.structs.replace(plan, checks=checks, services=services)


def _changed(service: Service, fault: Fault, name: str) -> Service:
    change = fault.services.get(name)
    if change is None:
        return service
    return msgspec.structs.replace(
        service,
        env={**service.env, **change.env},
        run=[*service.run, *change.arguments],
    )


def untouched(plan: Plan, fault: Fault, touched: Collection[str]) -> set[str]:
    """The checks of a plan that a fault cannot reach: their inputs, services and needs are whole.

    `touched` are the files that the fault changes. A check that declares no inputs reads all.
    """
    found: set[str] = set()
    for check in plan.checks:
        reached = (
            any(need not in found for need in check.needs)
            or any(name in fault.services for name in service_closure(plan, check.services))
            or (bool(touched) and not check.inputs)
            or any(matches(file, pattern) for file in touched for pattern in check.inputs)
        )
        if not reached:
            found.add(check.id)
    return found


def service_closure(plan: Plan, names: Iterable[str]) -> set[str]:
    """These services and all that they need."""
    found: set[str] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name in plan.services and name not in found:
            found.add(name)
            pending.extend(plan.services[name].needs)
    return found


_METHOD = 1
"""Raised when a proof is made or weighed in another way; every proof is then made again."""


def proof_key(check: str, key: str, fault: Fault, env: Mapping[str, str]) -> str:
    """The digest of everything that the proof of a fault by a check depends on; empty if unknown.

    `key` is the check's own: what a reused result depends on, a proof does too. `env` is the
    environment of the scratch tree.
    """
    if not key:
        return ""
    name = check.partition("[")[0]
    does = msgspec.structs.replace(
        fault,
        title="",
        about="",
        expect=[one for one in fault.expect if one.check in (check, name)],
    )
    parts = (_METHOD, key, does, env)
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()
