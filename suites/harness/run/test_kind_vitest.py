"""`vitest`: what Vitest 4.1.12 told our reporter becomes records; anything unsure is no pass."""

from __future__ import annotations

import json

import pytest

from suites.harness.run.node_projects import records, result_file, run_stand_in
from suites.harness.run.worlds import check, only


def run(world, results, code=1, **more):
    return run_stand_in(
        world, "vitest", results, variable="RELEASE_MANAGER_RESULTS", code=code, **more
    )


def told(world, **changes) -> str:
    """A run whose tests all passed, with some of what Vitest said changed."""
    whole = json.loads(result_file("vitest-4.1.12.json", world.root))
    tests = [test for test in whole["tests"] if test["name"] == "sums > adds"]
    return json.dumps(
        {**whole, "reason": "passed", "tests": tests, "broken": [], "unhandled": []} | changes
    )


def test_every_test_becomes_a_record(world):
    result = run(world, result_file("vitest-4.1.12.json", world.root))

    assert result.status == "failed"
    assert records(result) == {
        "src/sums.test.js > hooked": "failed",
        "src/broken.test.js": "failed",
        "src/sums.test.js > sums > adds": "passed",
        "src/sums.test.js > sums > carries": "failed",
        "src/sums.test.js > sums > divides": "skipped",
        "src/sums.test.js > sums > multiplies": "skipped",
        "src/sums.test.js > settles": "flaky",
        "src/sums.test.js > hooked > never gets to run": "skipped",
        "src/unhandled.test.js > leaves a rejection behind": "passed",
    }
    assert "an error that no test caught: nobody caught this" in result.reason


def test_a_failure_names_its_place_and_shows_the_difference(world):
    result = run(world, result_file("vitest-4.1.12.json", world.root))

    failed = next(test for test in result.tests if test.id.endswith("carries"))
    assert (failed.file, failed.line) == ("src/sums.test.js", 5)
    assert failed.message == "expected { sum: 10 } to deeply equal { sum: 11 }"
    assert '-   "sum": 11,' in failed.output
    hook = next(test for test in result.tests if test.id.endswith("> hooked"))
    assert (hook.message, hook.line) == ("the hook broke", 17)
    broken = next(test for test in result.tests if test.id == "src/broken.test.js")
    assert "nowhere.js" in broken.message
    flaky = next(test for test in result.tests if test.status == "flaky")
    assert flaky.attempts == 2


def test_a_suite_in_a_folder_is_named_from_there_and_placed_from_the_root(world):
    results = told(world).replace(f"{world.root}/", f"{world.root}/web/")
    world.write("web/package.json", "{}")
    world.write("web/results.json", results)

    result = run(world, results, code=0, cwd="web")

    assert [(test.id, test.file) for test in result.tests] == [
        ("src/sums.test.js > sums > adds", "web/src/sums.test.js")
    ]


def test_a_passing_suite_passes(world):
    result = run(world, told(world), code=0)

    assert (result.status, result.reason) == ("passed", "1 tests passed")


@pytest.mark.parametrize(
    ("changes", "code", "options", "status", "said"),
    [
        ({"tests": []}, 0, {}, "failed", "no test was executed"),
        ({"tests": []}, 1, {}, "failed", "no test was executed"),
        ({}, 0, {"expect-at-least": 2}, "failed", "1 tests were executed, where at least 2"),
        ({}, 1, {}, "failed", "no test failed, yet Vitest ended with exit 1"),
        ({"reason": "interrupted"}, 1, {}, "failed", "Vitest was interrupted"),
        (
            {"unhandled": [{"message": "lost", "name": "", "stack": "", "diff": "", "places": []}]},
            0,
            {},
            "errored",
            "exits 0, yet its results tell of failures",
        ),
        ({"reason": "unheard of"}, 0, {}, "errored", "its result file is damaged"),
        ({"tests": None}, 0, {}, "errored", "its result file is damaged"),
    ],
)
def test_what_is_not_a_pass(world, changes, code, options, status, said):
    result = run(world, told(world, **changes), code=code, **options)

    assert (result.status.value, said in result.reason) == (status, True), result.reason


def test_a_test_that_never_ended_did_not_pass(world):
    results = told(world).replace('"passed", "note"', '"pending", "note"')

    result = run(world, results, code=1)

    assert (result.status, "it never ended" in result.reason) == ("failed", True)


def test_no_result_file_is_no_answer(world):
    result = run(world, None, code=0)

    assert result.status == "errored"
    assert "it left no result file" in result.reason
    assert result.reason.endswith("it last said: this went wrong")


def test_what_is_not_installed_says_what_to_run(world):
    world.write("web/package.json", "{}")

    result = only(world.run(check("t", kind="vitest", options={"cwd": "web"})))

    assert result.status == "errored"
    assert "vitest is not installed in web/node_modules; run `npm ci` in web" in result.reason
