"""Every `${{ NAME }}` in a check or service must name something that will exist when it is needed.

`with:` and `env:` are completed when the check runs and may name its services and the run; all
other texts are completed when the plan is made and may name the matrix alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from harness.load.node import ListNode, MapNode, Node, ScalarNode, at
from harness.load.problem import nearest
from harness.load.walk import Walk
from harness.model.expression import OPENING, ExpressionError, placeholders
from harness.model.scope import RUN_NAMES

_AT_RUN_TIME = frozenset({"with", "env", "run"})
_ELSEWHERE = frozenset({"if", "strategy"})  # their own checks say what is wrong there


class Placeholders:
    """Verifies placeholders for one set of services (name to its ports)."""

    def __init__(self, services: Mapping[str, Collection[str]]) -> None:
        self._services = services

    def verify(self, check: MapNode, walk: Walk) -> bool:
        """Verify those of a check, alternatives included. Whether all is well."""
        axes = [f"matrix.{axis}" for axis in walk.axes or ()]
        listed = at(check, "services")
        services = (
            [one.text for one in listed.items if isinstance(one, ScalarNode)]
            if isinstance(listed, ListNode)
            else []
        )
        later = [*axes, *self.names(services)]
        alternatives = at(check, "any-of")
        sound = _verify(check, axes, later, walk)
        if isinstance(alternatives, ListNode):
            for one in alternatives.items:
                if isinstance(one, MapNode):
                    sound = _verify(one, axes, later, walk) and sound
        return sound

    def verify_service(self, name: str, service: MapNode, walk: Walk) -> bool:
        """Verify those of a service, which sees itself and what it needs."""
        needs = at(service, "needs")
        seen = (
            [one.text for one in needs.items if isinstance(one, ScalarNode)]
            if isinstance(needs, ListNode)
            else []
        )
        return _verify(service, [], self.names([name, *seen]), walk)

    def names(self, services: Collection[str]) -> list[str]:
        """What can be known at run time, with these services up."""
        found: list[str] = []
        for name in services:
            found += [f"services.{name}.url", f"services.{name}.host"]
            found += [f"services.{name}.ports.{port}" for port in self._services.get(name, ())]
        return [*found, *RUN_NAMES]


def _verify(node: MapNode, planned: list[str], later: list[str], walk: Walk) -> bool:
    sound = True
    for key, value in node.pairs:
        if key.text in _ELSEWHERE or key.text == "any-of":
            continue
        known = later if key.text in _AT_RUN_TIME else planned
        for scalar in _scalars(value):
            sound = verify_text(scalar, known, later, walk) and sound
    return sound


def verify_text(node: ScalarNode, known: list[str], later: list[str], walk: Walk) -> bool:
    """Verify one text; `later` are the names that would do in `with:` and `env:`."""
    try:
        found = placeholders(node.text)
    except ExpressionError as error:
        walk.problem(node, error.what, "write ${{ NAME }}")
        return False
    sound = True
    for name in found:
        if name.name in known:
            continue
        sound = False
        walk.problem(node, *_unknown(name.name, known, later))
    return sound


def _unknown(name: str, known: list[str], later: list[str]) -> tuple[str, str]:
    if name in later:
        return f"{name} is not known before the check runs", 'use it in "with" or "env" only'
    if (near := nearest(name, known)) is not None:
        return f'nothing is called "{name}" here', f'did you mean "{near}"?'
    if name.startswith("services."):
        service = name.split(".")[1]
        return f'"{name}" is not known here', f'add "{service}" to the services of this check'
    if name.startswith("matrix."):
        return f'"{name}" is no axis of this check', "add it under strategy: matrix:"
    return f'nothing is called "{name}" here', f"use one of {', '.join(known) or 'none: no name'}"


def _scalars(node: Node) -> Iterator[ScalarNode]:
    if isinstance(node, ScalarNode):
        if OPENING in node.text:
            yield node
    elif isinstance(node, ListNode):
        for one in node.items:
            yield from _scalars(one)
    else:
        for _, value in node.pairs:
            yield from _scalars(value)
