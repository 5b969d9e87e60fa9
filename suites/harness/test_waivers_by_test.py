"""Overrides of single tests: what they lift, what they never lift, and what they must say."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.judge import judge
from harness.judge.observe import observe
from harness.model.history import PastCheck, PastTest
from harness.model.plan import Plan
from harness.model.result import (
    Conclusion,
    Failure,
    Finding,
    Override,
    OverrideKind,
    Severity,
    Status,
    TestRecord,
    Verdict,
)
from harness.model.spec import Condition, Position
from harness.plan import Selection, make_plan, show
from harness.plan.release import clean_passes, ends_by_passing, with_clean_passes
from harness.report import as_ctrf, as_html, as_junit, as_sarif, as_summary, build
from harness.run.kinds.counting import conclude_tests
from suites.harness.loading import host, load_files
from suites.harness.projects import Project, make_project, phase
from suites.harness.run_builder import CHANGE, WAIVER, RunBuilder
from suites.harness.test_load_waivers import CHECKS, entry

PASSED, FAILED, FLAKY = Status.PASSED, Status.FAILED, Status.FLAKY
TODAY = "2026-11-23"


def waived(test: str, **changes: Any) -> Override:
    place = Position(file="phases/waivers.yaml", line=7, column=5)
    return msgspec.structs.replace(WAIVER, **{"test": test, "position": place, **changes})


def quarantined(test: str, **changes: Any) -> Override:
    return waived(test, kind=OverrideKind.QUARANTINED, **changes)


def records_of(**ends: Status) -> list[TestRecord]:
    return [
        TestRecord(id=f"t.py::{name}", status=status, message=f"{name} broke", file="t.py", line=9)
        for name, status in ends.items()
    ]


def builder(
    records: list[TestRecord], *overrides: Override, status: Status = FAILED, **changes: Any
) -> RunBuilder:
    made = RunBuilder(CHANGE)
    made.check("p/ok")
    made.check(
        "p/x",
        status,
        **{"message": "broken", "only_tests": True, **changes},
        tests=records,
        test_overrides=overrides,
    )
    return made


def verdict(records: list[TestRecord], *overrides: Override, **changes: Any) -> Verdict:
    return judge(builder(records, *overrides, **changes).run())


def test_a_failure_of_waived_tests_alone_is_waived() -> None:
    said = verdict(records_of(a=PASSED, b=FAILED, c=FAILED), waived("t.py::[bc]"), waived("*::?"))
    assert said.conclusion is Conclusion.APPROVED
    (reason, nothing) = said.reasons
    assert reason.condition is Condition.WAIVED
    assert reason.text == (
        "p/x failed, t.py::b, t.py::c waived until 2026-12-31 by Ada Lovelace"
        " (PROJ-142: the vendor's fix ships next week): b broke (t.py:9)"
    )
    assert "t.py::[bc] of p/x is waived" in nothing.text  # brackets are letters
    assert "matches nothing" in nothing.text


def test_each_override_that_was_needed_is_told_by_its_own_condition() -> None:
    of_b = quarantined("*::b", owner="Grace")
    said = verdict(records_of(a=FAILED, b=FAILED), waived("*::a"), of_b)
    assert [one.condition for one in said.reasons] == [Condition.WAIVED, Condition.QUARANTINED]
    assert "t.py::b quarantined until 2026-12-31 by Grace" in said.reasons[1].text


def test_a_failing_test_that_nobody_answers_for_blocks_and_is_named() -> None:
    said = verdict(records_of(a=FAILED, b=FAILED, c=FAILED), waived("*::a"))
    assert said.conclusion is Conclusion.BLOCKED
    (reason,) = said.reasons
    assert reason.condition is Condition.FAILED
    assert reason.text.endswith("; no override covers t.py::b, t.py::c")


def test_many_uncovered_tests_are_counted_not_listed() -> None:
    records = records_of(**{f"n{number}": FAILED for number in range(9)})
    assert verdict(records, waived("*::n0")).reasons[0].text.endswith("t.py::n5 and 3 more")


@pytest.mark.parametrize("silent", [Status.ERRORED, Status.PRECLUDED])
def test_a_test_that_gave_no_answer_is_never_lifted(silent: Status) -> None:
    said = verdict(records_of(a=FAILED, b=silent), waived("*"))
    assert said.conclusion is Conclusion.BLOCKED
    assert "no override can cover t.py::b, which gave no answer" in said.reasons[0].text


@pytest.mark.parametrize("status", [Status.ERRORED, Status.PRECLUDED])
def test_a_check_that_gave_no_answer_is_never_lifted(status: Status) -> None:
    if status is Status.ERRORED:
        said = verdict(records_of(a=FAILED), waived("*"), status=status)
    else:
        made = RunBuilder(CHANGE)
        made.check("p/ok")
        made.preclude("p/x", "cut short", test_overrides=(waived("*"),))
        said = judge(made.run())
    assert said.conclusion is Conclusion.INCOMPLETE
    assert all("matches nothing" not in one.text for one in said.reasons)


@pytest.mark.parametrize(
    ("beyond", "word"),
    [
        ({"only_tests": False, "message": "binary b died"}, "binary b died"),
        ({"failure": Failure.CRASH}, "crash"),
        ({"failure": Failure.SANITIZER}, "sanitizer"),
        ({"findings": [Finding(message="wrong size")]}, "wrong size"),
    ],
)
def test_what_no_failing_test_explains_is_not_lifted(beyond: dict[str, Any], word: str) -> None:
    said = verdict(records_of(a=FAILED), waived("*::a"), **beyond)
    assert said.conclusion is Conclusion.BLOCKED
    assert "the overrides of t.py::a do not lift it, for more is wrong: " in said.reasons[0].text
    assert said.reasons[0].text.endswith(word)


def test_a_warning_beside_the_failing_test_is_nothing_more_wrong() -> None:
    findings = [Finding(message="unused", severity=Severity.WARNING)]
    said = verdict(records_of(a=FAILED), waived("*::a"), findings=findings)
    assert said.conclusion is Conclusion.APPROVED


def test_a_failure_without_a_failing_test_is_not_lifted() -> None:
    said = verdict(records_of(a=PASSED), waived("*"), only_tests=False, message="exit 3")
    assert said.conclusion is Conclusion.BLOCKED


def test_flaky_tests_are_lifted_however_they_were_tried_again() -> None:
    assert verdict(records_of(a=FLAKY), quarantined("*::a"), status=FLAKY).reasons[0].condition is (
        Condition.QUARANTINED
    )
    made = builder(records_of(a=FAILED), quarantined("*::a"))
    made.check("p/x", PASSED, attempt=2, tests=records_of(a=PASSED))
    said = judge(made.run())
    assert said.reasons[0].condition is Condition.QUARANTINED
    made.check("p/x", FAILED, attempt=3, tests=records_of(b=FAILED), only_tests=True)
    assert "no override covers t.py::b" in judge(made.run()).reasons[0].text


@pytest.mark.parametrize("advisory", [False, True])
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"expires": "2026-11-22"}, "*::a is waived by Ada Lovelace (PROJ-142), but only until"),
        ({"release_after": 3, "clean_passes": 3}, "but 3 clean passes: released; remove the entry"),
    ],
)
def test_an_override_of_tests_that_is_over_lifts_nothing(
    advisory: bool, changes: dict[str, Any], words: str
) -> None:
    said = verdict(records_of(a=FAILED), waived("*::a", **changes), advisory=advisory)
    assert said.conclusion is Conclusion.BLOCKED
    (reason,) = said.reasons  # said once, with the failure
    assert words in reason.text
    assert "no override covers t.py::a" in reason.text


def test_an_override_of_tests_that_is_over_must_go_when_they_pass() -> None:
    over = waived("*::a", expires="2026-11-22")
    said = verdict(records_of(a=PASSED, b=FAILED), over, waived("*::b"))
    assert said.conclusion is Conclusion.APPROVED
    assert said.reasons[1].text == (
        "*::a of p/x is waived by Ada Lovelace (PROJ-142), but only until 2026-11-22, and it"
        " passes: remove it (phases/waivers.yaml:7:5)"
    )


def test_one_that_is_over_is_told_also_where_another_lifts_the_failure() -> None:
    said = verdict(records_of(a=FAILED), waived("*::a", expires="2026-11-22"), waived("t.py::a"))
    assert said.conclusion is Conclusion.APPROVED
    assert "only until 2026-11-22, so that lifts nothing any more" in said.reasons[1].text


def test_its_end_is_announced() -> None:
    said = verdict(records_of(a=FAILED), waived("*::a", expires="2026-11-25"))
    assert "*::a of p/x is waived by Ada Lovelace (PROJ-142) for 2 days more" in (
        said.reasons[1].text
    )


@pytest.mark.parametrize("status", [PASSED, FAILED])
def test_an_override_that_matches_no_test_says_so(status: Status) -> None:
    said = verdict(records_of(a=status, b=status), waived("*::gone"), status=status)
    text = said.reasons[-1].text
    assert text == (
        "*::gone of p/x is waived by Ada Lovelace (PROJ-142), but matches nothing: none of its"
        " 2 tests is called so; correct it or remove it (phases/waivers.yaml:7:5)"
    )
    text = verdict([], waived("*"), status=PASSED).reasons[-1].text
    assert "matches nothing: it reports no tests; correct it or remove it (phases/" in text


def test_what_a_crash_kept_from_being_told_is_not_said_to_match_nothing() -> None:
    said = verdict(records_of(a=FAILED), waived("*::b"), failure=Failure.CRASH)
    assert all("matches nothing" not in one.text for one in said.reasons)


def test_the_clean_pass_that_releases_tests_is_announced_also_in_a_failing_check() -> None:
    given_ = quarantined("*::a", release_after=3, clean_passes=2)
    said = verdict(records_of(a=PASSED, b=FAILED), given_)
    assert "with this run 3 clean passes: released from the next on" in said.reasons[1].text


@settings(deadline=None, max_examples=60)
@given(
    st.dictionaries(st.sampled_from("abcd"), st.sampled_from(Status), min_size=1),
    st.lists(st.sampled_from(["*::a", "*::b", "t.py::?", "*", "*::gone"]), max_size=3),
    st.booleans(),
)
def test_nothing_is_lifted_that_is_not_covered(
    ends: dict[str, Status], globs: list[str], only_tests: bool
) -> None:
    records, given_ = records_of(**ends), [waived(glob) for glob in globs]
    made = builder(records, *given_, only_tests=only_tests)
    (seen, *_) = observe(made.run().result("p/x"), TODAY)
    bad = [one for one in records if one.status not in (PASSED, Status.SKIPPED)]
    lifted = all(
        one.status in (FAILED, FLAKY) and any(each.covers(one.id) for each in given_) for one in bad
    )
    assert (seen.condition is Condition.WAIVED) == (bool(bad) and lifted and only_tests)


@pytest.mark.parametrize(
    ("ends", "more", "only_tests"),
    [
        ({"a": FAILED, "b": PASSED}, {}, True),
        ({"a": FLAKY}, {}, True),
        ({"a": PASSED}, {}, False),
        ({"a": FAILED}, {"at_least": 2}, False),
        ({"a": FAILED}, {"also_wrong": "b died"}, False),
        ({"a": FAILED}, {"findings": (Finding(message="leak"),)}, False),
        ({"a": PASSED}, {"also_wrong": "b died"}, False),
    ],
)
def test_kinds_say_whether_their_tests_tell_it_all(
    ends: dict[str, Status], more: dict[str, Any], only_tests: bool
) -> None:
    outcome = conclude_tests(records_of(**ends), **{"at_least": 1, **more})
    assert outcome.only_tests is only_tests
    if FAILED in ends.values() and not only_tests:
        assert outcome.message.startswith("t.py::a failed: a broke; ")  # neither hides the other


# -- clean passes -------------------------------------------------------------------------------


def past(status: Status, **ends: Status) -> PastCheck:
    return PastCheck(
        status=status, tests={f"t.py::{name}": PastTest(status=end) for name, end in ends.items()}
    )


@pytest.mark.parametrize(
    ("ends", "count"),
    [
        ([past(PASSED, a=PASSED), past(FAILED, a=PASSED, b=FAILED)], 2),
        ([past(PASSED, a=PASSED), past(FAILED, a=FAILED, b=PASSED)], 0),
        ([past(PASSED, a=PASSED), past(PASSED, b=PASSED), past(PASSED, a=Status.SKIPPED)], 1),
        ([past(PASSED, a=PASSED), past(FAILED)], 0),  # it may have kept the test from being told
        ([past(FLAKY, a=PASSED, b=FLAKY), past(FLAKY, a=PASSED, b=PASSED)], 0),
        ([past(FLAKY, a=PASSED, b=FLAKY)], 1),
        ([past(PASSED, a=PASSED)] * 3 + [past(FAILED, a=FAILED)], 3),
    ],
)
def test_clean_passes_are_those_of_the_tests(ends: list[PastCheck], count: int) -> None:
    assert clean_passes(quarantined("*::a", release_after=3), ends) == count


# -- from the file to the plan ------------------------------------------------------------------


def plan(waivers: str) -> Plan:
    return make_plan(
        load_files(p=CHECKS, waivers=waivers),
        project="Sample",
        host=host(),
        selection=Selection(),
        profile="change",
    )


def test_the_plan_holds_the_overrides_of_tests_beside_that_of_the_check() -> None:
    text = (
        "schema: 1\nwaivers:\n"
        + entry("p/many[3.12,true]", test="'*::one'")
        + entry("p/many", test="'*::two'", scope="[change]")
        + entry("p/one")
        + "quarantine:\n"
        + entry("p/many", test="'*::three'")
        + entry("p/many", test="'*::four'", scope="[release]")
    )
    made = plan(text)
    globs = {one.id: [given_.test for given_ in one.test_overrides] for one in made.checks}
    assert globs["p/many[3.12,true]"] == ["*::one", "*::two", "*::three"]
    assert globs["p/many[3.11,true]"] == ["*::two", "*::three"]
    assert globs["p/one"] == []
    assert ends_by_passing(made)
    counted = with_clean_passes(made, lambda _check, _day: [past(PASSED, three=PASSED)])
    found = {one.id: [given_.clean_passes for given_ in one.overrides] for one in counted.checks}
    assert found["p/many[3.12,true]"] == [0, 0, 1]
    shown = show.as_text(counted)
    assert "        *::two waived until 2026-06-30 by Ada (A-1): It is known\n" in shown
    assert "        1 of 10 clean passes to its release\n" in shown
    assert msgspec.json.decode(show.as_json(counted), type=Plan) == counted


# -- reports ------------------------------------------------------------------------------------


def test_every_report_tells_of_them(templates: dict[str, str]) -> None:
    made = builder(
        records_of(a=FAILED, b=PASSED),
        waived("*::a"),
        waived("t.py::a"),
        quarantined("*::<b>*", owner="Grace <i>", expires="2026-11-22"),
    )
    run = made.run()
    view = build(run, judge(run))
    page = as_html(view, templates)
    part = page.partition('id="overrides"')[2].partition("</section>")[0]
    for word in ("tests <code>*::a</code>: 1 failed", "waived until 2026-12-31", "PROJ-142",
                 "tests <code>*::&lt;b&gt;*</code>: none", "over, lifts nothing", "Grace &lt;i&gt;",
                 "phases/waivers.yaml:7:5"):  # fmt: skip
        assert word in part, word
    assert "<strong>Waived</strong> tests <code>*::a</code> until 2026-12-31 by Ada" in page
    assert page.count('<span class="how">tests waived</span>') == 1  # once, however many there are
    assert page.count('<span class="how">tests quarantined, over</span>') == 1
    summary = as_summary(view)
    assert "- `p/x` (failed) tests `*::a` (1 failed) waived until 2026-12-31 by Ada" in summary
    assert "(none) quarantined until 2026-11-22 (over, lifts nothing) by Grace" in summary
    assert "<i>" not in summary
    junit = as_junit(view).decode()
    assert 'name="waived-tests" value="*::a: Ada Lovelace, until 2026-12-31: ' in junit
    (case,) = [
        one for one in msgspec.json.decode(as_ctrf(view))["results"]["tests"] if one["name"] == "a"
    ]
    assert case["extra"]["override"]["owner"] == "Ada Lovelace"


def test_only_the_lifted_test_is_suppressed_in_sarif() -> None:
    findings = [Finding(message="unused", severity=Severity.WARNING, file="x.c", line=3)]
    run = builder(records_of(a=FAILED), waived("*"), findings=findings).run()
    results = msgspec.json.decode(as_sarif(build(run, judge(run))))["runs"][0]["results"]
    suppressed = {one["message"]["text"]: "suppressions" in one for one in results}
    assert suppressed == {"t.py::a: a broke": True, "unused": False}


# -- through the command line -------------------------------------------------------------------

SUITE = """\
import os

def test_good():
    pass

def test_bad():
    assert os.path.exists("mended"), "not mended"
"""


def project(root: Path, glob: str) -> Project:
    today = datetime.datetime.now(datetime.UTC).date()
    waivers = (
        "schema: 1\nwaivers:\n  - check: p/unit\n"
        f"    test: '{glob}'\n    reason: Vendor fix pending\n    owner: Ada\n    issue: A-7\n"
        f"    created: {today}\n    scope: all\n"
        f"    expires: {today + datetime.timedelta(days=90)}\n"
    )
    unit = (
        "  - id: unit\n    title: Unit\n    uses: pytest\n"
        "    with: { path: test_it.py, args: [-p, no:cacheprovider] }\n"
    )
    made = make_project(root, "", waivers=waivers)
    made.write("phases/p.yaml", phase(unit))
    made.write("test_it.py", SUITE)
    return made


def test_through_the_command_line(tmp_path: Path) -> None:
    done = project(tmp_path, "test_it.py::*_bad").run("verify")
    assert done.code == 0, done.text
    assert "p/unit failed, test_it.py::test_bad waived until" in done.out
    assert "waived        test_it.py::*_bad of p/unit until" in done.out
