"""Nodes against the types of `model/spec.py` and of the kinds' options.

Each type is compiled once into a function that takes a node and gives plain data (which msgspec
then turns into the frozen type), or notes every problem in it and gives `INVALID`. What a plain
scalar means is decided by the type that is wanted, never by YAML's guess: in a text field `no`,
`1.10` and `2026-01-01` are the text as written.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

from msgspec import inspect

from harness.load.node import (
    ListNode,
    MapNode,
    Node,
    ScalarNode,
    is_not_finite,
    loses_digits,
    resolve,
)
from harness.load.problem import choose, shown
from harness.load.scalar import (
    MAX_WHOLE,
    ambiguous,
    nothing,
    number,
    one_of,
    one_of_types,
    text,
    truth,
)
from harness.load.walk import INVALID, Invalid, Validator, Walk, describe, expected
from harness.model.expression import OPENING

Special = Mapping[tuple[type, str], Validator]
"""Validators for single fields, by the struct and the field's name in YAML."""


class Compiler:
    """Compiles types to validators; one per set of special fields."""

    def __init__(self, special: Special | None = None) -> None:
        self._special: Special = special or {}
        self._structs: dict[type, Validator] = {}

    def compile(self, wanted: Any, *, label: str) -> Validator:
        """The validator of a type, which messages call `label`.

        Raises `TypeError` for a type that YAML cannot express.
        """
        return self._of(inspect.type_info(wanted), label)

    def _of(self, wanted: inspect.Type, label: str) -> Validator:
        match wanted:
            case inspect.Metadata(type=inner):
                return self._of(inner, label)
            case inspect.AnyType():
                return _anything
            case inspect.StrType():
                return text(label, wanted)
            case inspect.BoolType():
                return truth(label)
            case inspect.IntType() | inspect.FloatType():
                return number(label, wanted)
            case inspect.NoneType():
                return nothing(label)
            case inspect.EnumType(cls=cls):
                return one_of(label, [str(one.value) for one in cls])
            case inspect.LiteralType(values=values):
                return one_of(label, list(values))
            case inspect.CollectionType(item_type=item) | inspect.VarTupleType(item_type=item):
                return _list(label, wanted, self._of(item, f"an item of {label}"))
            case inspect.DictType(key_type=key, value_type=value):
                return _mapping(
                    label,
                    wanted,
                    self._of(key, f"a key of {label}"),
                    self._of(value, f"a value of {label}"),
                )
            case inspect.StructType():
                return self._struct(label, wanted)
            case inspect.UnionType(types=types):
                return self._union(label, types)
        raise TypeError(f"{label}: {type(wanted).__name__} cannot be written in YAML")

    def _struct(self, label: str, wanted: inspect.StructType) -> Validator:
        if (known := self._structs.get(wanted.cls)) is not None:
            return known
        fields: dict[str, Validator] = {}
        required = tuple(one.encode_name for one in wanted.fields if one.required)

        def validate(node: Node, walk: Walk) -> Any:
            if type(node) is not MapNode:
                return expected(node, walk, label, "a mapping of keys")
            values: dict[str, Any] = {}
            sound = True
            for key, value in node.pairs:
                field = fields.get(key.text)
                if field is None:
                    sound = False
                    _unknown_key(key, node, fields, label, walk)
                    continue
                checked = field(value, walk)
                if checked is INVALID:
                    sound = False
                else:
                    values[key.text] = checked
            if len(values) < len(fields):
                sound = _complete(node, required, label, walk) and sound
            return values if sound else INVALID

        # Known before its fields are compiled, because a struct may hold itself.
        self._structs[wanted.cls] = validate
        for one in wanted.fields:
            fields[one.encode_name] = self._special.get((wanted.cls, one.encode_name)) or self._of(
                one.type, f'"{one.encode_name}"'
            )
        return validate

    def _union(self, label: str, types: tuple[inspect.Type, ...]) -> Validator:
        members = [one.type if isinstance(one, inspect.Metadata) else one for one in types]
        if len(members) == 1:
            return self._of(members[0], label)
        scalars = [one for one in members if not isinstance(one, _CONTAINERS)]
        lists = [self._of(one, label) for one in members if isinstance(one, _LISTS)]
        maps = [self._of(one, label) for one in members if isinstance(one, _MAPS)]
        if len(lists) > 1 or len(maps) > 1:
            raise TypeError(f"{label}: a union of two lists or two mappings cannot be told apart")
        scalar = one_of_types(label, scalars, self._of) if scalars else None
        wants = " or ".join(
            name
            for name, there in (("a single value", scalar), ("a list", lists), ("a mapping", maps))
            if there
        )

        def validate(node: Node, walk: Walk) -> Any:
            if type(node) is ListNode and lists:
                return lists[0](node, walk)
            if type(node) is MapNode and maps:
                return maps[0](node, walk)
            if type(node) is ScalarNode and scalar is not None:
                return scalar(node, walk)
            return expected(node, walk, label, wants)

        return validate


_LISTS = inspect.CollectionType | inspect.VarTupleType
_MAPS = inspect.DictType | inspect.StructType
_CONTAINERS = _LISTS | _MAPS


def _unknown_key(
    key: ScalarNode, node: MapNode, fields: Collection[str], label: str, walk: Walk
) -> None:
    if key.text == "<<":
        remedy = "write the keys out; merging is not part of YAML 1.2"
    else:
        written = {one.text for one, _ in node.pairs}
        remedy = choose(key.text, [one for one in fields if one not in written])
    walk.problem(key, f"{label} has no key {shown(key.text)}", remedy)


def _complete(node: MapNode, required: tuple[str, ...], label: str, walk: Walk) -> bool:
    written = {key.text for key, _ in node.pairs}
    missing = [name for name in required if name not in written]
    if missing:
        names = ", ".join(f'"{name}"' for name in missing)
        walk.problem(
            node,
            f"{label} lacks {names}",
            f"add {'it' if len(missing) == 1 else 'them'}",
        )
    return not missing


def _list(
    label: str, wanted: inspect.CollectionType | inspect.VarTupleType, item: Validator
) -> Validator:
    least, most = wanted.min_length or 0, wanted.max_length or math.inf

    def validate(node: Node, walk: Walk) -> Any:
        if type(node) is not ListNode:
            return expected(node, walk, label, "a list")
        values = [item(one, walk) for one in node.items]
        if not least <= len(values) <= most:
            return _wrong_count(node, walk, label, len(values), wanted)
        return INVALID if INVALID in values else values

    return validate


def _mapping(label: str, wanted: inspect.DictType, name: Validator, item: Validator) -> Validator:
    least, most = wanted.min_length or 0, wanted.max_length or math.inf

    def validate(node: Node, walk: Walk) -> Any:
        if type(node) is not MapNode:
            return expected(node, walk, label, "a mapping of names to values")
        values: dict[str, Any] = {}
        sound = True
        for key, value in node.pairs:
            sound = not _not_text(key, walk) and name(key, walk) is not INVALID and sound
            inner = item(value, walk)
            if inner is INVALID:
                sound = False
            values[key.text] = inner
        if not least <= len(node.pairs) <= most:
            return _wrong_count(node, walk, label, len(node.pairs), wanted)
        return values if sound else INVALID

    return validate


def _wrong_count(node: Node, walk: Walk, label: str, count: int, wanted: Any) -> Invalid:
    if not count:
        return walk.problem(node, f"{label} is empty", "write at least one, or remove the key")
    bound = wanted.max_length if count > (wanted.max_length or count) else wanted.min_length
    return walk.problem(
        node,
        f"{label} has {count}",
        f"write at {'most' if count > bound else 'least'} {bound}",
    )


def _not_text(key: ScalarNode, walk: Walk) -> bool:
    """Keys are names; one that YAML reads as a number, a truth value or nothing is a slip."""
    if isinstance(resolve(key), str):
        return False
    walk.problem(key, f"a key is {describe(key)}, not text", f'quote it: "{key.text}"')
    return True


def _anything(node: Node, walk: Walk) -> Any:
    """A value of no declared type: lists, mappings and scalars as YAML 1.2 reads them."""
    if type(node) is ListNode:
        values = [_anything(one, walk) for one in node.items]
        return INVALID if INVALID in values else values
    if type(node) is MapNode:
        found: dict[str, Any] = {}
        sound = True
        for key, value in node.pairs:
            checked = _anything(value, walk)
            if _not_text(key, walk) or checked is INVALID:
                sound = False
            else:
                found[key.text] = checked
        return found if sound else INVALID
    if type(node) is not ScalarNode:
        return INVALID
    if OPENING in node.text:
        walk.placeholders = True
    known = resolve(node)
    if isinstance(known, bool) or not isinstance(known, int | float):
        if is_not_finite(node):
            return walk.problem(node, f"{node.text} cannot be kept", "write a number")
        return known
    if not abs(known) <= MAX_WHOLE:
        return walk.problem(node, "this is too large a number", f"write at most {MAX_WHOLE:,}")
    return ambiguous(node, walk, "this") if loses_digits(node) else known
