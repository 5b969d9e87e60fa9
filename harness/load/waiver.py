"""`waivers.yaml`: what its types cannot say about who may fail, and until when."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

from harness.load.links import names_of
from harness.load.node import ListNode, Node, ScalarNode, at, position
from harness.load.phase import Draft
from harness.load.problem import choose, shown
from harness.load.validate import Compiler, Special
from harness.load.walk import Walk, describe
from harness.model.definitions import LoadedWaiver
from harness.model.spec import Scope, Waiver, Waivers

ALL = "all"
_scope_as_typed = Compiler().compile(Scope, label='"scope"')


def _scope(node: Node, walk: Walk) -> Any:
    """The scope; a lone profile is told to be a list, never to be widened to all."""
    if isinstance(node, ScalarNode) and node.text != ALL:
        return walk.problem(
            node,
            f'"scope" cannot be {describe(node)}',
            "write a list of profiles in brackets, [a, b], or all",
        )
    if isinstance(node, ListNode) and not node.items:
        return walk.problem(node, '"scope" is empty', "name at least one profile, or write all")
    return _scope_as_typed(node, walk)


SCOPE: Special = {(Waiver, "scope"): _scope}


def examine_waivers(
    waivers: Waivers,
    root: Node,
    walk: Walk,
    drafts: list[Draft],
    profiles: Collection[str] | None,
) -> tuple[LoadedWaiver, ...]:
    """Note every problem in well-typed waivers; gives each entry with its place.

    `profiles` is None while the policy itself cannot be read: then no profile is called unknown.
    """
    names = _Names(drafts)
    earlier: dict[str, list[tuple[Waiver, Node]]] = {}
    found: list[LoadedWaiver] = []
    for key, entries in (("waivers", waivers.waivers), ("quarantine", waivers.quarantine)):
        for index, waiver in enumerate(entries):
            node = at(root, key, index)
            _dates(waiver, node, walk)
            _profiles(waiver, node, walk, profiles)
            _once(waiver, node, walk, names.covered(waiver, node, walk), earlier)
            found.append(
                LoadedWaiver(
                    waiver=waiver,
                    position=position(walk.file, node),
                    quarantine=key == "quarantine",
                    release_after=waivers.quarantine_release_after * (key == "quarantine"),
                )
            )
    if (count := len(waivers.quarantine)) > (limit := waivers.quarantine_limit):
        walk.problem(
            at(root, "quarantine", limit),
            f"{count} entries are in quarantine, and {limit} may be",
            "mend one and take it out, or raise quarantine-limit",
        )
    return tuple(found)


class _Names:
    """What an entry can name: checks and the instances of their matrices."""

    def __init__(self, drafts: list[Draft]) -> None:
        self._instances = {
            f"{phase}/{check}": instances
            for phase, checks in names_of(drafts).items()
            for check, instances in checks.items()
        }
        # A check with a wrong type in it says nothing of its matrix: any instance may be right.
        self._unread = {
            f"{draft.phase_id}/{item.id}"
            for draft in drafts
            for item in draft.items
            if item.check is None
        }

    def covered(self, waiver: Waiver, node: Node, walk: Walk) -> tuple[str, ...]:
        """The ids of the instances that an entry names; none when that is a problem, noted."""
        name, place = waiver.check, at(node, "check")
        base, bracket, _ = name.partition("[")
        instances = self._instances.get(base)
        if instances is None:
            walk.problem(
                place,
                f"no check is called {shown(base)}",
                choose(base, self._instances, otherwise="`release-manager plan` shows every check"),
            )
            return ()
        if not bracket or name in instances or base in self._unread:
            return (name,) if bracket else instances
        if instances == (base,):
            walk.problem(place, f"{base} has no matrix, so no instances", f'write "{base}"')
        else:
            walk.problem(
                place,
                f"{base} has no instance {shown(name)}",
                choose(name, instances, otherwise="`release-manager plan` shows every instance"),
            )
        return ()


def _dates(waiver: Waiver, node: Node, walk: Walk) -> None:
    days: list[date] = []
    for key, text in (("created", waiver.created), ("expires", waiver.expires)):
        try:
            days.append(date.fromisoformat(text))
        except ValueError:
            walk.problem(
                at(node, key), f'"{key}" is {text}, which is no day', "write a day of the calendar"
            )
    if len(days) == 2 and days[1] < days[0]:
        walk.problem(
            at(node, "expires"),
            f'"expires" is {waiver.expires}, before "created", {waiver.created}',
            "write the last day on which it counts",
        )


def _profiles(waiver: Waiver, node: Node, walk: Walk, profiles: Collection[str] | None) -> None:
    if profiles is None or isinstance(waiver.scope, str):
        return
    for index, name in enumerate(waiver.scope):
        place = at(node, "scope", index)
        if name not in profiles:
            walk.problem(place, f"no profile is called {shown(name)}", choose(name, profiles))
        elif name in waiver.scope[:index]:
            walk.problem(place, f"the profile {shown(name)} is named twice", "remove it")


def _once(
    waiver: Waiver,
    node: Node,
    walk: Walk,
    covered: tuple[str, ...],
    earlier: dict[str, list[tuple[Waiver, Node]]],
) -> None:
    """Nothing is answered for twice under one profile: nobody could say which entry counts.

    Two globs over tests may overlap; that only a run can tell, and then both count.
    """
    for name in covered:
        for other, place in earlier.get(name, ()):
            if _overlap(waiver, other) and (what := _twice(waiver, other)) is not None:
                walk.problem(
                    at(node, "test" if waiver.test else "check"),
                    f"{name} already has an entry{what} for the same profile in line {place.line}",
                    "keep one of the two",
                )
                return
    for name in covered:
        earlier.setdefault(name, []).append((waiver, at(node, "check")))


def _twice(one: Waiver, other: Waiver) -> str | None:
    """What the other entry is about, when both are about the same; None when they are not."""
    if one.test == other.test:
        return f" for {shown(one.test)}" if one.test else ""
    if one.test and other.test:
        return None
    return " for all of its tests" if one.test else f" for {shown(other.test)} alone"


def _overlap(one: Waiver, other: Waiver) -> bool:
    if isinstance(one.scope, str) or isinstance(other.scope, str):
        return True
    return not set(one.scope).isdisjoint(other.scope)
