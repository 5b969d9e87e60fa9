"""The verdict over every status, skip reason, override, advisory mark and effect."""

from __future__ import annotations

import itertools

import pytest

from harness.judge import BOUNDS, judge
from harness.model.fault import Catch, Proof
from harness.model.result import Conclusion, OverrideKind, SkipReason, Status, Verdict
from harness.model.spec import Condition, Effect, Profile
from suites.harness.run_builder import WAIVER, RunBuilder

A, B, I = Conclusion.APPROVED, Conclusion.BLOCKED, Conclusion.INCOMPLETE  # noqa: E741
SKIPS = {
    SkipReason.NOT_APPLICABLE: Condition.NOT_APPLICABLE,
    SkipReason.CAPABILITY_MISSING: Condition.CAPABILITY_MISSING,
}
# What a policy asks of a condition -> the verdict it gets, for each floor. Written out rather than
# computed, so that it is a second opinion on `policy.py`.
ASKED = (Effect.IGNORE, Effect.WARN, Effect.INCOMPLETE, Effect.BLOCK)
TABLE = {
    Condition.FAILED: (B, B, B, B),
    Condition.FLAKY: (A, A, I, B),
    Condition.ERRORED: (I, I, I, B),
    Condition.PRECLUDED: (I, I, I, B),
    Condition.NOT_APPLICABLE: (A, A, I, B),
    Condition.CAPABILITY_MISSING: (A, A, I, B),
    Condition.DESELECTED: (A, A, I, B),
    Condition.ADVISORY_FAILED: (A, A, I, B),
    Condition.LEAKED: (A, A, I, B),
    Condition.REUSED: (A, A, I, B),
    Condition.WAIVED: (A, A, I, B),
    Condition.QUARANTINED: (A, A, I, B),
    Condition.UNPROVEN: (A, A, I, B),
    Condition.SURVIVED: (A, A, I, B),
}
SILENT = {
    Condition.FAILED: B,
    Condition.FLAKY: B,
    Condition.ERRORED: I,
    Condition.PRECLUDED: I,
    Condition.NOT_APPLICABLE: I,
    Condition.CAPABILITY_MISSING: I,
    Condition.DESELECTED: I,
    Condition.ADVISORY_FAILED: B,
    Condition.LEAKED: B,
    Condition.REUSED: I,
    Condition.WAIVED: B,
    Condition.QUARANTINED: B,
    Condition.UNPROVEN: I,
    Condition.SURVIVED: B,
}
LENIENT = dict.fromkeys(Condition, Effect.IGNORE)


def add(builder: RunBuilder, condition: Condition) -> None:
    """A check that meets exactly this condition."""
    match condition:
        case Condition.FAILED:
            builder.check("p/x", Status.FAILED, message="broken")
        case Condition.FLAKY:
            builder.check("p/x", Status.FAILED, message="broken once")
            builder.check("p/x", Status.PASSED, attempt=2)
        case Condition.ERRORED:
            builder.check("p/x", Status.ERRORED, message="cannot tell")
        case Condition.PRECLUDED:
            builder.preclude("p/x", "needs p/y, which failed")
        case Condition.ADVISORY_FAILED:
            builder.check("p/x", Status.FAILED, message="broken", advisory=True)
        case Condition.LEAKED:
            builder.check("p/x", leaked=("sleep (pid 7)",))
        case Condition.REUSED:
            builder.check("p/x", reused_from="run-1")
        case Condition.WAIVED | Condition.QUARANTINED:
            kind = OverrideKind(condition.value)
            override = type(WAIVER)(
                kind=kind, reason="r", owner="o", issue="i", expires="2027-01-01"
            )
            builder.check("p/x", Status.FAILED, message="broken", override=override)
        case Condition.DESELECTED:
            builder.deselect("p/x")
        case Condition.UNPROVEN:
            builder.check("p/x", advisory=True)  # p/passed has no fault; this one needs none
        case Condition.SURVIVED:
            proof = Proof(
                check="p/x", fault="f", title="Broken", catch=Catch.SURVIVED, reason="passed",
                at="2026-01-01T00:00:00Z", key="k",
            )  # fmt: skip
            builder.check("p/x", must_catch=("f",), proofs=(proof,))
        case _:
            skip = next(reason for reason, one in SKIPS.items() if one is condition)
            builder.skip("p/x", skip, "as planned")


def verdict_of(condition: Condition, rules: dict[Condition, Effect]) -> Verdict:
    builder = RunBuilder(Profile(about="a test", rules=rules))
    builder.check("p/passed")
    add(builder, condition)
    return judge(builder.run())


def test_the_table_holds_every_condition() -> None:
    assert set(TABLE) == set(SILENT) == set(BOUNDS) == set(Condition)


@pytest.mark.parametrize("condition", Condition)
@pytest.mark.parametrize("asked", ASKED)
def test_a_named_condition_has_its_effect_within_the_floors(
    condition: Condition, asked: Effect
) -> None:
    verdict = verdict_of(condition, {**LENIENT, condition: asked})
    assert verdict.conclusion is TABLE[condition][ASKED.index(asked)]


@pytest.mark.parametrize("condition", Condition)
def test_an_unnamed_condition_takes_its_strictest_effect(condition: Condition) -> None:
    rules = {key: value for key, value in LENIENT.items() if key is not condition}
    verdict = verdict_of(condition, rules)
    assert verdict.conclusion is SILENT[condition]
    assert verdict.effects[condition] is BOUNDS[condition].unnamed


@pytest.mark.parametrize("condition", Condition)
def test_a_reason_names_the_condition_and_the_check(condition: Condition) -> None:
    verdict = verdict_of(condition, {**LENIENT, condition: Effect.WARN})
    (reason,) = verdict.reasons
    if condition is Condition.DESELECTED:
        assert (reason.condition, reason.check) == (condition, "")
        assert reason.text == "1 check was not selected: p/x"
        return
    if condition is Condition.UNPROVEN:
        assert (reason.condition, reason.check) == (condition, "")
        assert reason.text == "1 check is not proven to catch a fault: p/passed"
        return
    assert (reason.condition, reason.check) == (condition, "p/x")
    assert reason.text.startswith("p/x ")


def every_case() -> list[tuple[Status, SkipReason | None, OverrideKind | None, bool]]:
    skips: list[SkipReason | None] = [None, *SkipReason]
    overrides: list[OverrideKind | None] = [None, *OverrideKind]
    return [
        case
        for case in itertools.product(Status, skips, overrides, (False, True))
        if (case[0] is Status.SKIPPED) == (case[1] is not None)
    ]


def expected(
    status: Status, skip: SkipReason | None, override: OverrideKind | None, advisory: bool
) -> set[Condition]:
    if status is Status.PASSED:
        return set()
    if skip is not None:
        return {SKIPS[skip]}
    if status in (Status.ERRORED, Status.PRECLUDED):
        return {Condition(status.value)}
    if override is not None:
        return {Condition(override.value)}
    if status is Status.FLAKY:
        return {Condition.FLAKY}
    return {Condition.ADVISORY_FAILED if advisory else Condition.FAILED}


@pytest.mark.parametrize(("status", "skip", "override", "advisory"), every_case())
def test_every_result_meets_exactly_the_conditions_of_the_table(
    status: Status, skip: SkipReason | None, override: OverrideKind | None, advisory: bool
) -> None:
    builder = RunBuilder(
        Profile(
            about="a test",
            rules={**dict.fromkeys(Condition, Effect.WARN), Condition.UNPROVEN: Effect.IGNORE},
        )
    )
    builder.check("p/passed")
    given = override and type(WAIVER)(
        kind=override, reason="r", owner="o", issue="i", expires="2027-01-01"
    )
    planned = {"override": given, "advisory": advisory}
    if skip is not None:
        builder.skip("p/x", skip, "as planned", **planned)
    elif status is Status.PRECLUDED:
        builder.preclude("p/x", "a dependency failed", **planned)
    elif status is Status.FLAKY:
        builder.check("p/x", Status.FAILED, message="once", **planned)
        builder.check("p/x", Status.PASSED, attempt=2)
    else:
        builder.check("p/x", status, message="said", **planned)
    met = {reason.condition for reason in judge(builder.run()).reasons}
    assert met == expected(status, skip, override, advisory)
