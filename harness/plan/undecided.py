"""A plan before it was decided what earlier runs answer. Pure."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from harness.model.plan import Decision, Plan


def undecided(plan: Plan, but: Collection[str] = ()) -> Plan:
    """The plan with every check to run that was to be reused, except those with the ids `but`."""
    return msgspec.structs.replace(
        plan,
        checks=tuple(
            msgspec.structs.replace(check, decision=Decision.RUN)
            if check.decision is Decision.REUSE and check.id not in but
            else check
            for check in plan.checks
        ),
    )
