"""Validators of single values. What a plain scalar means is decided by the type that is wanted."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from typing import Any

from msgspec import inspect

from harness.load.node import Node, ScalarNode, is_null, loses_digits, resolve
from harness.load.problem import choose, nearest, shown
from harness.load.walk import INVALID, Invalid, Validator, Walk, describe, expected
from harness.model.expression import OPENING, ExpressionError, placeholders
from harness.model.scope import RUN_TEXTS
from harness.model.spec import (
    CAPABILITY_PATTERN,
    CHECK_PATTERN,
    DATE_PATTERN,
    ID_PATTERN,
    SAYING_PATTERN,
)

MAX_WHOLE = 2**63 - 1
"""Larger whole numbers do not survive every format that definitions and plans are kept in."""

_PATTERNS = {
    ID_PATTERN: 'lower-case letters and digits, with ".", "_" or "-" between them',
    CAPABILITY_PATTERN: 'lower-case letters and digits, with ".", "_", "+" or "-" between them',
    CHECK_PATTERN: "one check as phase/check or phase/check[value], without wildcards",
    DATE_PATTERN: "a date as 2026-01-31",
    SAYING_PATTERN: "text that says something",
    r"^[A-Za-z_][A-Za-z0-9_]*$": "letters, digits and _, not beginning with a digit",
}


def text(label: str, wanted: inspect.StrType) -> Validator:
    """Text as it was written, whatever YAML would make of it."""

    least, most = wanted.min_length or 0, wanted.max_length or math.inf
    pattern = wanted.pattern
    search = re.compile(pattern).search if pattern else None

    def validate(node: Node, walk: Walk) -> Any:
        if type(node) is not ScalarNode or is_null(node):
            return expected(node, walk, label, "text")
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
        # Python's $ also matches before a final line break; no name may end in one.
        if search is not None and pattern and (text.endswith("\n") or not search(text)):
            return _mismatch(node, walk, label, pattern)
        return text

    return validate


def _mismatch(node: ScalarNode, walk: Walk, label: str, pattern: str) -> Invalid:
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
            node, f"{name} gives a {given}, where a {wanted} is wanted", "write the value itself"
        )
    return node.text


def truth(label: str) -> Validator:
    """`true` or `false`, and nothing that merely sounds like them."""

    def validate(node: Node, walk: Walk) -> Any:
        if type(node) is ScalarNode and isinstance(value := resolve(node), bool):
            return value
        if (deferred := _deferred(node, walk, validate, "truth value")) is not None:
            return deferred
        return expected(node, walk, label, "true or false")

    return validate


def number(label: str, wanted: inspect.IntType | inspect.FloatType) -> Validator:
    """A number that every version of YAML reads the same."""

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
            return expected(node, walk, label, noun)
        if (whole and not isinstance(value, int)) or not math.isfinite(value):
            return expected(node, walk, label, noun)
        if isinstance(node, ScalarNode) and isinstance(value, int) and loses_digits(node):
            return walk.problem(
                node,
                f"{label} is {node.text}, which YAML versions read differently",
                f"write {value}",
            )
        if isinstance(value, int) and not -MAX_WHOLE <= value <= MAX_WHOLE:
            return walk.problem(
                node, f"{label} is too large a number", f"write at most {MAX_WHOLE:,}"
            )
        for bound, holds, words in limits:
            if not holds(value, bound):
                return walk.problem(
                    node, f"{label} is {value:g}", f"write {noun} that is {words} {bound:g}"
                )
        return value

    return validate


def nothing(label: str) -> Validator:
    """An empty value, `~` or `null`."""

    def validate(node: Node, walk: Walk) -> Any:
        return None if is_null(node) else expected(node, walk, label, "nothing")

    return validate


def one_of(label: str, values: list[Any]) -> Validator:
    """One of a closed set of words or numbers."""

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


def one_of_types(
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
            return expected(node, walk, label, words)
        if node.text in allowed:
            return choices[0](node, walk) if len(choices) == 1 else node.text
        value: object = resolve(node)
        exact = by_type.get(type(value))
        if exact is not None:
            if str in by_type and isinstance(value, int | float) and loses_digits(node):
                return ambiguous(node, walk, label)
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
        return expected(node, walk, label, words)

    return validate


def ambiguous(node: ScalarNode, walk: Walk, label: str) -> Invalid:
    """Note a number that would lose digits: `3.10` is not the version 3.10."""
    return walk.problem(
        node,
        f"{label} is {node.text}, which would be read as the number {resolve(node)}",
        f'quote it if it is text: "{node.text}"',
    )
