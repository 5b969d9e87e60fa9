"""The plan of a decision that stands but for some inputs, decided again where these matter."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from harness.cli.reusing import Reuse
from harness.model.event import CheckFinished, decode
from harness.model.glob import fixed_part, is_literal, matches
from harness.model.plan import Decision, Plan, PlannedCheck
from harness.record.results import Kept
from harness.record.stamp import Stamp

if TYPE_CHECKING:
    from harness.cli.workspace import Workspace


def recalled(workspace: Workspace, stamp: Stamp, root: str, changed: set[str]) -> Reuse | None:
    """What is to be reused and run in the project at `root`, when inputs `changed`.

    None where only the definitions can tell.
    """
    if not stamp.whole or workspace.root != Path(root):
        return None
    plan = msgspec.json.decode(stamp.plan, type=Plan)
    touched = touched_by(plan, changed)
    checks = {check.id: check for check in plan.checks}
    if any(checks[name].must_catch for name in touched):
        return None  # what is proven of a check depends on its inputs too
    known = {}
    for line in stamp.ends:
        event = decode(line + b"}")
        if isinstance(event, CheckFinished) and event.check not in touched:
            folder = stamp.folders[event.reused_from]
            known[event.check] = Kept(event=event, run_id=event.reused_from, folder=folder)
    undecided = msgspec.structs.replace(
        plan,
        checks=tuple(
            msgspec.structs.replace(check, decision=Decision.RUN, reason=touched[check.id], key="")
            if check.id in touched
            else check
            for check in plan.checks
        ),
    )
    return Reuse(workspace, undecided, known=known)


def touched_by(plan: Plan, changed: Iterable[str]) -> dict[str, str]:
    """Why each check that changed inputs reach is decided again, by id; dependents included."""
    paths = sorted(changed)
    literal = {above: path for path in paths for above in _above(path)}
    wild: dict[str, str] = {}
    found: dict[str, str] = {}
    for check in plan.checks:
        if check.decision is Decision.SKIP or not paths:
            continue
        path = _input(check, paths, literal, wild)
        if path:
            found[check.id] = f"its input {path} changed"
        elif need := next((one for one in check.needs if one in found), ""):
            found[check.id] = f"{need}, which it needs, is decided again"
    return found


def _input(
    check: PlannedCheck, paths: list[str], literal: dict[str, str], wild: dict[str, str]
) -> str:
    for pattern in check.inputs:
        # Most inputs of thousands of checks are plain names: no expression is compiled for them.
        if is_literal(pattern):
            if path := literal.get(fixed_part(pattern), ""):
                return path
            continue
        if pattern not in wild:
            wild[pattern] = next((one for one in paths if matches(one, pattern)), "")
        if wild[pattern]:
            return wild[pattern]
    return ""


def _above(path: str) -> list[str]:
    """A path and the folders it stands in."""
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
