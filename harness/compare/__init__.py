"""What changed between two runs, and which durations are off; pure functions over what is past."""

from __future__ import annotations

from harness.compare.past import past
from harness.compare.regression import Regression, regression
from harness.compare.runs import compare

__all__ = ["Regression", "compare", "past", "regression"]
