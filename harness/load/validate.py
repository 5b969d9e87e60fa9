"""Nodes against the types of `model/spec.py` and of the kinds' options.

Each type is compiled once into a function that takes a node and gives plain data (which msgspec
then turns into the frozen type), or notes every problem in it and gives `INVALID`. What a plain
scalar means is decided by the type that is wanted, never by YAML's guess: in a text field `no`,
`1.10` and `2026-01-01` are the text as written.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from msgspec import inspect

from harness.load.node import (
    ListNode,
    MapNode,
    Node,
    ScalarNode,
    is_not_finite,
    is_null,
    loses_digits,
    position,
    resolve,
)
from harness.load.problem import Problems, choose, nearest, shown
from harness.model.expression import OPENING, ExpressionError, placeholders
from harness.model.scope import RUN_TEXTS
from harness.model.spec import CAPABILITY_PATTERN, ID_PATTERN


class _Invalid:
    """The type of `INVALID`."""


INVALID: Final = _Invalid()


class Walk:
    """What a validation needs to know beside the node: the file, and what a matrix holds.

    `axes` is None where no placeholder is possible; otherwise the matrix's values by axis, so that
    a number field set to `${{ matrix.AXIS }}` is proven to get numbers.
    """

    __slots__ = ("axes", "file", "placeholders", "problems")

    def __init__(
        self, file: str, problems: Problems, axes: Mapping[str, list[Node]] | None = None
    ) -> None:
        self.file = file
        self.problems = problems
        self.axes = axes
        self.placeholders = False

    def problem(self, node: Node, what: str, remedy: str) -> _Invalid:
        """Note a problem at a node."""
        self.problems.add(position(self.file, node), what, remedy)
        return INVALID


Validator = Callable[[Node, Walk], Any]
Special = Mapping[tuple[type, str], Validator]
"""Validators for single fields, by the struct and the field's name in YAML."""

_PATTERNS = {
    ID_PATTERN: 'lower-case letters and digits, with ".", "_" or "-" between them',
    CAPABILITY_PATTERN: 'lower-case letters and digits, with ".", "_", "+" or "-" between them',
    r"^[A-Za-z_][A-Za-z0-9_]*$": "letters, digits and _, not beginning with a digit",
}


def describe(node: Node) -> str:
    """What was found, for "expected …, found …"."""
    if isinstance(node, ListNode):
        return "a list"
    if isinstance(node, MapNode):
        return "a mapping"
    if is_null(node):
        return "nothing" if not node.text else node.text
    if not node.plain:
        return f"the text {shown(node.text)}"
    value = resolve(node)
    if isinstance(value, bool):
        return node.text
    return f"the number {node.text}" if isinstance(value, int | float) else shown(node.text)


class Compiler:
    """Compiles types to validators; one per set of special fields."""

    def __init__(self, special: Special | None = None) -> None:
        self._special: Special = special or {}
        self._structs: dict[type, Validator] = {}

    def compile(self, wanted: type, *, label: str) -> Validator:
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
                return _text(label, wanted)
            case inspect.BoolType():
                return _truth(label)
            case inspect.IntType() | inspect.FloatType():
                return _number(label, wanted)
            case inspect.NoneType():
                return _nothing(label)
            case inspect.EnumType(cls=cls):
                return _one_of(label, [str(one.value) for one in cls])
            case inspect.LiteralType(values=values):
                return _one_of(label, list(values))
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
        name = wanted.cls.__name__.lower()

        def validate(node: Node, walk: Walk) -> Any:
            if type(node) is not MapNode:
                return _expected(node, walk, label, "a mapping of keys")
            values: dict[str, Any] = {}
            sound = True
            for key, value in node.pairs:
                field = fields.get(key.text)
                if field is None:
                    sound = False
                    _unknown_key(key, node, fields, name, walk)
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
        scalar = _scalar(label, scalars, self._of) if scalars else None
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
            return _expected(node, walk, label, wants)

        return validate


_LISTS = inspect.CollectionType | inspect.VarTupleType
_MAPS = inspect.DictType | inspect.StructType
_CONTAINERS = _LISTS | _MAPS


def _expected(node: Node, walk: Walk, label: str, wanted: str) -> _Invalid:
    remedy = {
        "text": "write the text",
        "true or false": "write true or false",
        "a list": "put it in brackets: [a, b]",
    }.get(wanted, f"write {wanted}")
    return walk.problem(node, f"{label} must be {wanted}, found {describe(node)}", remedy)


def _unknown_key(
    key: ScalarNode, node: MapNode, fields: Collection[str], name: str, walk: Walk
) -> None:
    if key.text == "<<":
        remedy = "write the keys out; merging is not part of YAML 1.2"
    else:
        written = {one.text for one, _ in node.pairs}
        remedy = choose(key.text, [one for one in fields if one not in written])
    walk.problem(key, f"a {name} has no key {shown(key.text)}", remedy)


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


def _text(label: str, wanted: inspect.StrType) -> Validator:
    least, most = wanted.min_length or 0, wanted.max_length or math.inf
    pattern = wanted.pattern
    search = re.compile(pattern).search if pattern else None

    def validate(node: Node, walk: Walk) -> Any:
        if type(node) is not ScalarNode or is_null(node):
            return _expected(node, walk, label, "text")
        text = node.text
        if OPENING in text:
            walk.placeholders = True
            if walk.axes is not None:
                # What a pattern says of the finished text can be told for a lone placeholder only.
                return text if search is None else _deferred(node, walk, validate, "text") or text
        if "\0" in text:
            return walk.problem(node, f"{label} holds a NUL character", "remove it")
        if not least <= len(text) <= most:
            size = f"{len(text):,} characters long" if text else "empty"
            return walk.problem(
                node,
                f"{label} is {size}",
                f"write at most {most:,} characters" if len(text) > most else "write the text",
            )
        if search is not None and pattern is not None and not search(text):
            return _mismatch(node, walk, label, pattern)
        return text

    return validate


def _mismatch(node: ScalarNode, walk: Walk, label: str, pattern: str) -> _Invalid:
    known = _PATTERNS.get(pattern)
    if known is None:
        return walk.problem(
            node, f"{label} does not match {pattern}: {shown(node.text)}", "write it that way"
        )
    better = re.sub(r"[^a-z0-9._-]+", "-", node.text.lower()).strip("-._")
    return walk.problem(
        node,
        f"{label} is {shown(node.text)}, not {known}",
        f'write "{better}"' if pattern == ID_PATTERN and better else "write it that way",
    )


def _deferred(node: Node, walk: Walk, validate: Validator, wanted: str) -> Any:
    """A placeholder that is the whole value: every value it can get must be right.

    Gives None when the node is no placeholder. Unknown names are the placeholder check's business.
    """
    if walk.axes is None or type(node) is not ScalarNode or OPENING not in node.text:
        return None
    walk.placeholders = True
    try:
        names = placeholders(node.text)
    except ExpressionError:
        return node.text
    text = node.text.strip()
    if len(names) != 1 or not (text.startswith(OPENING) and text.endswith("}}")):
        return None
    name = names[0].name
    if name.startswith("matrix."):
        plain = Walk(walk.file, walk.problems)
        values = [
            validate(value, plain) for value in walk.axes.get(name.removeprefix("matrix."), ())
        ]
        return INVALID if INVALID in values else node.text
    given = "text" if name in RUN_TEXTS or name.endswith((".url", ".host")) else "number"
    if given != wanted:
        return walk.problem(
            node, f"{name} is a {given}, where a {wanted} is wanted", "write the value itself"
        )
    return node.text


def _truth(label: str) -> Validator:
    def validate(node: Node, walk: Walk) -> Any:
        if type(node) is ScalarNode and isinstance(value := resolve(node), bool):
            return value
        if (deferred := _deferred(node, walk, validate, "truth value")) is not None:
            return deferred
        return _expected(node, walk, label, "true or false")

    return validate


def _number(label: str, wanted: inspect.IntType | inspect.FloatType) -> Validator:
    whole = isinstance(wanted, inspect.IntType)
    noun = "a whole number" if whole else "a number"
    bounds = (
        (wanted.gt, operator.gt, "more than"),
        (wanted.ge, operator.ge, "at least"),
        (wanted.lt, operator.lt, "less than"),
        (wanted.le, operator.le, "at most"),
    )
    limits = [(bound, holds, words) for bound, holds, words in bounds if bound is not None]

    def validate(node: Node, walk: Walk) -> Any:
        value = resolve(node) if type(node) is ScalarNode else None
        if isinstance(value, bool) or not isinstance(value, int | float):
            if (deferred := _deferred(node, walk, validate, "number")) is not None:
                return deferred
            return _expected(node, walk, label, noun)
        if (whole and not isinstance(value, int)) or not math.isfinite(value):
            return _expected(node, walk, label, noun)
        if isinstance(node, ScalarNode) and isinstance(value, int) and loses_digits(node):
            return walk.problem(
                node,
                f"{label} is {node.text}, which YAML versions read differently",
                f"write {value}",
            )
        for bound, holds, words in limits:
            if not holds(value, bound):
                return walk.problem(
                    node, f"{label} is {value:g}", f"write {noun} that is {words} {bound:g}"
                )
        return value

    return validate


def _nothing(label: str) -> Validator:
    def validate(node: Node, walk: Walk) -> Any:
        return None if is_null(node) else _expected(node, walk, label, "nothing")

    return validate


def _one_of(label: str, values: list[Any]) -> Validator:
    known = {str(value): value for value in values}

    def validate(node: Node, walk: Walk) -> Any:
        if type(node) is ScalarNode and not is_null(node):
            value = known.get(node.text)
            # A number must be written as one, a word may stand in quotes.
            if value is not None and (node.plain or isinstance(value, str)):
                return value
            if (deferred := _deferred(node, walk, validate, "word of a list")) is not None:
                return deferred
        remedy = (
            f"write {next(iter(known))}"
            if len(known) == 1
            else choose(node.text if isinstance(node, ScalarNode) else "", known)
        )
        return walk.problem(node, f"{label} cannot be {describe(node)}", remedy)

    return validate


def _list(
    label: str, wanted: inspect.CollectionType | inspect.VarTupleType, item: Validator
) -> Validator:
    least, most = wanted.min_length or 0, wanted.max_length or math.inf

    def validate(node: Node, walk: Walk) -> Any:
        if type(node) is not ListNode:
            return _expected(node, walk, label, "a list")
        values = [item(one, walk) for one in node.items]
        if not least <= len(values) <= most:
            return _wrong_count(node, walk, label, len(values), wanted)
        return INVALID if INVALID in values else values

    return validate


def _mapping(label: str, wanted: inspect.DictType, name: Validator, item: Validator) -> Validator:
    least, most = wanted.min_length or 0, wanted.max_length or math.inf

    def validate(node: Node, walk: Walk) -> Any:
        if type(node) is not MapNode:
            return _expected(node, walk, label, "a mapping of names to values")
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


def _wrong_count(node: Node, walk: Walk, label: str, count: int, wanted: Any) -> _Invalid:
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


def _scalar(
    label: str,
    members: list[inspect.Type],
    compile_one: Callable[[inspect.Type, str], Validator],
) -> Validator:
    """A value of one of several scalar types: what YAML 1.2 reads decides, then text."""
    by_type: dict[type, Validator] = {}
    choices: list[Validator] = []
    allowed: set[str] = set()
    for member in members:
        validator = compile_one(member, label)
        match member:
            case inspect.StrType():
                by_type[str] = validator
            case inspect.BoolType():
                by_type[bool] = validator
            case inspect.IntType():
                by_type[int] = validator
            case inspect.FloatType():
                by_type[float] = validator
                by_type.setdefault(int, validator)
            case inspect.NoneType():
                by_type[type(None)] = validator
            case inspect.LiteralType(values=values):
                choices.append(validator)
                allowed.update(str(value) for value in values)
            case inspect.EnumType(cls=cls):
                choices.append(validator)
                allowed.update(str(one.value) for one in cls)
            case _:
                raise TypeError(f"{label}: {type(member).__name__} cannot stand in a union")
    names = {str: "text", bool: "true or false", int: "a whole number", float: "a number"}
    wanted = [
        names[one] for one in by_type if one in names and not (one is int and float in by_type)
    ]
    words = " or ".join([*wanted, *sorted(allowed)])

    def validate(node: Node, walk: Walk) -> Any:
        if type(node) is not ScalarNode:
            return _expected(node, walk, label, words)
        if node.text in allowed:
            return choices[0](node, walk) if len(choices) == 1 else node.text
        value: object = resolve(node)
        exact = by_type.get(type(value))
        if exact is not None:
            if str in by_type and isinstance(value, int | float) and loses_digits(node):
                return _ambiguous(node, walk, label)
            return exact(node, walk)
        if walk.axes is not None and OPENING in node.text:
            return next(iter([*by_type.values(), *choices]))(node, walk)
        if str in by_type and value is not None:
            return by_type[str](node, walk)
        if allowed and isinstance(value, str):
            remedy = choose(node.text, allowed, otherwise=f"write {words}")
            if nearest(node.text, allowed) is None:
                remedy = f"write {words}"
            return walk.problem(node, f"{label} cannot be {describe(node)}", remedy)
        return _expected(node, walk, label, words)

    return validate


def _ambiguous(node: ScalarNode, walk: Walk, label: str) -> _Invalid:
    return walk.problem(
        node,
        f"{label} is {node.text}, which would be read as the number {resolve(node)}",
        f'quote it if it is text: "{node.text}"',
    )


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
    if is_not_finite(node):
        return walk.problem(node, f"{node.text} is no number that can be kept", "write a number")
    number = resolve(node)
    if isinstance(number, int | float) and not isinstance(number, bool) and loses_digits(node):
        return _ambiguous(node, walk, "this")
    return number


__all__ = ["INVALID", "Compiler", "Special", "Validator", "Walk", "describe"]
