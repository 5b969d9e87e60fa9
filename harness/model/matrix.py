"""A check's matrix as its combinations, and the names its instances get."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from harness.model.expression import spell, type_name
from harness.model.spec import Scalar, Strategy

MAX_COMBINATIONS = 1_000


def size(strategy: Strategy) -> int:
    """How many combinations there are before `exclude`."""
    count = 1
    for values in strategy.matrix.values():
        count *= len(values)
    return count


def combinations(strategy: Strategy) -> list[dict[str, Scalar]]:
    """Every combination that `exclude` leaves, the last axis turning fastest."""
    axes = list(strategy.matrix)
    every = (
        dict(zip(axes, values, strict=True))
        for values in itertools.product(*strategy.matrix.values())
    )
    return [one for one in every if not any(covers(rule, one) for rule in strategy.exclude)]


def covers(rule: Mapping[str, Scalar], combination: Mapping[str, Scalar]) -> bool:
    """Whether an `exclude` rule takes a combination out: every axis it names is equal."""
    return all(
        axis in combination and same(value, combination[axis]) for axis, value in rule.items()
    )


def same(one: Scalar, other: Scalar) -> bool:
    """Equal and of one type: `1` is not `true`, and `"1"` is not `1`."""
    return type_name(one) == type_name(other) and one == other


def instance_id(base: str, combination: Mapping[str, Scalar]) -> str:
    """`base[value,value]`, the values in the order of the axes."""
    return f"{base}[{','.join(spell(value) for value in combination.values())}]"
