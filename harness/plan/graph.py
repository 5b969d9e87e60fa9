"""Edges between checks as plain mappings: order, closure, and the longest way that is left."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence

from harness.model.plan import Decision, Plan

UNKNOWN_SECONDS = 10.0
"""What a check is taken to last before there is history. Only ratios matter: it orders, no more."""


class CycleError(ValueError):
    """Nodes that wait for one another; loading refuses them, so a plan never has them."""


def order(needs: Mapping[str, Sequence[str]]) -> list[str]:
    """A topological order that keeps as close to the given order of the nodes as edges allow.

    Every need must be a node. Raises `CycleError`.
    """
    rank = {node: index for index, node in enumerate(needs)}
    if all(rank[need] < rank[node] for node, wanted in needs.items() for need in wanted):
        return list(needs)
    waiting = {node: len(set(wanted)) for node, wanted in needs.items()}
    dependents = _dependents(needs)
    ready = [rank[node] for node, count in waiting.items() if not count]
    names = list(needs)
    ordered: list[str] = []
    while ready:
        node = names[heapq.heappop(ready)]
        ordered.append(node)
        for dependent in dependents[node]:
            waiting[dependent] -= 1
            if not waiting[dependent]:
                heapq.heappush(ready, rank[dependent])
    if len(ordered) != len(needs):
        stuck = sorted(node for node, count in waiting.items() if count)
        raise CycleError(f"these wait for one another: {', '.join(stuck)}")
    return ordered


def closure(
    start: Iterable[str], needs: Mapping[str, Sequence[str]], *, without: Iterable[str] = ()
) -> dict[str, str]:
    """Everything beside `start` that it needs, near or far, each with one that needs it.

    What is in `without` is not added, nor what only that needs.
    """
    seen = {*start, *without}
    found: dict[str, str] = {}
    pending = sorted(set(start), reverse=True)
    while pending:
        node = pending.pop()
        for need in needs[node]:
            if need not in seen:
                seen.add(need)
                found[need] = node
                pending.append(need)
    return found


def priority(plan: Plan) -> dict[str, float]:
    """For each check that runs: seconds from its start to the end of the longest chain it holds up.

    The dispatcher starts the highest first (critical path first). A check without history counts
    `UNKNOWN_SECONDS`; one that is skipped takes no time and passes the wait on.
    """
    below: dict[str, float] = {check.id: 0.0 for check in plan.checks}
    left: dict[str, float] = {}
    for check in reversed(plan.checks):
        seconds = below[check.id]
        if check.decision is Decision.RUN:
            seconds += check.expected_seconds or UNKNOWN_SECONDS
            left[check.id] = seconds
        for need in check.needs:
            below[need] = max(below[need], seconds)
    return left


def reduced(needs: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The same order with as few edges as can be, for drawings; nodes must be in that order."""
    position = {node: index for index, node in enumerate(needs)}
    reach: dict[str, int] = {}  # bit set of everything a node needs, near or far
    kept: dict[str, list[str]] = {}
    for node, wanted in needs.items():
        covered, edges = 0, []
        for need in sorted(set(wanted), key=position.__getitem__, reverse=True):
            if not covered >> position[need] & 1:
                edges.append(need)
                covered |= reach[need] | 1 << position[need]
        reach[node] = covered
        kept[node] = edges[::-1]
    return kept


def _dependents(needs: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    dependents: dict[str, list[str]] = {node: [] for node in needs}
    for node, wanted in needs.items():
        for need in dict.fromkeys(wanted):
            dependents[need].append(node)
    return dependents
