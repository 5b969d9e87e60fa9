"""What a check's types cannot say: its kind's options, its matrix, its conditions, its names.

`CheckRules.finish` works on nodes, while a file is validated; `examine` works on the typed check.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from harness.load.node import ListNode, MapNode, Node, ScalarNode, at
from harness.load.placeholder import Placeholders
from harness.load.problem import choose, nearest, shown
from harness.load.validate import Compiler
from harness.load.walk import INVALID, Validator, Walk
from harness.model import matrix
from harness.model.expression import OPENING, ExpressionError, Name, parse, verify
from harness.model.fill import fill_text
from harness.model.scope import UnknownNameError, condition_types, matrix_scope
from harness.model.spec import Alternative, Check, Scalar, Strategy

Axes = Mapping[str, list[Scalar]]


class CheckRules:
    """The rules for one set of kinds, capabilities and services (name to its ports)."""

    def __init__(
        self,
        kinds: Mapping[str, type[msgspec.Struct]],
        capabilities: Collection[str],
        services: Mapping[str, Collection[str]],
    ) -> None:
        self._kinds = kinds
        self._capabilities = frozenset(capabilities)
        self._services = services
        self._placeholders = Placeholders(services)
        self._validators: dict[str, Validator] = {}

    def finish(self, node: MapNode, values: dict[str, Any], walk: Walk) -> bool:
        """Validate what `uses:` decides; put each `with:` into `values`. Whether all is well."""
        inner = Walk(walk.file, walk.problems, _axis_nodes(node))
        uses, any_of = node.get("uses"), node.get("any-of")
        if uses is None and any_of is None:
            walk.problem(node, "the check does nothing", 'add "uses" (a kind) or "any-of"')
            return False
        if uses is not None and any_of is not None:
            key = node.key("any-of") or node
            walk.problem(key, 'both "uses" and "any-of" are given', "keep one of the two")
            return False
        if any_of is None:
            sound = self._options(node, values, inner)
        else:
            sound = self._alternatives(node, any_of, values, inner)
        if walk.placeholders or inner.placeholders:
            sound = self._placeholders.verify(node, inner) and sound
        return sound

    def _alternatives(
        self, node: MapNode, any_of: Node, values: dict[str, Any], walk: Walk
    ) -> bool:
        sound = True
        if (key := node.key("with")) is not None:
            walk.problem(key, '"with" stands beside "any-of"', "move it into each alternative")
            sound = False
        if not isinstance(any_of, ListNode) or "any-of" not in values:
            return sound
        for item, alternative in zip(any_of.items, values["any-of"], strict=True):
            if isinstance(item, MapNode):
                sound = self._options(item, alternative, walk) and sound
        return sound

    def _options(self, node: MapNode, values: dict[str, Any], walk: Walk) -> bool:
        """Walk `with:` against the options of the kind that `uses:` names."""
        name, options = values.get("uses"), values.pop("with", None)
        if name is None:
            return False
        kind = self._kinds.get(name)
        if kind is None:
            walk.problem(
                at(node, "uses"), f"no kind is called {shown(name)}", choose(name, self._kinds)
            )
            return False
        validate = self._validators.get(name)
        if validate is None:
            validate = Compiler().compile(kind, label=f'the "with" of {name}')
            self._validators[name] = validate
        if options is None:
            if node.key("with") is not None:
                return False  # no mapping at all; noted with the types
            options = MapNode([], node.line, node.column)
        checked = validate(options, walk)
        if checked is INVALID:
            return False
        if not walk.placeholders:
            # Rules that only the kind itself knows (its __post_init__).
            try:
                msgspec.convert(checked, kind)
            except msgspec.ValidationError as error:
                walk.problem(options, f'the "with" of {name}: {error}', "change the options")
                return False
        values["with"] = checked
        return True

    def examine(self, check: Check, node: MapNode, walk: Walk) -> list[dict[str, Scalar]]:
        """Note every problem in a well-typed check; give its matrix's combinations."""
        axes: Axes = {}
        combinations: list[dict[str, Scalar]] = [{}]
        if isinstance(check.strategy, Strategy):
            axes = check.strategy.matrix
            combinations = _combinations(check.strategy, node, walk)
        self.condition(check.if_, at(node, "if"), axes, walk)
        self.requires(check.requires, at(node, "requires"), walk, combinations)
        if isinstance(check.any_of, list):
            for index, alternative in enumerate(check.any_of):
                self._alternative(alternative, at(node, "any-of", index), axes, walk, combinations)
        for index, service in enumerate(check.services):
            if service not in self._services:
                walk.problem(
                    at(node, "services", index),
                    f"no service is called {shown(service)}",
                    choose(service, self._services, otherwise="define it in services.yaml"),
                )
        for index, pattern in enumerate(check.inputs):
            if (wrong := bad_glob(pattern)) is not None:
                walk.problem(
                    at(node, "inputs", index),
                    f"the glob {shown(pattern)} {wrong}",
                    "write it relative to the project root, as in src/**/*.py",
                )
        return combinations

    def _alternative(
        self,
        alternative: Alternative,
        node: Node,
        axes: Axes,
        walk: Walk,
        combinations: list[dict[str, Scalar]],
    ) -> None:
        self.condition(alternative.if_, at(node, "if"), axes, walk)
        self.requires(alternative.requires, at(node, "requires"), walk, combinations)

    def requires(
        self,
        names: list[str],
        node: Node,
        walk: Walk,
        combinations: list[dict[str, Scalar]],
    ) -> None:
        """Each name, in every combination of the matrix, must be a capability somebody knows."""
        for index, name in enumerate(names):
            for text in _every(name, combinations):
                if text not in self._capabilities and OPENING not in text:
                    walk.problem(
                        at(node, index),
                        f"no capability is called {shown(text)}",
                        choose(
                            text,
                            self._capabilities,
                            otherwise="`release-manager doctor` lists those there are",
                        ),
                    )

    def condition(self, text: str, node: Node, axes: Axes, walk: Walk) -> None:
        """Note what is wrong with the text of an `if:`."""
        if not text:
            return
        if OPENING in text:
            walk.problem(node, f'"if" is an expression already: {shown(text)}', "drop the ${{ }}")
            return

        def type_of(name: Name) -> frozenset[str]:
            return condition_types(name, capabilities=self._capabilities, axes=axes)

        try:
            verify(parse(text), type_of)
        except UnknownNameError as error:
            near = nearest(error.name, error.known)
            _expression_problem(
                error,
                node,
                walk,
                f'did you mean "{near}"?'
                if near
                else "use a capability, flag.NAME, platform.NAME, event, or matrix.AXIS",
            )
        except ExpressionError as error:
            _expression_problem(error, node, walk, "mend the expression")


def _expression_problem(error: ExpressionError, node: Node, walk: Walk, remedy: str) -> None:
    place = node
    if isinstance(node, ScalarNode) and node.plain:
        place = ScalarNode("", True, node.line, node.column + error.offset)
    walk.problem(place, f'in "if": {error.what}', remedy)


def _every(text: str, combinations: list[dict[str, Scalar]]) -> list[str]:
    """The texts that one with matrix placeholders becomes, each once."""
    if OPENING not in text:
        return [text]
    try:
        texts = [fill_text(text, matrix_scope(one), partial=True) for one in combinations]
    except ExpressionError:
        return []  # noted where placeholders are verified
    return list(dict.fromkeys(texts))


def _axis_nodes(node: MapNode) -> dict[str, list[Node]]:
    """The nodes of a matrix's values by axis, as far as they can be read."""
    axes = at(node, "strategy", "matrix")
    if not isinstance(axes, MapNode) or axes is node:
        return {}
    return {key.text: value.items for key, value in axes.pairs if isinstance(value, ListNode)}


def _combinations(strategy: Strategy, node: MapNode, walk: Walk) -> list[dict[str, Scalar]]:
    where = at(node, "strategy", "matrix")
    if (count := matrix.size(strategy)) > matrix.MAX_COMBINATIONS:
        walk.problem(
            where,
            f"the matrix has {count:,} combinations, more than {matrix.MAX_COMBINATIONS:,}",
            "take values out, or split the check",
        )
        return [{}]
    if not _nameable(strategy, where, walk):
        return [{}]
    _exclusions(strategy, node, walk)
    left = matrix.combinations(strategy)
    if not left:
        walk.problem(
            at(node, "strategy", "exclude"),
            "every combination of the matrix is excluded",
            "leave at least one",
        )
    seen: set[str] = set()
    for one in left:
        name = matrix.instance_id("", one)
        if name in seen:
            walk.problem(
                where,
                f"two combinations of the matrix are both called {name}",
                "remove the value that stands there twice",
            )
            break
        seen.add(name)
    return left or [{}]


def _nameable(strategy: Strategy, where: Node, walk: Walk) -> bool:
    """Matrix values become part of check ids, which people type and files are named after."""
    sound = True
    for axis, values in strategy.matrix.items():
        for index, value in enumerate(values):
            if isinstance(value, str) and not (value.isprintable() and 0 < len(value) <= 60):
                sound = False
                walk.problem(
                    at(where, axis, index),
                    f"the value {shown(value)} cannot be part of a check's name",
                    "write 1 to 60 printable characters",
                )
    return sound


def _exclusions(strategy: Strategy, node: MapNode, walk: Walk) -> None:
    for index, rule in enumerate(strategy.exclude):
        where = at(node, "strategy", "exclude", index)
        for axis, value in rule.items():
            if axis not in strategy.matrix:
                walk.problem(
                    where, f"the matrix has no axis {shown(axis)}", choose(axis, strategy.matrix)
                )
            elif not any(matrix.same(value, one) for one in strategy.matrix[axis]):
                walk.problem(
                    at(where, axis),
                    f"the axis {axis} has no value {value!r}",
                    choose(str(value), [str(one) for one in strategy.matrix[axis]]),
                )


def bad_glob(pattern: str) -> str | None:
    """What is wrong with a glob of input files, or None."""
    if not pattern.strip():
        return "is empty"
    if pattern.startswith("$") and not pattern.startswith(OPENING):
        named = re.fullmatch(r"\$[A-Za-z_]\w*", pattern, re.ASCII)
        return None if named else "names no variable, which is written $NAME"
    if pattern.startswith(("/", "~")) or re.match(r"[A-Za-z]:", pattern):
        return "is absolute"
    if "\\" in pattern:
        return "has a backslash; folders are separated by /"
    if ".." in pattern.split("/"):
        return 'leaves the project with ".."'
    if pattern.count("[") != pattern.count("]"):
        return "has a bracket that is not closed"
    return None
