"""Whether this host can and should run a check, and by which alternative. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from harness.model.base import Record
from harness.model.expression import OPENING, Expression, Value, evaluate, names, parse, spell
from harness.model.fill import fill_text
from harness.model.plan import Considered, Host
from harness.model.result import SkipReason
from harness.model.scope import condition_scope
from harness.model.spec import Alternative, Check, Service


class Choice(Record, frozen=True):
    """The answer for one check: run this kind with these options, or why not.

    `because` is what makes an alternative the chosen one; empty where there was nothing to choose.
    """

    kind: str
    options: dict[str, Any] = {}
    env: dict[str, str] = {}
    requires: tuple[str, ...] = ()
    considered: tuple[Considered, ...] = ()
    skip: SkipReason | None = None
    reason: str = ""


class Circumstances:
    """A host as conditions and requirements see it; expressions are parsed once."""

    def __init__(self, host: Host, services: Mapping[str, Service]) -> None:
        self._host = host
        self._services = services
        self._scope = condition_scope(host)
        self._parsed: dict[str, Expression] = {}

    def choose(self, check: Check, matrix: Mapping[str, Value]) -> Choice:
        """What to do with one instance of a check; `matrix` is its scope."""
        kind = first_kind(check)
        required = requirements(check.requires, check.services, self._services, matrix)
        if check.if_ and (failed := self.fails(check.if_, matrix)):
            return Choice(
                kind=kind,
                requires=required,
                skip=SkipReason.NOT_APPLICABLE,
                reason=f"not applicable here: {failed}",
            )
        if lacked := self._lacks(required):
            return Choice(
                kind=kind,
                requires=required,
                skip=SkipReason.CAPABILITY_MISSING,
                reason=lacked,
            )
        if isinstance(check.any_of, list):
            return self._first(check.any_of, required, matrix)
        return Choice(kind=kind, options=check.with_, requires=required)

    def _first(
        self,
        alternatives: list[Alternative],
        required: tuple[str, ...],
        matrix: Mapping[str, Value],
    ) -> Choice:
        """The first alternative this host can do, beside what was the matter with the others."""
        considered: list[Considered] = []
        chosen: Alternative | None = None
        applicable = False
        for one in alternatives:
            title = fill_text(one.title, matrix, partial=True)
            if chosen is not None:
                lacked = "not needed: an earlier alternative answers"
            elif one.if_ and (failed := self.fails(one.if_, matrix)):
                lacked = f"not applicable here: {failed}"
            else:
                applicable = True
                lacked = self._lacks(_filled(one.requires, matrix))
                chosen = None if lacked else one
            considered.append(Considered(title=title, lacked=lacked))
        if chosen is not None:
            return Choice(
                kind=chosen.uses,
                options=chosen.with_,
                env=chosen.env,
                requires=(*required, *_filled(chosen.requires, matrix)),
                considered=tuple(considered),
            )
        every = "; ".join(f"{one.title}: {one.lacked}" for one in considered)
        return Choice(
            kind=alternatives[0].uses,
            requires=required,
            considered=tuple(considered),
            skip=SkipReason.CAPABILITY_MISSING if applicable else SkipReason.NOT_APPLICABLE,
            reason=f"no alternative can be used here ({every})",
        )

    def fails(self, text: str, matrix: Mapping[str, Value] = MappingProxyType({})) -> str:
        """Why a condition does not hold, or an empty text when it does."""
        expression = self._parsed.get(text)
        if expression is None:
            expression = self._parsed[text] = parse(text)
        scope: dict[str, Value] = {**self._scope, **matrix}
        mentioned = dict.fromkeys(one.name for one in names(expression))
        for name in mentioned:
            # A flag nobody set is off, and a capability nobody found is absent.
            scope.setdefault(name, False)
        if evaluate(expression, scope):
            return ""
        values = ", ".join(f"{name} is {spell(scope[name])}" for name in mentioned)
        return f"{text} does not hold ({values})" if values else f"{text} does not hold"

    def _lacks(self, required: Iterable[str]) -> str:
        """Which capabilities are missing and how to get them, or an empty text."""
        return "; ".join(
            missing_text(self._host, name)
            for name in required
            if name not in self._host.capabilities or not self._host.capabilities[name].present
        )


def missing_text(host: Host, name: str) -> str:
    """One missing capability as a person reads it, with the command that brings it."""
    capability = host.capabilities.get(name)
    text = f"{name} is missing"
    if capability is not None and capability.detail:
        text += f" ({capability.detail})"
    if capability is not None and capability.install:
        text += f", install it with: {capability.install}"
    return text


def first_kind(check: Check) -> str:
    """The kind by which a check that does not run is shown."""
    if isinstance(check.uses, str):
        return check.uses
    return check.any_of[0].uses if isinstance(check.any_of, list) else ""


def requirements(
    own: Sequence[str],
    wanted: Sequence[str],
    services: Mapping[str, Service],
    matrix: Mapping[str, Value],
) -> tuple[str, ...]:
    """A check's capabilities and those of every service it needs, near or far; each once."""
    found = dict.fromkeys(_filled(own, matrix))
    if not wanted:
        return tuple(found)
    seen: set[str] = set()
    pending = list(wanted)
    while pending:
        name = pending.pop(0)
        if name not in seen:
            seen.add(name)
            found.update(dict.fromkeys(services[name].requires))
            pending += services[name].needs
    return tuple(found)


def _filled(texts: Iterable[str], matrix: Mapping[str, Value]) -> tuple[str, ...]:
    return tuple(fill_text(one, matrix) if OPENING in one else one for one in texts)
