"""What counts as caught: only the failure that was expected, where it was expected."""

from __future__ import annotations

from typing import Any

import pytest

from harness.judge.proof import weigh
from harness.model.fault import Catch, Expectation
from harness.model.result import Finding, Status, TestRecord
from suites.harness.run_builder import RunBuilder

CAUGHT, SURVIVED, UNSURE = Catch.CAUGHT, Catch.SURVIVED, Catch.INCONCLUSIVE


def test(name: str, status: Status = Status.FAILED, message: str = "", **more: Any) -> TestRecord:
    return TestRecord(id=name, status=status, message=message, **more)


test.__test__ = False  # type: ignore[attr-defined]
GOOD = test("a::good", Status.PASSED)


@pytest.mark.parametrize(
    ("expected", "ended", "catch", "says"),
    [
        ({"test": "a::*"}, {"tests": [GOOD, test("a::t")]}, CAUGHT, "a::t failed"),
        ({"test": "a::*"}, {"tests": [GOOD, test("b::t")]}, UNSURE,
         "other tests failed, none that matches a::*: b::t"),
        ({"test": "a::*"}, {"tests": [test(f"b::{n}") for n in range(5)]}, UNSURE,
         "b::0, b::1, b::2 and 2 more"),
        ({"test": "a::*"}, {"message": "exit 2"}, UNSURE, "failed before any test did: exit 2"),
        # Brackets are letters, as in the ids of parametrized tests; ? stands for one of them.
        ({"test": "a::t[x-1]"}, {"tests": [test("a::t[x-1]")]}, CAUGHT, "a::t[x-1] failed"),
        ({"test": "a::t[x-1]"}, {"tests": [test("a::tx")]}, UNSURE, "none that matches"),
        ({"test": "a::t?x-1?"}, {"tests": [test("a::t[x-1]")]}, CAUGHT, "failed"),
        # A test that could not run proves something only by what it says.
        ({"test": "a::*"}, {"tests": [test("a::t", Status.ERRORED, "no module x")]}, UNSURE,
         "other tests failed"),
        ({"test": "a::*", "message": "no module"},
         {"tests": [test("a::t", Status.ERRORED, "no module x")]}, CAUGHT, "said no module"),
        ({"test": "a::*", "message": "4 is"},
         {"tests": [test("a::s", message="5 is"), test("a::t", output="> 4 is not 5")]}, CAUGHT,
         "a::t failed and said 4 is"),
        ({"test": "a::*", "message": "4 is"}, {"tests": [test("a::t", message="5 is")]}, UNSURE,
         "a::t failed, but did not say 4 is: 5 is"),
        # What another test says does not count for the one that is expected.
        ({"test": "a::*", "message": "4 is"},
         {"tests": [test("a::t"), test("b::t", message="4 is")], "output": "4 is"}, UNSURE,
         "did not say"),
        ({"message": "^overflow"}, {"output": "ok\noverflow at 3\n"}, CAUGHT, "said ^overflow"),
        ({"message": "a.c.*unused"},
         {"findings": [Finding(message="unused x", file="src/a.c")]}, CAUGHT, "failed and said"),
        ({"message": "overflow"}, {"message": "exit 1", "output": "fine"}, UNSURE,
         "failed, but nothing in it says overflow: exit 1"),
        ({"message": "."}, {"status": Status.PASSED}, SURVIVED, "the check passed although"),
        ({"message": "."}, {"status": Status.ERRORED, "message": "no compiler"}, UNSURE,
         "the check was errored: no compiler"),
        # A pass that the rest of the result speaks against is no pass.
        ({"message": "never"}, {"status": Status.PASSED, "tests": [test("a::t")]}, UNSURE, ""),
    ],
)  # fmt: skip
def test_only_the_expected_failure_is_a_catch(
    expected: dict[str, str], ended: dict[str, Any], catch: Catch, says: str
) -> None:
    builder = RunBuilder()
    builder.check("p/c", **{"status": Status.FAILED, **ended})
    found, reason = weigh(Expectation(check="p/c", **expected), builder.run().result("p/c"))
    assert (found, says in reason) == (catch, True), reason


def test_what_never_ran_proves_nothing() -> None:
    builder = RunBuilder()
    builder.preclude("p/c", "p/b failed")
    catch, reason = weigh(Expectation(check="p/c", message="."), builder.run().result("p/c"))
    assert (catch, reason) == (UNSURE, "the check was precluded: p/b failed")


def test_a_flaky_failure_proves_nothing() -> None:
    builder = RunBuilder()
    builder.check("p/c", Status.FAILED, output="overflow", retry=1)
    builder.check("p/c", Status.PASSED, attempt=2)
    catch, reason = weigh(Expectation(check="p/c", message="overflow"), builder.run().result("p/c"))
    assert catch is UNSURE
    assert "flaky" in reason
