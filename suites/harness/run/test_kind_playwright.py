"""`playwright`: the report of Playwright 1.65.1 becomes records; anything unsure is no pass."""

from __future__ import annotations

import json

import pytest

from suites.harness.run.node_projects import records, result_file, run_stand_in

NAME = "[plain] > pw.spec.ts > sums > "


def run(world, results, code=1, **more):
    return run_stand_in(
        world, "playwright", results, variable="PLAYWRIGHT_JSON_OUTPUT_FILE", code=code, **more
    )


def report(world, *, only: str = "", **changes) -> str:
    """The report with nothing but one spec in it, when `only` names one."""
    whole = json.loads(result_file("playwright-1.65.1.json", world.root))
    if only:
        inner = whole["suites"][0]["suites"][0]
        inner["specs"] = [spec for spec in inner["specs"] if spec["title"] == only]
        statuses = [test["status"] for spec in inner["specs"] for test in spec["tests"]]
        whole["stats"] |= {
            name: statuses.count(name) for name in ("expected", "unexpected", "flaky", "skipped")
        }
    return json.dumps(whole | changes)


def test_every_test_becomes_a_record(world):
    result = run(world, report(world))

    assert result.status == "failed"
    assert records(result) == {
        NAME + "adds": "passed",
        NAME + "carries": "failed",
        NAME + "divides": "skipped",
        NAME + "settles": "flaky",
        NAME + "must not pass": "failed",
    }
    by_name = {test.id.removeprefix(NAME): test for test in result.tests}
    carries = by_name["carries"]
    assert (carries.file, carries.line, carries.attempts) == ("pw.spec.ts", 9, 2)
    assert carries.message.endswith("| Expected: 11 | Received: 10")
    assert "what the test printed" in carries.output
    assert by_name["settles"].attempts == 2
    assert by_name["divides"].message == "not today"
    assert by_name["must not pass"].message == "passed, where it is expected to fail"


def test_what_a_failing_test_left_behind_is_kept(world):
    left = """
    here="$(dirname "$PLAYWRIGHT_JSON_OUTPUT_FILE")"
    echo seen > "$here/seen.txt"
    sed -i "s|@HERE@|$here|" results.json
    """
    whole = json.loads(report(world, only="carries"))
    [spec] = whole["suites"][0]["suites"][0]["specs"]
    for attempt in spec["tests"][0]["results"]:
        attempt["attachments"] = [{"name": "seen", "path": "@HERE@/seen.txt"}]

    result = run(world, json.dumps(whole, indent=1), after=left)

    [test] = result.tests
    assert [kept.name for kept in test.attachments] == ["seen.txt"]
    assert (world.folder / test.attachments[0].path).read_text() == "seen\n"


@pytest.mark.parametrize(
    ("only", "changes", "code", "options", "status", "said"),
    [
        ("adds", {}, 0, {}, "passed", "1 tests passed"),
        ("settles", {}, 0, {}, "flaky", "1 tests passed"),
        ("adds", {}, 0, {"expect-at-least": 2}, "failed", "1 tests were executed, where at least"),
        ("divides", {}, 0, {}, "failed", "no test was executed: all 1 were skipped"),
        ("adds", {}, 1, {}, "failed", "no test failed, yet Playwright ended with exit 1"),
        ("carries", {}, 0, {}, "errored", "exits 0, yet its report has 1 failures"),
        ("adds", {"errors": [{"message": "the config broke"}]}, 1, {}, "failed",
         "outside of the tests: the config broke"),
        ("adds", {"errors": [{"message": "Error: No tests found"}], "suites": [],
                  "stats": {"expected": 0, "unexpected": 0, "flaky": 0, "skipped": 0}}, 1, {},
         "failed", "no test was executed: Error: No tests found"),
        ("adds", {"stats": {"expected": 9, "unexpected": 0, "flaky": 0, "skipped": 0}}, 0, {},
         "errored", "states 9 tests and holds 1"),
        ("adds", {"stats": None}, 0, {}, "errored", "its result file is damaged"),
    ],
)  # fmt: skip
def test_what_an_end_means(world, only, changes, code, options, status, said):
    result = run(world, report(world, only=only, **changes), code=code, **options)

    assert (result.status.value, said in result.reason) == (status, True), result.reason


def test_no_result_file_is_no_answer(world):
    result = run(world, None, code=0)

    assert (result.status, "it left no result file" in result.reason) == ("errored", True)


def test_an_interrupted_test_did_not_pass(world):
    results = report(world, only="carries").replace('"failed"', '"interrupted"')

    result = run(world, results, code=130)

    assert [test.status.value for test in result.tests] == ["errored"]
    assert result.status == "failed"
