"""Keeps secrets that definitions hold out of what a run records; checks still get the real values.

A phase file should name a secret's variable and not hold its value. Where it does all the same,
under a name that says secret or in the shape of a well-known key, the value must not spread into
journals, reports and logs: they are uploaded, attached and shown to many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from harness.model.expression import OPENING
from harness.model.plan import Plan
from harness.system.redact import MASK, SHORTEST_SECRET, Redactor, looks_secret

Struct = TypeVar("Struct", bound=msgspec.Struct)
_MASKED = MASK.decode()


def redactor_for(plan: Plan, environ: Mapping[str, str]) -> Redactor:
    """What masks everything that a run of the plan prints or records."""
    return Redactor(environ, secrets_in(plan))


def secrets_in(plan: Plan) -> set[str]:
    """The values that the plan's definitions hold under names that say secret."""
    found: set[str] = set()
    for tree in _trees(plan):
        found.update(_named(tree))
    return found


def masked(plan: Plan, redactor: Redactor) -> Plan:
    """The plan as it may be recorded: options and environments without secrets."""
    # Nearly always there is nothing to mask; one search through all of it says so. MessagePack
    # holds texts as they are, where JSON would escape them.
    if not redactor.hides(msgspec.msgpack.encode(list(_trees(plan)))) and not secrets_in(plan):
        return plan
    return replace(
        plan,
        checks=tuple(
            replace(
                check,
                options=_masked(check.options, redactor),
                env=_masked(check.env, redactor),
            )
            for check in plan.checks
        ),
        services={
            name: replace(
                service,
                run=_masked(service.run, redactor),
                env=_masked(service.env, redactor),
            )
            for name, service in plan.services.items()
        },
    )


def restored(recorded: Plan, replan: Callable[[], Plan]) -> Plan:
    """A recorded plan with the values that were masked, from a new plan of the same definitions."""
    if _MASKED.encode() not in msgspec.msgpack.encode(list(_trees(recorded))):
        return recorded
    planned = replan()
    checks = {check.id: check for check in planned.checks}
    return replace(
        recorded,
        checks=tuple(
            replace(check, options=checks[check.id].options, env=checks[check.id].env)
            if check.id in checks
            else check
            for check in recorded.checks
        ),
        services={**recorded.services, **_among(planned.services, recorded.services)},
    )


def masked_struct(value: Struct, redactor: Redactor) -> Struct:
    """Any value of the model with secrets masked in all its texts: what a result file says."""
    if not redactor.hides(msgspec.msgpack.encode(value)):
        return value
    return msgspec.convert(_masked(msgspec.to_builtins(value), redactor), type(value))


def _trees(plan: Plan) -> Iterator[Any]:
    """Everything of a plan that people put values into."""
    for check in plan.checks:
        if check.options:
            yield check.options
        if check.env:
            yield check.env
    for service in plan.services.values():
        yield service.run
        yield service.env


def _named(tree: Any) -> Iterator[str]:
    """The texts in a tree that stand under a name that says secret."""
    if isinstance(tree, dict):
        for name, value in tree.items():
            if isinstance(value, str):
                if _is_secret(name, value):
                    yield value
            elif isinstance(value, dict | list | tuple):
                yield from _named(value)
    elif isinstance(tree, list | tuple):
        for value in tree:
            if isinstance(value, dict | list | tuple):
                yield from _named(value)


def _is_secret(name: str, value: str) -> bool:
    """A placeholder is no value yet, and what is too short would blacken half of every log."""
    return len(value) >= SHORTEST_SECRET and OPENING not in value and looks_secret(name)


def _masked(tree: Any, redactor: Redactor) -> Any:
    match tree:
        case str():
            return redactor.text(tree)
        case dict():
            return {
                name: _MASKED
                if isinstance(value, str) and _is_secret(name, value)
                else _masked(value, redactor)
                for name, value in tree.items()
            }
        case list() | tuple():
            return [_masked(value, redactor) for value in tree]
        case _:
            return tree


def _among(named: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: named[name] for name in names if name in named}
