"""Every way a run could be green without having shown anything, by name: none is APPROVED."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import UsageError
from harness.judge import judge
from harness.model.result import (
    Conclusion,
    Finding,
    Override,
    OverrideKind,
    Severity,
    SkipReason,
    Status,
    TestRecord,
)
from harness.model.run import CheckResult, Run, fold
from harness.model.spec import Condition, Effect, Profile
from suites.harness.run_builder import CHANGE, RELEASE, WAIVER, RunBuilder, alike
from suites.harness.sample_runs import approved, blocked, incomplete

IGNORE_ALL = Profile(about="looks away", rules=dict.fromkeys(Condition, Effect.IGNORE))
GRAVITY = [Conclusion.APPROVED, Conclusion.INCOMPLETE, Conclusion.BLOCKED]


def one_check(profile: Profile = IGNORE_ALL, **fields: object) -> RunBuilder:
    builder = RunBuilder(profile)
    builder.check("p/x", **fields)  # type: ignore[arg-type]
    return builder


def test_a_passing_run_is_approved_without_reasons() -> None:
    verdict = judge(one_check(RELEASE).run())
    assert verdict.conclusion is Conclusion.APPROVED
    assert verdict.reasons == ()


def test_the_examples_end_as_they_are_called() -> None:
    assert judge(approved().run()).conclusion is Conclusion.APPROVED
    assert judge(blocked().run()).conclusion is Conclusion.BLOCKED
    assert judge(incomplete().run(interrupted="SIGINT")).conclusion is Conclusion.INCOMPLETE


def test_an_unfinished_run_is_incomplete() -> None:
    verdict = judge(one_check().run(finished=False))
    assert verdict.conclusion is Conclusion.INCOMPLETE
    assert "did not finish" in verdict.reasons[0].text


def test_an_interrupted_run_is_incomplete_even_if_its_journal_is_whole() -> None:
    verdict = judge(one_check().run(interrupted="SIGINT"))
    assert verdict.conclusion is Conclusion.INCOMPLETE
    assert "interrupted: SIGINT" in verdict.reasons[0].text


def test_a_failure_before_the_interruption_still_blocks() -> None:
    builder = one_check(status=Status.FAILED)
    assert judge(builder.run(interrupted="SIGINT")).conclusion is Conclusion.BLOCKED


def test_an_empty_plan_is_incomplete() -> None:
    verdict = judge(RunBuilder(IGNORE_ALL).run())
    assert verdict.conclusion is Conclusion.INCOMPLETE
    assert "holds no check" in verdict.reasons[0].text


@pytest.mark.parametrize("skip", SkipReason)
def test_a_run_that_skipped_everything_is_incomplete(skip: SkipReason) -> None:
    builder = RunBuilder(IGNORE_ALL)
    builder.skip("p/x", skip, "as planned")
    verdict = judge(builder.run())
    assert verdict.conclusion is Conclusion.INCOMPLETE
    assert "no check was executed or reused" in verdict.reasons[0].text


def test_a_planned_check_without_an_event_is_incomplete() -> None:
    builder = one_check()
    builder.plan("p/lost")
    verdict = judge(builder.run())
    assert verdict.conclusion is Conclusion.INCOMPLETE
    assert verdict.reasons[0].check == "p/lost"


def test_empty_rules_never_approve() -> None:
    empty = Profile(about="says nothing", rules={})
    verdict = judge(one_check(empty).run())
    assert verdict.conclusion is Conclusion.INCOMPLETE
    assert "has no rules" in verdict.reasons[0].text


def test_a_passed_check_with_a_failed_test_is_a_failure() -> None:
    records = [*alike("s", 3), TestRecord(id="s::bad", status=Status.FAILED)]
    verdict = judge(one_check(tests=records).run())
    assert verdict.conclusion is Conclusion.BLOCKED
    assert "1 of its 4 tests did not" in verdict.reasons[0].text


def test_a_passed_check_with_an_error_finding_is_a_failure() -> None:
    finding = Finding(message="bad", file="src/a.c", line=3)
    verdict = judge(one_check(findings=[finding]).run())
    assert verdict.conclusion is Conclusion.BLOCKED
    assert "src/a.c:3" in verdict.reasons[0].text


def test_a_passed_check_may_hold_warnings() -> None:
    finding = Finding(message="meh", severity=Severity.WARNING)
    assert judge(one_check(findings=[finding]).run()).conclusion is Conclusion.APPROVED


def test_a_passed_check_whose_tests_were_all_skipped_is_errored() -> None:
    verdict = judge(one_check(tests=alike("s", 4, Status.SKIPPED)).run())
    assert verdict.conclusion is Conclusion.INCOMPLETE
    assert any("all of its 4 tests were skipped" in reason.text for reason in verdict.reasons)


@pytest.mark.parametrize("end", [{"timed_out": True}, {"signal": "SIGSEGV"}])
def test_a_passed_check_that_something_ended_is_errored(end: dict[str, object]) -> None:
    verdict = judge(one_check(**end).run())
    assert [reason.condition for reason in verdict.reasons if reason.check] == [Condition.ERRORED]


def test_a_skip_without_a_typed_reason_is_errored() -> None:
    verdict = judge(one_check(status=Status.SKIPPED).run())
    assert verdict.conclusion is Conclusion.INCOMPLETE
    assert "without a typed reason" in verdict.reasons[-1].text


def test_a_pass_with_no_finished_attempt_is_errored() -> None:
    run = one_check().run()
    hollow = msgspec.structs.replace(run.results[0], attempts=())
    verdict = judge(msgspec.structs.replace(run, results=(hollow,)))
    assert verdict.conclusion is Conclusion.INCOMPLETE


def test_a_flaky_test_inside_a_passed_check_is_flaky() -> None:
    records = [*alike("s", 3), TestRecord(id="s::maybe", status=Status.FLAKY, attempts=2)]
    verdict = judge(one_check(RELEASE, tests=records).run())
    assert verdict.reasons[0].condition is Condition.FLAKY
    assert verdict.conclusion is Conclusion.BLOCKED


def test_a_missing_result_a_foreign_result_and_a_doubled_plan_are_incomplete() -> None:
    run = one_check().run()
    foreign = msgspec.structs.replace(
        run.results[0], check=msgspec.structs.replace(run.results[0].check, id="p/foreign")
    )
    for results, words in (
        ((), "p/x has no result"),
        ((run.results[0], foreign), "p/foreign has a result that the plan does not ask for"),
        ((run.results[0], run.results[0]), "p/x has a result that the plan does not ask for"),
    ):
        verdict = judge(msgspec.structs.replace(run, results=results))
        assert verdict.conclusion is Conclusion.INCOMPLETE
        assert any(words in reason.text for reason in verdict.reasons)
    doubled = one_check()
    doubled.checks *= 2
    assert judge(doubled.run()).conclusion is Conclusion.INCOMPLETE


def test_another_journal_format_is_incomplete() -> None:
    builder = one_check()
    events = builder.all_events()
    events[0] = builder.header(schema=99)
    verdict = judge(fold(events))
    assert verdict.conclusion is Conclusion.INCOMPLETE
    assert "format 99/" in verdict.reasons[0].text


def test_a_service_that_died_leaves_the_run_incomplete() -> None:
    builder = one_check()
    builder.service("gateway", "Gateway", at=0.1, until=0.5, died="signal SIGSEGV")
    verdict = judge(builder.run())
    assert verdict.conclusion is Conclusion.INCOMPLETE
    assert 'service "gateway" did not serve to the end: signal SIGSEGV' in verdict.reasons[0].text


@pytest.mark.parametrize("status", [Status.ERRORED, Status.PRECLUDED])
@pytest.mark.parametrize("kind", OverrideKind)
def test_an_override_never_turns_what_gave_no_answer(status: Status, kind: OverrideKind) -> None:
    override = msgspec.structs.replace(WAIVER, kind=kind)
    builder = RunBuilder(IGNORE_ALL)
    builder.check("p/ok")
    if status is Status.ERRORED:
        builder.check("p/x", status, override=override)
    else:
        builder.preclude("p/x", "cut short", override=override)
    verdict = judge(builder.run())
    assert verdict.conclusion is Conclusion.INCOMPLETE
    assert verdict.reasons[0].condition is Condition(status.value)


@pytest.mark.parametrize(
    ("expires", "lifts"),
    [
        ("2026-11-24", True),
        ("2026-11-23", True),
        ("2026-11-22", False),
        ("", False),
        ("never", False),
        ("2027", False),
        ("9999/12/31", False),
        ("tomorrow-x", False),
    ],
)
def test_a_waiver_counts_until_its_last_day_and_a_bad_date_never(expires: str, lifts: bool) -> None:
    override = msgspec.structs.replace(WAIVER, expires=expires)
    verdict = judge(one_check(RELEASE, status=Status.FAILED, override=override).run())
    assert verdict.conclusion is (Conclusion.APPROVED if lifts else Conclusion.BLOCKED)
    if not lifts:
        assert "but only until" in verdict.reasons[0].text


def test_a_waived_failure_is_always_told() -> None:
    verdict = judge(one_check(IGNORE_ALL, status=Status.FAILED, override=WAIVER).run())
    (reason,) = verdict.reasons
    assert reason.effect is Effect.WARN
    for word in (WAIVER.owner, WAIVER.issue, WAIVER.expires, WAIVER.reason):
        assert word in reason.text


def test_a_profile_that_the_run_was_not_planned_with_is_refused() -> None:
    run = one_check().run()
    assert judge(run, profile="release") == judge(run)
    with pytest.raises(UsageError, match='planned with profile "release", not "change"'):
        judge(run, profile="change")


def test_reasons_stand_gravest_first_then_in_the_plans_order() -> None:
    verdict = judge(blocked().run())
    ranks = [list(Effect).index(reason.effect) for reason in verdict.reasons]
    assert ranks == sorted(ranks, reverse=True)
    order = [check.id for check in blocked().checks]
    blocking = [r.check for r in verdict.reasons if r.effect is Effect.BLOCK]
    assert blocking == sorted(blocking, key=order.index)


def test_reasons_are_safe_to_print() -> None:
    builder = one_check(status=Status.FAILED, message="\x1b[31mred\x07 \u202etxt.exe\nsecond")
    assert all(reason.text.isprintable() for reason in judge(builder.run()).reasons)


# Properties

statuses = st.sampled_from(
    ["pass", "fail", "flaky", "error", "preclude", "skip", "lost", "deselect"]
)
effects = st.sampled_from(list(Effect))
profiles = st.builds(
    lambda rules: Profile(about="any", rules=rules),
    st.dictionaries(st.sampled_from(list(Condition)), effects),
)
overrides = st.none() | st.builds(
    Override,
    kind=st.sampled_from(list(OverrideKind)),
    reason=st.just("r"),
    owner=st.just("o"),
    issue=st.just("i"),
    expires=st.sampled_from(["2026-01-01", "2027-01-01", "soon"]),
)
shapes = st.lists(st.tuples(statuses, overrides, st.booleans(), st.booleans()), max_size=6)


def build_run(profile: Profile, shape: list[tuple[str, Override | None, bool, bool]]) -> Run:
    builder = RunBuilder(profile)
    for number, (how, override, advisory, leaks) in enumerate(shape):
        name = f"p/c{number}"
        planned = {"override": override, "advisory": advisory}
        leaked = ("x",) if leaks else ()
        match how:
            case "pass":
                builder.check(name, leaked=leaked, **planned)
            case "fail":
                builder.check(name, Status.FAILED, leaked=leaked, **planned)
            case "flaky":
                builder.check(name, Status.FAILED, **planned)
                builder.check(name, Status.PASSED, attempt=2, leaked=leaked)
            case "error":
                builder.check(name, Status.ERRORED, leaked=leaked, **planned)
            case "preclude":
                builder.preclude(name, "why not", **planned)
            case "skip":
                builder.skip(name, SkipReason.NOT_APPLICABLE, "not here", **planned)
            case "deselect":
                builder.deselect(name)
            case "lost":
                builder.plan(name, **planned)
    return builder.run()


def grave(run: Run) -> int:
    return GRAVITY.index(judge(run).conclusion)


@settings(max_examples=60, deadline=None)
@given(profiles, shapes, overrides, st.booleans())
def test_adding_a_failure_never_improves_a_verdict(
    profile: Profile,
    shape: list[tuple[str, Override | None, bool, bool]],
    override: Override | None,
    advisory: bool,
) -> None:
    # A run that verified nothing is excused: its failure is an answer where there was none.
    before = build_run(profile, [("pass", None, False, False), *shape])
    after = build_run(
        profile, [("pass", None, False, False), *shape, ("fail", override, advisory, False)]
    )
    assert grave(after) >= grave(before)


@settings(max_examples=60, deadline=None)
@given(profiles, shapes, st.data())
def test_turning_a_pass_into_a_failure_never_improves_a_verdict(
    profile: Profile, shape: list[tuple[str, Override | None, bool, bool]], data: st.DataObject
) -> None:
    passes = [number for number, item in enumerate(shape) if item[0] == "pass"]
    if not passes:
        shape, passes = [*shape, ("pass", None, False, False)], [len(shape)]
    chosen = data.draw(st.sampled_from(passes))
    worse = list(shape)
    worse[chosen] = ("fail", *shape[chosen][1:])
    assert grave(build_run(profile, worse)) >= grave(build_run(profile, shape))


@settings(max_examples=60, deadline=None)
@given(profiles, shapes.filter(bool), st.data())
def test_removing_a_result_never_leaves_a_run_approved(
    profile: Profile, shape: list[tuple[str, Override | None, bool, bool]], data: st.DataObject
) -> None:
    chosen = data.draw(st.integers(0, len(shape) - 1))
    less = list(shape)
    less[chosen] = ("lost", *shape[chosen][1:])
    assert judge(build_run(profile, less)).conclusion is not Conclusion.APPROVED
    run = build_run(profile, shape)
    results: tuple[CheckResult, ...] = run.results[:chosen] + run.results[chosen + 1 :]
    gone = msgspec.structs.replace(run, results=results)
    assert judge(gone).conclusion is not Conclusion.APPROVED


@settings(max_examples=60, deadline=None)
@given(profiles.filter(lambda p: bool(p.rules)), shapes, st.sampled_from(Condition), effects)
def test_a_stricter_rule_never_improves_a_verdict(
    profile: Profile,
    shape: list[tuple[str, Override | None, bool, bool]],
    condition: Condition,
    effect: Effect,
) -> None:
    order = list(Effect)
    old = profile.rules.get(condition)
    if old is None or order.index(effect) < order.index(old):
        effect = Effect.BLOCK
    stricter = Profile(about="any", rules={**profile.rules, condition: effect})
    assert grave(build_run(stricter, shape)) >= grave(build_run(profile, shape))


def test_a_change_may_reuse_and_a_release_may_not() -> None:
    builder = one_check(CHANGE, reused_from="run-1")
    assert judge(builder.run()).conclusion is Conclusion.APPROVED
    builder.profile = RELEASE
    assert judge(builder.run()).conclusion is Conclusion.INCOMPLETE
