"""Checks multiplied by their matrices, in the order of a plan, with their needs resolved."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from harness.model.definitions import Definitions, LoadedPhase
from harness.model.expression import Value
from harness.model.fill import fill_text
from harness.model.matrix import combinations, instance_id
from harness.model.needs import Needs
from harness.model.scope import matrix_scope
from harness.model.spec import Check, Phase, Position, Scalar, Strategy

_ONE: tuple[dict[str, Scalar], ...] = ({},)
_NO_SCOPE: dict[str, Value] = {}


class Instance:
    """One check with one combination of its matrix."""

    __slots__ = ("check", "id", "matrix", "needs", "phase", "position", "scope", "tags")

    def __init__(
        self,
        phase: Phase,
        check: Check,
        position: Position,
        matrix: dict[str, Scalar],
    ) -> None:
        base = f"{phase.phase}/{check.id}"
        self.phase = phase
        self.check = check
        self.position = position
        self.matrix = matrix
        self.scope = matrix_scope(matrix) if matrix else _NO_SCOPE
        self.id = instance_id(base, matrix) if matrix else base
        self.tags = _merged(phase.tags, check.tags)
        self.needs: tuple[str, ...] = ()


def instances_of(definitions: Definitions) -> dict[str, Instance]:
    """Every instance by its id, phases in natural order and checks as their file has them."""
    phases = sorted_phases(definitions.phases)
    instances: dict[str, Instance] = {}
    index: dict[str, dict[str, list[str]]] = {}
    for loaded in phases:
        names_of = index[loaded.phase.phase] = {}
        placed = zip(loaded.phase.checks, loaded.check_positions, strict=True)
        for check, position in sorted(placed, key=_by_place):
            ids = names_of[check.id] = []
            for matrix in matrices(check):
                one = Instance(loaded.phase, check, position, matrix)
                instances[one.id] = one
                ids.append(one.id)
    known = Needs(index)
    shared = {
        loaded.phase.phase: _resolved(loaded.phase.needs, loaded.phase.phase, known, {})
        for loaded in phases
    }
    for one in instances.values():
        inherited = shared[one.phase.phase]
        own = one.check.needs
        one.needs = (
            tuple(dict.fromkeys((*_resolved(own, one.phase.phase, known, one.scope), *inherited)))
            if own
            else inherited
        )
    return instances


def _resolved(
    texts: Sequence[str], phase: str, known: Needs, scope: Mapping[str, Value]
) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for text in texts:
        found.update(dict.fromkeys(known.resolve(fill_text(text, scope), phase)))
    return tuple(found)


def matrices(check: Check) -> Sequence[dict[str, Scalar]]:
    """The combinations of a check's matrix; one empty one without a matrix."""
    return combinations(check.strategy) if isinstance(check.strategy, Strategy) else _ONE


def sorted_phases(phases: Sequence[LoadedPhase]) -> list[LoadedPhase]:
    """Phases in natural order: `v7-10` comes after `v7-9`."""
    return sorted(phases, key=lambda one: list(_natural(one.phase.phase)))


def _natural(text: str) -> Iterator[tuple[int, int, str]]:
    for part in re.split(r"([0-9]+)", text):
        yield (0, int(part), "") if part.isdigit() else (1, 0, part)


def _by_place(placed: tuple[Check, Position]) -> tuple[int, int, str]:
    check, position = placed
    return position.line, position.column, check.id


def _merged(outer: Sequence[str], own: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*outer, *own))) if outer else tuple(own)
