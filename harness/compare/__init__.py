"""What changed between two runs, and which durations are off; pure functions over what is past."""

from __future__ import annotations

from harness.compare.past import past
from harness.compare.ranking import Flips, Slow, flakiest, passes, slowest
from harness.compare.regression import Regression, regression, regressions, spread
from harness.compare.runs import compare

__all__ = [
    "Flips",
    "Regression",
    "Slow",
    "compare",
    "flakiest",
    "passes",
    "past",
    "regression",
    "regressions",
    "slowest",
    "spread",
]
