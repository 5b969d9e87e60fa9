"""What all validators share: where problems go, and how messages name what was found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from harness.load.node import ListNode, MapNode, Node, is_null, position, resolve
from harness.load.problem import Problems, shown


class Invalid:
    """The type of `INVALID`."""


INVALID: Final = Invalid()


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

    def problem(self, node: Node, what: str, remedy: str) -> Invalid:
        """Note a problem at a node."""
        self.problems.add(position(self.file, node), what, remedy)
        return INVALID


Validator = Callable[[Node, Walk], Any]


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


def expected(node: Node, walk: Walk, label: str, wanted: str) -> Invalid:
    """Note that something else was wanted here."""
    remedy = {
        "text": "write the text",
        "true or false": "write true or false",
        "a list": "put it in brackets: [a, b]",
    }.get(wanted, f"write {wanted}")
    return walk.problem(node, f"{label} must be {wanted}, found {describe(node)}", remedy)
