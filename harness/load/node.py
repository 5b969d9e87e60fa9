"""YAML as positioned nodes: what `source` builds and every later step of loading walks.

Nodes are slim and outside the garbage collector, because a file of ten thousand checks has some
three hundred thousand of them. `line` and `column` count from 1.
"""

from __future__ import annotations

import re

import msgspec

from harness.model.spec import Position


class ScalarNode(msgspec.Struct, gc=False):
    """A single value as it was written; `plain` when neither quoted nor a block."""

    text: str
    plain: bool
    line: int
    column: int


class ListNode(msgspec.Struct, gc=False):
    """A sequence of nodes. An alias is the very node that its anchor stands on."""

    items: list[Node]
    line: int
    column: int


class MapNode(msgspec.Struct, gc=False):
    """A mapping with unique keys, in the order of the file."""

    pairs: list[tuple[ScalarNode, Node]]
    line: int
    column: int

    def get(self, key: str) -> Node | None:
        """The value under a key."""
        return next((value for name, value in self.pairs if name.text == key), None)

    def key(self, key: str) -> ScalarNode | None:
        """The key's own node."""
        return next((name for name, _ in self.pairs if name.text == key), None)


Node = ScalarNode | ListNode | MapNode


def position(file: str, node: Node) -> Position:
    """Where a node begins."""
    return Position(file=file, line=node.line, column=node.column)


def at(node: Node, *path: str | int) -> Node:
    """The node at a path of keys and indices, or the deepest one that is there."""
    for step in path:
        inner: Node | None = None
        if isinstance(node, MapNode) and isinstance(step, str):
            inner = node.get(step)
        elif isinstance(node, ListNode) and isinstance(step, int) and step < len(node.items):
            inner = node.items[step]
        if inner is None:
            return node
        node = inner
    return node


# YAML 1.2, core schema (chapter 10.3.2): what a plain scalar means where the schema leaves it open.
_NULL = re.compile(r"|~|null|Null|NULL")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
# The first characters any of these can have: an ordinary word is told apart without a pattern.
_MAY_RESOLVE = frozenset("0123456789+-.~nNtTfF")


def is_null(node: Node) -> bool:
    """Whether nothing was written, or YAML's word for nothing."""
    return isinstance(node, ScalarNode) and node.plain and _NULL.fullmatch(node.text) is not None


def resolve(node: ScalarNode) -> str | int | float | bool | None:
    """The value YAML 1.2 gives a scalar. `.inf` and `.nan` come out as text: they are no numbers.

    >>> resolve(ScalarNode("no", True, 1, 1))
    'no'
    """
    text = node.text
    if not node.plain or (text and text[0] not in _MAY_RESOLVE):
        return text
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text[0] in "tT"
    if _INT.fullmatch(text) and len(text) <= MAX_DIGITS:
        return int(text, 8 if text[:2] == "0o" else 16 if text[:2] == "0x" else 10)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


MAX_DIGITS = 64


def is_not_finite(node: ScalarNode) -> bool:
    """Whether it is one of YAML's words for infinity or not-a-number."""
    return node.plain and _NOT_FINITE.fullmatch(node.text) is not None


def loses_digits(node: ScalarNode) -> bool:
    """Whether reading it as a number would change what was written: `3.10`, `010`, `+5`.

    Exponents and the `0o` and `0x` forms say themselves that a number is meant.
    """
    text = node.text
    unsigned = text.lstrip("+-")
    if text.startswith("+") or (len(unsigned) > 1 and unsigned[0] == "0" and unsigned[1].isdigit()):
        return True
    whole, dot, fraction = unsigned.partition(".")
    if not dot or "e" in text or "E" in text:
        return False
    return not whole or not fraction or (len(fraction) > 1 and fraction.endswith("0"))
