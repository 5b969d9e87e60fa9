"""Plans that prove: the checks that must catch a fault, with what they need. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from harness.model.base import Record
from harness.model.definitions import Definitions
from harness.model.fault import Expectation, Fault
from harness.model.plan import Decision, Host, Plan, PlannedCheck
from harness.model.spec import Service
from harness.plan.decide import Circumstances
from harness.plan.graph import closure


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
        expected = {
            name: one
            for one in fault.expect
            for name, check in by_id.items()
            if one.check in (name, name.partition("[")[0]) and fault.id in check.must_catch
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
    return msgspec.structs.replace(
        plan,
        checks=tuple(
            msgspec.structs.replace(check, decision=Decision.RUN)
            if check.decision is Decision.REUSE
            else check
            for check in plan.checks
            if check.id in names
        ),
    )


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


_UNIMPORTANT = {
    "decision": Decision.RUN,
    "reason": "",
    "expected_seconds": 0.0,
    "key": "",
    "proofs": (),
    "override": None,
}


def proof_key(
    check: PlannedCheck,
    fault: Fault,
    *,
    contents: Callable[[Iterable[str]], str],
    host: Host,
    services: Mapping[str, Service],
    version: str,
) -> str:
    """The digest of everything a proof depends on: check, fault, files, services and tools."""
    plain = msgspec.structs.replace(
        check, **_UNIMPORTANT, position=msgspec.structs.replace(check.position, line=0, column=0)
    )
    tools = {
        name: host.capabilities[name].version
        for name in check.requires
        if name in host.capabilities
    }
    own = {name: services[name] for name in check.services if name in services}
    parts = (plain, fault, own, tools, version, host.system, host.machine, contents(check.inputs))
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()
