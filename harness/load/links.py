"""What holds between files: ids are unique, `needs` name something, nothing waits for itself."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from harness.load.node import Node, ScalarNode, at
from harness.load.phase import Draft
from harness.load.problem import choose, nearest, shown
from harness.load.walk import Walk
from harness.model import matrix
from harness.model.expression import OPENING, ExpressionError
from harness.model.fill import fill_text
from harness.model.needs import AmbiguousNeedError, Needs, UnknownNeedError
from harness.model.scope import matrix_scope
from harness.model.spec import Scalar


class _Edge(msgspec.Struct, gc=False):
    """A need that was found: from a check (or a whole phase) to a check (or a whole phase)."""

    target: str
    node: Node
    walk: Walk


Graph = dict[str, list[_Edge]]


def examine_links(drafts: list[Draft]) -> None:
    """Note every problem between the phases."""
    _unique(drafts)
    _cycles(_graph(drafts, Needs(names_of(drafts))))


def names_of(drafts: list[Draft]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Phase to check to the ids of its instances, as far as the files can be read."""
    return {
        draft.phase_id: {
            item.id: _instances(draft.phase_id, item.id, item.combinations)
            for item in draft.items
            if item.id
        }
        for draft in drafts
        if draft.phase_id
    }


def _instances(phase: str, check: str, combinations: list[dict[str, Scalar]]) -> tuple[str, ...]:
    base = f"{phase}/{check}"
    if combinations == [{}]:
        return (base,)
    return tuple(matrix.instance_id(base, one) for one in combinations)


def _unique(drafts: list[Draft]) -> None:
    phases: dict[str, Draft] = {}
    for draft in drafts:
        node = at(draft.node, "phase")
        if not draft.phase_id:
            continue
        first = phases.setdefault(draft.phase_id, draft)
        if first is not draft:
            draft.walk.problem(
                node,
                f"the phase {shown(draft.phase_id)} is already defined in"
                f" {first.walk.file}:{at(first.node, 'phase').line}",
                "give one of the two another name",
            )
        checks: dict[str, Node] = {}
        for item in draft.items:
            if not item.id:
                continue
            place = at(item.node, "id")
            earlier = checks.setdefault(item.id, place)
            if earlier is not place:
                draft.walk.problem(
                    place,
                    f"the check {shown(item.id)} is already defined in line {earlier.line}",
                    "give one of the two another id",
                )


def _graph(drafts: list[Draft], needs: Needs) -> Graph:
    """The graph of phases and checks; every need that cannot be resolved is noted.

    A phase is a node of its own (`v7-1/`), so that a need of a whole phase is one edge.
    """
    graph: Graph = {}
    for draft in drafts:
        if not draft.phase_id:
            continue
        phase = draft.phase_id
        own = list(_edges(draft.walk, phase, at(draft.node, "needs"), draft.needs, [{}], needs))
        whole = graph.setdefault(f"{phase}/", [])
        for item in draft.items:
            if not item.id:
                continue
            name = f"{phase}/{item.id}"
            whole.append(_Edge(name, at(item.node, "id"), draft.walk))
            edges = _edges(
                draft.walk, phase, at(item.node, "needs"), item.needs, item.combinations, needs
            )
            graph[name] = [*edges, *own]
    return graph


def _edges(
    walk: Walk,
    phase: str,
    node: Node,
    texts: list[str],
    combinations: list[dict[str, Scalar]],
    needs: Needs,
) -> Iterator[_Edge]:
    for index, text in enumerate(texts):
        if not text:
            continue  # no text at all; noted with the types
        place = at(node, index)
        if needs.is_phase(text, phase):
            yield _Edge(f"{text}/", place, walk)
            continue
        for need in _filled(text, combinations):
            try:
                found = needs.resolve(need, phase)
            except AmbiguousNeedError:
                walk.problem(
                    place,
                    f"{shown(need)} is both a check of this phase and a whole phase",
                    f'write "{phase}/{need}" for the check, or rename it',
                )
            except UnknownNeedError as error:
                walk.problem(
                    place, f"needs {shown(need)}: {error.what}", _remedy(need, error.known)
                )
            else:
                for target in dict.fromkeys(one.partition("[")[0] for one in found):
                    yield _Edge(target, place, walk)


def _filled(text: str, combinations: list[dict[str, Scalar]]) -> list[str]:
    if OPENING not in text:
        return [text]
    try:
        filled = [fill_text(text, matrix_scope(one), partial=True) for one in combinations]
    except ExpressionError:
        return []  # noted where placeholders are verified
    return [one for one in dict.fromkeys(filled) if OPENING not in one]


def _remedy(need: str, known: tuple[str, ...]) -> str:
    elsewhere = [name for name in known if name.endswith(f"/{need}")]
    if elsewhere:
        return f'did you mean "{elsewhere[0]}"?'
    if (near := nearest(need, known)) is not None:
        return f'did you mean "{near}"?'
    return choose(need, known, otherwise="name a check, phase/check, or a phase")


def _cycles(graph: Graph) -> None:
    """Note each circle once, where its last member closes it."""
    settled: set[str] = set()
    for start in sorted(graph):
        if start in settled:
            continue
        trail = [start]
        standing = {start: 0}
        edges = [iter(graph[start])]
        while trail:
            edge = next(edges[-1], None)
            if edge is None:
                done = trail.pop()
                edges.pop()
                del standing[done]
                settled.add(done)
            elif edge.target in standing:
                _circle([*trail[standing[edge.target] :], edge.target], edge)
            elif edge.target in graph and edge.target not in settled:
                standing[edge.target] = len(trail)
                trail.append(edge.target)
                edges.append(iter(graph[edge.target]))


def _circle(members: list[str], edge: _Edge) -> None:
    if not isinstance(edge.node, ScalarNode):
        return
    shown_members = [
        f"{one[:-1]} (the whole phase)" if one.endswith("/") else one for one in members
    ]
    edge.walk.problem(
        edge.node,
        f"checks need one another in a circle: {' -> '.join(shown_members)}",
        "remove one of these needs",
    )
