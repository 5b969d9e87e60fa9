"""The one sentence under the verdict's word."""

from __future__ import annotations

from collections.abc import Sequence

from harness.model.result import Conclusion, SkipReason
from harness.model.spec import Effect
from harness.report.shape import Counts, ViewReason
from harness.report.text import plural

_SKIPS = (
    (SkipReason.NOT_APPLICABLE, "not applicable here"),
    (SkipReason.CAPABILITY_MISSING, "skipped for want of a capability"),
)


def sentence(
    conclusion: Conclusion, counts: Counts, reasons: Sequence[ViewReason], cut_short: str
) -> str:
    """What the verdict means for this run, in one sentence that stands alone.

    `cut_short` is how the run ended before its end (`was interrupted`), empty when it did not.
    """
    match conclusion:
        case Conclusion.APPROVED:
            return _approved(counts, reasons)
        case Conclusion.BLOCKED:
            return _blocked(counts, reasons)
        case Conclusion.INCOMPLETE:
            return _incomplete(counts, reasons, cut_short)


def _approved(counts: Counts, reasons: Sequence[ViewReason]) -> str:
    total, passed = counts.checks.total, counts.checks.passed
    if passed == total and not counts.deselected:
        text = "The one check passed" if total == 1 else f"All {plural(total, 'check')} passed"
    else:
        text = f"{passed:,} of {plural(total + counts.deselected, 'check')} passed"
    if counts.reused:
        text += f" ({counts.reused:,} of them reused)"
    rest = [
        f"{counts.skips[reason]:,} {words}" for reason, words in _SKIPS if counts.skips.get(reason)
    ]
    if counts.deselected:
        rest.append(f"{counts.deselected:,} not selected")
    if warnings := len(_named(reasons, Effect.WARN)):
        rest.append(f"{warnings:,} with a warning")
    return f"{text}; {', '.join(rest)}." if rest else f"{text}."


def _blocked(counts: Counts, reasons: Sequence[ViewReason]) -> str:
    blocking, total = len(_named(reasons, Effect.BLOCK)), counts.checks.total
    stand = "stands" if blocking == 1 else "stand"
    text = f"{blocking:,} of {plural(total, 'check')} {stand} in the way"
    silent = len(_named(reasons, Effect.INCOMPLETE))
    return f"{text}, and {silent:,} more gave no answer." if silent else f"{text}."


def _incomplete(counts: Counts, reasons: Sequence[ViewReason], cut_short: str) -> str:
    total = counts.checks.total
    silent = len(_named(reasons, Effect.INCOMPLETE))
    if total == 0:
        return "Nothing was verified: the plan holds no check."
    if silent:
        lead = f"The run {cut_short}:" if cut_short else "Nothing failed, but"
        whom = "the one check" if total == 1 else f"{silent:,} of {plural(total, 'check')}"
        return f"{lead} {whom} gave no answer that counts."
    if cut_short:
        return f"The run {cut_short}."
    return "Nothing failed, but the run as a whole cannot be relied on."


def _named(reasons: Sequence[ViewReason], effect: Effect) -> set[str]:
    """The checks that reasons of this effect name."""
    return {reason.check for reason in reasons if reason.check and reason.effect is effect}
