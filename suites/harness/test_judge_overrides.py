"""How long an override counts, when its end is announced, and what happens after it."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.judge import judge
from harness.model.result import (
    Conclusion,
    Override,
    OverrideKind,
    Reason,
    SkipReason,
    Status,
    Verdict,
)
from harness.model.spec import Condition, Effect, Position, Profile
from suites.harness.run_builder import CHANGE, RELEASE, WAIVER, RunBuilder

IGNORE_ALL = Profile(about="looks away", rules=dict.fromkeys(Condition, Effect.IGNORE))
TODAY = "2026-11-23"  # the day of the builder's runs
PLACE = Position(file="phases/waivers.yaml", line=7, column=5)


def override(expires: str, kind: OverrideKind = OverrideKind.WAIVED) -> Override:
    return msgspec.structs.replace(WAIVER, expires=expires, kind=kind, position=PLACE)


def verdict_of(
    status: Status, given: Override, profile: Profile = RELEASE, *, advisory: bool = False
) -> Verdict:
    builder = RunBuilder(profile)
    builder.check("p/ok")
    match status:
        case Status.PRECLUDED:
            builder.preclude("p/x", "cut short", override=given)
        case Status.SKIPPED:
            builder.skip("p/x", SkipReason.NOT_APPLICABLE, "not here", override=given)
        case _:
            builder.check("p/x", status, message="broken", override=given, advisory=advisory)
    return judge(builder.run())


def reminders(verdict: Verdict) -> list[Reason]:
    return [reason for reason in verdict.reasons if reason.check and reason.condition is None]


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("kind", OverrideKind)
@pytest.mark.parametrize(
    ("expires", "words"),
    [
        ("2026-11-23", "today for the last time, until 2026-11-23"),
        ("2026-11-24", "for 1 day more, until 2026-11-24"),
        ("2026-12-07", "for 14 days more, until 2026-12-07"),
        ("2026-12-08", ""),
        ("2027-11-23", ""),
    ],
)
def test_the_end_is_announced_two_weeks_ahead_however_the_check_ended(
    status: Status, kind: OverrideKind, expires: str, words: str
) -> None:
    said = reminders(verdict_of(status, override(expires, kind), IGNORE_ALL))
    if not words:
        assert said == []
        return
    (reason,) = said
    assert reason.effect is Effect.WARN
    assert reason.check == "p/x"
    assert reason.text == (
        f"p/x is {kind} by Ada Lovelace (PROJ-142) {words}: mend it or decide anew"
        " (phases/waivers.yaml:7:5)"
    )


@pytest.mark.parametrize("expires", ["2026-11-22", "2020-01-01", "", "2026-02-30", "soon"])
def test_an_override_that_is_over_must_go_when_the_check_passes(expires: str) -> None:
    verdict = verdict_of(Status.PASSED, override(expires), IGNORE_ALL)
    assert verdict.conclusion is Conclusion.APPROVED
    (reason,) = verdict.reasons
    assert reason.effect is Effect.WARN
    assert reason.text.endswith("and it passes: remove it (phases/waivers.yaml:7:5)")
    assert f"only until {expires or 'a date that is not given'}" in reason.text


@pytest.mark.parametrize("kind", OverrideKind)
@pytest.mark.parametrize("status", [Status.ERRORED, Status.PRECLUDED])
def test_an_override_that_is_over_lifts_nothing_and_says_so(
    status: Status, kind: OverrideKind
) -> None:
    verdict = verdict_of(status, override("2026-11-22", kind), IGNORE_ALL)
    assert verdict.conclusion is Conclusion.INCOMPLETE
    (reason,) = reminders(verdict)
    assert "only until 2026-11-22, so that lifts nothing any more" in reason.text


@pytest.mark.parametrize("advisory", [False, True])
@pytest.mark.parametrize("kind", OverrideKind)
@pytest.mark.parametrize("profile", [CHANGE, RELEASE, IGNORE_ALL])
def test_a_failure_blocks_once_its_override_is_over(
    profile: Profile, kind: OverrideKind, advisory: bool
) -> None:
    verdict = verdict_of(Status.FAILED, override("2026-11-22", kind), profile, advisory=advisory)
    assert verdict.conclusion is Conclusion.BLOCKED
    assert verdict.reasons[0].condition is Condition.FAILED
    assert "waived by" in verdict.reasons[0].text or "quarantined by" in verdict.reasons[0].text
    assert "(PROJ-142), but only until 2026-11-22" in verdict.reasons[0].text
    assert reminders(verdict) == []  # it is said once


def test_an_advisory_failure_without_an_override_is_still_the_policys() -> None:
    builder = RunBuilder(CHANGE)
    builder.check("p/x", Status.FAILED, message="broken", advisory=True)
    assert judge(builder.run()).conclusion is Conclusion.APPROVED


def test_a_flaky_check_is_flaky_again_once_its_quarantine_is_over() -> None:
    given_ = override("2026-11-22", OverrideKind.QUARANTINED)
    verdict = verdict_of(Status.FLAKY, given_)
    assert verdict.conclusion is Conclusion.BLOCKED
    assert verdict.reasons[0].condition is Condition.FLAKY
    assert "but only until 2026-11-22" in verdict.reasons[0].text


def test_a_release_may_refuse_what_a_change_bears() -> None:
    strict = Profile(about="strict", rules={**RELEASE.rules, Condition.QUARANTINED: Effect.BLOCK})
    given_ = override("2027-11-23", OverrideKind.QUARANTINED)
    assert verdict_of(Status.FAILED, given_).conclusion is Conclusion.APPROVED
    assert verdict_of(Status.FAILED, given_, strict).conclusion is Conclusion.BLOCKED


def test_words_of_a_waiver_cannot_forge_a_reason() -> None:
    evil = msgspec.structs.replace(
        override("2026-11-24"),
        owner="\x1b[2JAda\nAPPROVED",
        issue="\u202eX",
        position=Position(file="a\x1bb.yaml", line=1, column=1),
    )
    assert all(reason.text.isprintable() for reason in verdict_of(Status.PASSED, evil).reasons)


@pytest.mark.parametrize(
    ("expires", "left"),
    [("2026-11-23", 0), ("2026-12-01", 8), ("2026-11-22", -1), ("20261201", None),
     ("2026-W50-1", None), ("2026-13-01", None), ("", None)],
)  # fmt: skip
def test_days_left_counts_days_of_the_calendar(expires: str, left: int | None) -> None:
    assert override(expires).days_left(TODAY) == left
    assert override("2026-12-31").days_left("no day") is None


@settings(deadline=None)
@given(
    st.dates().map(str),
    st.sampled_from(list(OverrideKind)),
    st.booleans(),
    st.sampled_from([CHANGE, RELEASE, IGNORE_ALL]),
)
def test_no_failure_is_approved_with_an_override_that_is_over(
    expires: str, kind: OverrideKind, advisory: bool, profile: Profile
) -> None:
    verdict = verdict_of(Status.FAILED, override(expires, kind), profile, advisory=advisory)
    assert (verdict.conclusion is Conclusion.APPROVED) == (expires >= TODAY)
