"""One phase file: its types first, then each sound check's own rules.

A file with a problem still gives its names, so that references to it elsewhere do not look wrong,
and each sound check in it is examined in full: everything is told at once.
"""

from __future__ import annotations

import functools
from typing import Any

import msgspec

from harness.load.check import CheckRules
from harness.load.node import ListNode, MapNode, Node, ScalarNode, at, position
from harness.load.placeholder import verify_text
from harness.load.validate import Compiler, Special
from harness.load.walk import INVALID, Validator, Walk
from harness.model.definitions import LoadedPhase
from harness.model.expression import OPENING
from harness.model.scope import RUN_NAMES
from harness.model.spec import Alternative, Check, Phase, Scalar


class Item(msgspec.Struct):
    """One check of a file; `check` is None when its types are wrong, `id` is empty without one.

    While a problem is noted, `check` may lack its options.
    """

    node: Node
    id: str
    check: Check | None
    combinations: list[dict[str, Scalar]]

    @property
    def needs(self) -> list[str]:
        """What the check says it needs, as far as it can be read."""
        if self.check is not None:
            return self.check.needs
        return texts(at(self.node, "needs"))


class Draft(msgspec.Struct):
    """One phase file on its way; `values` is None when the phase itself has a problem."""

    walk: Walk
    node: Node
    phase_id: str
    needs: list[str]
    items: list[Item]
    values: dict[str, Any] | None

    def loaded(self) -> LoadedPhase:
        """The finished phase. Only to be asked for when no problem was noted."""
        header = {key: value for key, value in (self.values or {}).items() if key != "checks"}
        checks = [item.check for item in self.items]
        return LoadedPhase(
            phase=msgspec.convert({**header, "checks": checks}, Phase),
            position=position(self.walk.file, self.node),
            check_positions=tuple(position(self.walk.file, item.node) for item in self.items),
        )


class PhaseReader:
    """Reads phase files by one set of rules."""

    def __init__(self, rules: CheckRules) -> None:
        self._rules = rules
        self._phase, self._check = _validators()

    def draft(self, node: Node, walk: Walk) -> Draft:
        """Validate a file's node; every problem in it is noted."""
        values = self._phase(node, walk)
        if isinstance(node, MapNode):
            _header_placeholders(node, walk)
        listed = at(node, "checks")
        nodes = listed.items if isinstance(listed, ListNode) else []
        return Draft(
            walk=walk,
            node=node,
            phase_id=_text(node, "phase"),
            needs=texts(at(node, "needs")),
            items=[self._item(one, walk) for one in nodes],
            values=None if values is INVALID else values,
        )

    def _item(self, node: Node, walk: Walk) -> Item:
        walk.placeholders = False
        item = Item(node=node, id=_text(node, "id"), check=None, combinations=[{}])
        values = self._check(node, walk)
        if not isinstance(node, MapNode):
            return item
        # A check with a wrong type in it still has a kind and options to look at.
        typed = values is not INVALID
        values = values if typed else _readable(node)
        if not self._rules.finish(node, values, walk):
            # Options that are wrong, or were never looked at, are no part of what is examined.
            for one in (values, *values.get("any-of", ())):
                one.pop("with", None)
        if typed:
            item.check = msgspec.convert(values, Check)
            item.combinations = self._rules.examine(item.check, node, walk)
        return item


@functools.cache
def _validators() -> tuple[Validator, Validator]:
    """Those of a phase without its checks, and of a check without its options."""
    raw: Special = {(Check, "with"): _as_node, (Alternative, "with"): _as_node}
    return (
        Compiler(special={(Phase, "checks"): _checks}).compile(Phase, label="this phase"),
        Compiler(special=raw).compile(Check, label="a check"),
    )


def _as_node(node: Node, walk: Walk) -> Any:
    """`with:` is kept for later: the kind decides what may stand in it."""
    if isinstance(node, MapNode):
        return node
    return walk.problem(node, '"with" must be a mapping of keys', "write the options of the kind")


def _checks(node: Node, walk: Walk) -> Any:
    """Each check is validated by itself; here only that there are some."""
    if not isinstance(node, ListNode):
        return walk.problem(node, '"checks" must be a list', "begin each check with -")
    if not node.items:
        return walk.problem(node, '"checks" is empty', "write at least one check")
    return []


def _readable(node: MapNode) -> dict[str, Any]:
    """What `finish` needs of a check that is not sound: which kind, and its options."""
    uses, options = node.get("uses"), node.get("with")
    values: dict[str, Any] = {}
    if isinstance(uses, ScalarNode):
        values["uses"] = uses.text
    if isinstance(options, MapNode):
        values["with"] = options
    return values


def _text(node: Node, key: str) -> str:
    value = at(node, key)
    return value.text if value is not node and isinstance(value, ScalarNode) else ""


def texts(node: Node) -> list[str]:
    """The scalars of a list, one for each item so that indices stay true."""
    if not isinstance(node, ListNode):
        return []
    return [one.text if isinstance(one, ScalarNode) else "" for one in node.items]


def _header_placeholders(node: MapNode, walk: Walk) -> None:
    """A phase's environment may name the run; its other texts nothing at all."""
    for key, value in node.pairs:
        inner = [one for _, one in value.pairs] if isinstance(value, MapNode) else [value]
        for one in inner:
            if isinstance(one, ScalarNode) and OPENING in one.text:
                if key.text == "env":
                    verify_text(one, list(RUN_NAMES), list(RUN_NAMES), walk)
                else:
                    walk.problem(one, "a phase has nothing to fill in here", "write it out")
