"""Whether a check got slower for good: recent durations against earlier ones, with their spread.

Medians and the median absolute deviation (MAD), because one noisy run must decide nothing: half of
the values may be arbitrary before either moves without bound. 1.4826 x MAD estimates the standard
deviation of normal data (Rousseeuw and Croux, "Alternatives to the Median Absolute Deviation",
JASA 88 (1993)). A regression is a recent median above the earlier one by more than three such
deviations, by a tenth, and by 50 ms: the last two keep a check of no spread from crying wolf.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from harness.model.base import Record

RECENT = 3
EARLIER = 10
FEWEST_EARLIER = 5
_NORMAL = 1.4826
_DEVIATIONS = 3.0
_SHARE = 0.1
_SECONDS = 0.05


class Regression(Record, frozen=True, omit_defaults=False):
    """Durations that moved, of a check or a test; all in seconds.

    `spread` is 1.4826 x MAD of the earlier.
    """

    check: str
    test: str
    before: float
    now: float
    spread: float
    earlier_runs: int
    recent_runs: int


def spread(seconds: Sequence[float]) -> float:
    """How far durations lie apart: 1.4826 x their MAD. Raises `ValueError` when there are none."""
    middle = median(seconds)
    return _NORMAL * median(abs(value - middle) for value in seconds)


def regressions(seconds: Mapping[tuple[str, str], Sequence[float]]) -> list[Regression]:
    """Every regression in the durations by check and test, the steepest first."""
    found = [
        one
        for (check, test), took in seconds.items()
        if (one := regression(check, took, test=test)) is not None
    ]
    return sorted(found, key=lambda one: (-one.now / max(one.before, 1e-9), one.check, one.test))


def regression(check: str, seconds: Sequence[float], *, test: str = "") -> Regression | None:
    """The regression in durations, oldest first; None when there is none to prove.

    The last 3 executed passes stand against the at most 10 before them, of which at least 5 must
    exist.
    """
    recent, earlier = seconds[-RECENT:], seconds[:-RECENT][-EARLIER:]
    if len(recent) < RECENT or len(earlier) < FEWEST_EARLIER:
        return None
    before, now, around = median(earlier), median(recent), spread(earlier)
    if now - before <= max(_DEVIATIONS * around, _SHARE * before, _SECONDS):
        return None
    return Regression(
        check=check,
        test=test,
        before=before,
        now=now,
        spread=around,
        earlier_runs=len(earlier),
        recent_runs=len(recent),
    )
