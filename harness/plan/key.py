"""What a check's result depends on, as a manifest, and the digest of it: the check's key.

Equal keys mean that nothing known to matter differs, so an earlier pass may stand. What cannot be
known gives no key, and without a key nothing is ever reused. A feature flag or an event decides
only whether a check runs and with which alternative; both of these are in the manifest themselves.
A timeout is not in it: it can turn no pass into a different pass.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from harness.model.base import Record
from harness.model.glob import variable_of
from harness.model.plan import Decision, Plan, PlannedCheck
from harness.model.result import SkipReason
from harness.model.spec import Service
from harness.model.variables import relevant

_NO_NEED = "not applicable"


class Manifest(Record, frozen=True):
    """All that one result depends on, in words that a difference can be told in.

    `inputs` are file digests by path. `variables` are digests of values, so that no secret is kept.
    """

    definition: dict[str, str]
    inputs: dict[str, str]
    tools: dict[str, str]
    variables: dict[str, str]
    needs: dict[str, str]


class Facts(Record, frozen=True):
    """What the world says that keys depend on: tools in use and the environment.

    `of_kind` is what every check of one kind reads apart from its inputs, by that kind.
    """

    tools: dict[str, str]
    environ: dict[str, str]
    of_kind: dict[str, dict[str, str]] = {}


class Keyed(Record, frozen=True):
    """A check's manifest and key, or why it has none."""

    key: str = ""
    manifest: Manifest | None = None
    why_not: str = ""


Inputs = Callable[[str], Mapping[str, str] | None]
"""Digest by path of the files that a pattern means; None when one of them cannot be read."""

Program = Callable[[str], str]
"""What a program's name stands for on this host, as text that differs when the program does."""


def digest_of(value: Any) -> str:
    """The digest of any data, whatever the order of its mappings."""
    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()


def relevant_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that matter to tools, as digests of their values."""
    return {name: digest_of(value)[:32] for name, value in relevant(environ).items()}


def keys_of(
    plan: Plan,
    inputs: Inputs,
    facts: Facts,
    program: Program,
    known: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Keyed]:
    """The key of each check of a plan by id; its checks stand in topological order.

    `known` are keys that cannot have changed since they were computed; their manifests are not
    made again.
    """
    variables = relevant_variables(facts.environ)
    found: dict[str, Keyed] = {}
    plain = {check.id: check for check in plan.checks}
    for check in plan.checks:
        if check.id in known:
            found[check.id] = Keyed(key=known[check.id])
        else:
            found[check.id] = _keyed(check, plan, plain, found, inputs, facts, variables, program)
    return found


def _keyed(
    check: PlannedCheck,
    plan: Plan,
    checks: Mapping[str, PlannedCheck],
    found: Mapping[str, Keyed],
    inputs: Inputs,
    facts: Facts,
    variables: dict[str, str],
    program: Program,
) -> Keyed:
    if not check.inputs:
        return Keyed(why_not="it declares no inputs")
    if check.decision is Decision.SKIP:
        return Keyed(why_not="it is skipped")
    needs: dict[str, str] = {}
    for need in check.needs:
        if checks[need].skip is SkipReason.NOT_APPLICABLE:
            needs[need] = _NO_NEED
        elif not (key := found[need].key):
            return Keyed(why_not=f"{need}, which it needs, has no key: {found[need].why_not}")
        else:
            needs[need] = key
    files: dict[str, str] = {}
    for pattern in check.inputs:
        if name := variable_of(pattern):
            value = facts.environ.get(name)
            variables = {**variables, name: "not set" if value is None else digest_of(value)[:32]}
            continue
        matched = inputs(pattern)
        if matched is None:
            return Keyed(why_not=f"a file of its input {pattern} cannot be read")
        if not matched:
            return Keyed(why_not=f"its input {pattern} matches no file")
        files.update(matched)
    tools = {**facts.tools, **facts.of_kind.get(check.kind, {}), **_tools(check, plan, program)}
    manifest = Manifest(
        definition=_definition(check, plan),
        inputs=files,
        tools=tools,
        variables=variables,
        needs=needs,
    )
    return Keyed(key=digest_of(manifest), manifest=manifest)


def _definition(check: PlannedCheck, plan: Plan) -> dict[str, str]:
    said = {"id": check.id, "uses": check.kind, "inputs": _text(sorted(check.inputs))}
    for name, value in check.options.items():
        if name == "env" and isinstance(value, dict):
            said.update({f"with.env.{key}": digest_of(one)[:32] for key, one in value.items()})
        else:
            said[f"with.{name}"] = _text(value)
    said.update({f"env.{name}": digest_of(value)[:32] for name, value in check.env.items()})
    said.update({f"matrix.{name}": _text(value) for name, value in check.matrix.items()})
    for name in _closure(check.services, plan.services):
        said[f"service {name}"] = digest_of(plan.services[name])[:32]
    return said


def _text(value: Any) -> str:
    text = msgspec.json.encode(value, order="sorted").decode()
    return text if len(text) <= 200 else f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _closure(names: Iterable[str], services: Mapping[str, Service]) -> list[str]:
    found: set[str] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name in services and name not in found:
            found.add(name)
            pending.extend(services[name].needs)
    return sorted(found)


def _tools(check: PlannedCheck, plan: Plan, program: Program) -> dict[str, str]:
    host = plan.host
    tools = {"system": f"{host.system} {host.machine}"}
    wanted = set(check.requires)
    for name in _closure(check.services, plan.services):
        wanted.update(plan.services[name].requires)
    for name in sorted(wanted):
        capability = host.capabilities.get(name)
        tools[name] = f"{capability.version} {capability.detail}" if capability else "unknown"
    run = check.options.get("run")
    if isinstance(run, list | tuple) and run and isinstance(run[0], str):
        name = "sh" if check.options.get("shell") else run[0]
        tools[f"program {name}"] = program(name)
    return tools


def differences(before: Manifest, after: Manifest) -> list[str]:
    """What differs between two manifests, one sentence each, in the order a person would look."""
    found = [
        *_differing("input", before.inputs, after.inputs),
        *_differing("definition:", before.definition, after.definition, values=True),
        *_differing("tool", before.tools, after.tools, values=True),
        *_differing("variable", before.variables, after.variables),
    ]
    found += [f"dependency {text}" for text in _differing("", before.needs, after.needs)]
    return [text.replace("  ", " ") for text in found]


def _differing(
    what: str, before: Mapping[str, str], after: Mapping[str, str], *, values: bool = False
) -> list[str]:
    found = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        how = "added" if old is None else "removed" if new is None else "changed"
        shown = f" ({old} -> {new})" if values and how == "changed" else ""
        found.append(f"{what} {name} {how}{shown}".strip())
    return found
