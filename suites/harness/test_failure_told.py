"""What reports say of a failure: its class, its own place, and how to have it again."""

from __future__ import annotations

import msgspec
import pytest

from harness.judge import judge
from harness.judge.observe import observe
from harness.model.result import Failure, Finding, Severity, Status, TestRecord
from harness.model.run import fold
from harness.report import as_ctrf, as_html, as_junit, as_sarif, as_summary, build
from harness.report.sections import FINAL
from harness.report.shape import View
from suites.harness.run_builder import RunBuilder

FAILED = Status.FAILED


def view_of(builder: RunBuilder) -> View:
    run = builder.run()
    return build(run, judge(run))


@pytest.mark.parametrize("failure", Failure)
def test_a_failure_that_is_never_retried_says_which_it_is(
    failure: Failure, templates: dict[str, str]
) -> None:
    builder = RunBuilder()
    builder.check("p/x", FAILED, message="broken", failure=failure)
    builder.check("p/plain", FAILED, message="broken")
    view = view_of(builder)
    said = f"{FINAL[failure]}, never retried"
    assert as_html(view, templates).count(said) == 1
    assert as_summary(view).count(f"`p/x` · failed, 1.0 s · {said}") == 1
    assert as_junit(view).decode().count(f'name="failure-class" value="{failure.value}"') == 1
    classes = [one["properties"].get("failure")
               for one in msgspec.json.decode(as_sarif(view))["runs"][0]["results"]]  # fmt: skip
    assert classes == [failure.value, None]
    cases = msgspec.json.decode(as_ctrf(view))["results"]["tests"]
    assert [one["extra"].get("failure") for one in cases[:2]] == [failure.value, None]


def test_the_class_of_an_earlier_attempt_is_the_checks_too() -> None:
    builder = RunBuilder()
    builder.check("p/x", FAILED, message="race", failure=Failure.RACE)
    builder.check("p/x", attempt=2)
    check = view_of(builder).checks()["p/x"]
    assert check.failure is Failure.RACE
    assert check.earlier[0].failure is Failure.RACE


@pytest.mark.parametrize(
    ("planned", "seed", "command"),
    [
        ({}, None, "release-manager verify p/x"),
        ({"repeat": 20}, None, "release-manager verify p/x --repeat 20"),
        ({"retry": 2}, 0, "release-manager verify p/x --retry 2 --seed 0"),
        ({"repeat": 3}, 7, "release-manager verify p/x --repeat 3 --seed 7"),
    ],
)
def test_the_command_repeats_the_run_as_it_was(
    planned: dict[str, int], seed: int | None, command: str
) -> None:
    builder = RunBuilder()
    builder.check("p/x", FAILED, message="broken", **planned)
    header, *events = builder.all_events()
    plan = msgspec.structs.replace(header.plan, seed=seed)
    run = fold([msgspec.structs.replace(header, plan=plan), *events])
    assert build(run, judge(run)).checks()["p/x"].reproduce == command


def placed(message: str, findings: list[Finding], tests: list[TestRecord] | None = None) -> str:
    """What follows the check's name in its reason."""
    builder = RunBuilder()
    builder.check("p/x", FAILED, message=message, findings=findings, tests=tests or [])
    (seen,) = observe(builder.run().result("p/x"), "2026-11-23")
    return seen.text.removeprefix("p/x failed: ")


WARNING = Finding(message="unused", severity=Severity.WARNING, file="x.c", line=1, column=2)
ERROR = Finding(message="undeclared", file="y.c", line=3, column=9)


@pytest.mark.parametrize(
    ("message", "findings", "said"),
    [
        ("1 error", [WARNING, ERROR], "1 error (y.c:3:9)"),
        ("the build broke: y.c:3: undeclared", [WARNING, ERROR],
         "the build broke: y.c:3: undeclared (y.c:3:9)"),
        ("1 warning: x.c:1: unused", [ERROR, WARNING], "1 warning: x.c:1: unused (x.c:1:2)"),
        ("at y.c:3:9", [WARNING, ERROR], "at y.c:3:9"),
        ("broken", [Finding(message="whole file", file="z")], "broken (z)"),
        ("broken", [], "broken (defined at phases/p.yaml:8:5)"),
    ],
)  # fmt: skip
def test_the_place_is_that_of_what_is_told(
    message: str, findings: list[Finding], said: str
) -> None:
    assert placed(message, findings) == said


def test_the_place_of_a_test_is_that_of_the_test_that_is_told() -> None:
    tests = [
        TestRecord(id=f"t::{name}", status=FAILED, message=f"{name} broke", file="t.py", line=line)
        for name, line in (("a", 1), ("b", 2))
    ]
    assert placed("t::b failed: b broke", [WARNING], tests) == "t::b failed: b broke (t.py:2)"
    assert placed("2 tests failed", [WARNING], tests) == "2 tests failed (t.py:1)"
