"""What a condition does to the verdict: the profile's word, held within bounds no profile can move.

A profile may always be stricter than these bounds and never looser than a floor, so a policy file
that is edited in a hurry can hide nothing that makes a release unsafe.
"""

from __future__ import annotations

from collections.abc import Iterable

from harness.model.base import Record
from harness.model.result import Conclusion
from harness.model.spec import Condition, Effect, Profile

_GRAVITY: dict[Effect, int] = {effect: rank for rank, effect in enumerate(Effect)}
"""`Effect` lists its members weakest first; the order of definition is the order of gravity."""


class Bounds(Record, frozen=True):
    """How far a profile may move one condition.

    `floor` is the least effect the condition has, whatever a profile says. `unnamed` is the
    strictest effect that is true to the word, used when a profile is silent: what was seen to be
    wrong blocks, what was not seen leaves the run incomplete.
    """

    floor: Effect
    unnamed: Effect


BOUNDS: dict[Condition, Bounds] = {
    # Seen to be wrong. A failure blocks; nothing in a policy file changes that.
    Condition.FAILED: Bounds(floor=Effect.BLOCK, unnamed=Effect.BLOCK),
    Condition.FLAKY: Bounds(floor=Effect.WARN, unnamed=Effect.BLOCK),
    Condition.ADVISORY_FAILED: Bounds(floor=Effect.WARN, unnamed=Effect.BLOCK),
    Condition.LEAKED: Bounds(floor=Effect.WARN, unnamed=Effect.BLOCK),
    # Seen to be wrong, and answered for by a person with a date; never hidden.
    Condition.WAIVED: Bounds(floor=Effect.WARN, unnamed=Effect.BLOCK),
    Condition.QUARANTINED: Bounds(floor=Effect.WARN, unnamed=Effect.BLOCK),
    # Seen to be blind: the check passes while a known fault is there.
    Condition.SURVIVED: Bounds(floor=Effect.WARN, unnamed=Effect.BLOCK),
    # Not seen at all, against the plan: an answer is missing, so the run cannot be complete.
    Condition.ERRORED: Bounds(floor=Effect.INCOMPLETE, unnamed=Effect.INCOMPLETE),
    Condition.PRECLUDED: Bounds(floor=Effect.INCOMPLETE, unnamed=Effect.INCOMPLETE),
    # Not seen, as the plan decided. A profile may accept it, but only by saying so.
    Condition.CAPABILITY_MISSING: Bounds(floor=Effect.IGNORE, unnamed=Effect.INCOMPLETE),
    Condition.NOT_APPLICABLE: Bounds(floor=Effect.IGNORE, unnamed=Effect.INCOMPLETE),
    Condition.DESELECTED: Bounds(floor=Effect.IGNORE, unnamed=Effect.INCOMPLETE),
    Condition.UNPROVEN: Bounds(floor=Effect.IGNORE, unnamed=Effect.INCOMPLETE),
    Condition.REUSED: Bounds(floor=Effect.IGNORE, unnamed=Effect.INCOMPLETE),
}


def gravity(effect: Effect) -> int:
    """A number that grows with the gravity of the effect."""
    return _GRAVITY[effect]


def gravest(effects: Iterable[Effect]) -> Effect:
    """The gravest of the effects; `IGNORE` when there are none."""
    return max(effects, key=gravity, default=Effect.IGNORE)


def effect_of(condition: Condition, profile: Profile) -> Effect:
    """What the condition does under the profile: its rule, but never less than the floor."""
    bounds = BOUNDS[condition]
    return gravest((profile.rules.get(condition, bounds.unnamed), bounds.floor))


def conclude(effects: Iterable[Effect]) -> Conclusion:
    """The word for a run with these effects."""
    match gravest(effects):
        case Effect.BLOCK:
            return Conclusion.BLOCKED
        case Effect.INCOMPLETE:
            return Conclusion.INCOMPLETE
        case Effect.WARN | Effect.IGNORE:
            return Conclusion.APPROVED
