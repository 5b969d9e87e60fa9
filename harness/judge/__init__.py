"""From a run and a policy profile to one verdict. Pure."""

from harness.judge.policy import BOUNDS, Bounds, effect_of
from harness.judge.verdict import judge

__all__ = ["BOUNDS", "Bounds", "effect_of", "judge"]
