"""Which checks a change can touch: by their inputs, their definitions, and what they need."""

from __future__ import annotations

from collections.abc import Collection

from harness.model.glob import matches
from harness.model.plan import Plan, PlannedCheck

_SERVICES = ("phases/services.yaml", "phases/services.yml")
_VERSIONS = ("phases/versions.yaml", "phases/versions.yml")


def affected(plan: Plan, changed: Collection[str]) -> dict[str, str]:
    """Why each affected check of a plan is, by id; a check that is not in it cannot be touched.

    `changed` are paths relative to the project: changed, added and removed ones. A check without
    inputs says nothing about what it reads, so any change can touch it.
    """
    if not changed:
        return {}
    known: dict[str, str] = {}
    found: dict[str, str] = {}
    for check in plan.checks:
        why = _touched(check, changed, known) or next(
            (f"needs {need}, which is affected" for need in check.needs if need in found), ""
        )
        if why:
            found[check.id] = why
    return found


def _touched(check: PlannedCheck, changed: Collection[str], known: dict[str, str]) -> str:
    if not check.inputs:
        return "declares no inputs, so any change can touch it"
    if check.position.file in changed:
        return f"{check.position.file} defines it"
    if check.services:
        for name in _SERVICES:
            if name in changed:
                return f"{name} defines its services"
    if check.kind == "versions":
        for name in _VERSIONS:
            if name in changed:
                return f"{name} says what it compares"
    for pattern in check.inputs:
        if pattern not in known:
            known[pattern] = next((one for one in changed if matches(one, pattern)), "")
        if known[pattern]:
            return f"{known[pattern]} is an input"
    return ""
