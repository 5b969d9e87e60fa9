"""`axe`: what axe-core 4.13.0 found on real pages becomes records; what nobody saw is no pass."""

from __future__ import annotations

import json

import pytest

from suites.harness.run.node_projects import records, result_file, run_node_stand_in

KEYS = {
    "path": "/keys",
    "as": "member",
    "states": [{"name": "forbidden", "answers": [{"url": "**/api/keys", "status": 403}]}],
}
SESSIONS = {"member": {"path": "/signin", "steps": [{"click": "role=button"}]}}
OPTIONS = {"url": "http://127.0.0.1:1", "sessions": SESSIONS, "routes": [KEYS]}


def run(world, results, code=0, **changes):
    return run_node_stand_in(
        world,
        "axe",
        results,
        packages=("@axe-core/playwright",),
        code=code,
        options={**OPTIONS, **changes},
    )


def found(world, *, clean: bool, **changes) -> str:
    """What was found on /keys; with `clean` without the page that has a violation."""
    looks = json.loads(result_file("axe-4.13.0.json", world.root))["looks"]
    looks = [look for look in looks if look["route"] == "/keys"]
    if clean:
        looks = [look | changes for look in looks if not look["violations"]]
    return json.dumps({"looks": looks})


def test_every_page_becomes_a_record_and_every_violated_rule_one(world):
    result = run(world, found(world, clean=False))

    assert result.status == "failed"
    assert records(result) == {
        "/keys [member, light]": "passed",
        "/keys [member, dark]": "passed",
        "/keys [member, forbidden, light]": "passed",
        "/keys [member, forbidden, dark] color-contrast": "failed",
    }
    [failed] = [test for test in result.tests if test.status == "failed"]
    assert failed.message.startswith(
        "Elements must meet minimum color contrast ratio thresholds: ."
    )
    assert "insufficient color contrast of 1.03" in failed.output


def test_the_picture_of_a_page_that_fails_is_kept(world):
    world.write("seen.png", "a picture")

    result = run(world, found(world, clean=False))

    [failed] = [test for test in result.tests if test.status == "failed"]
    assert [kept.name for kept in failed.attachments] == ["seen.png"]


def test_a_state_that_was_not_reached_is_red(world):
    looks = result_file("axe-4.13.0.json", world.root)
    route = {"path": "/keys/new", "as": "member", "states": [{"name": "key refused"}]}

    result = run(world, looks, routes=[{**route, "only-states": True}])

    broken = next(test for test in result.tests if test.id.startswith("/keys/new"))
    assert (broken.status, "step fill: label=/key$/" in broken.message) == ("failed", True)


@pytest.mark.parametrize(
    ("changes", "code", "options", "status", "said"),
    [
        ({}, 0, {}, "passed", "3 tests passed"),
        ({"rules": 0}, 0, {}, "failed", "axe had nothing to look at: the page is empty"),
        ({"faults": ["console: it broke"]}, 0, {}, "failed", "console: it broke"),
        ({"faults": ["404 for http://x/y"]}, 0, {}, "failed", "404 for http://x/y"),
        ({}, 0, {"expect-at-least": 4}, "failed", "3 tests were executed, where at least 4"),
        ({}, 0, {"routes": [KEYS, {"path": "/more"}]}, "failed", "nobody looked at /more"),
        ({}, 1, {}, "errored", "looked at every page, yet exit 1"),
        ({"violations": None}, 0, {}, "errored", "its result file is damaged"),
    ],
)
def test_what_an_end_means(world, changes, code, options, status, said):
    result = run(world, found(world, clean=True, **changes), code=code, **options)

    assert (result.status.value, said in result.reason) == (status, True), result.reason


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"sessions": {}}, "no session is called 'member'"),
        ({"sessions": {"member": {"steps": [{"value": "x"}]}}}, "step 1 of session 'member' has"),
        ({"routes": [{"path": "/", "only-states": True}]}, "has `only-states` and no states"),
        ({"routes": [{**KEYS, "states": [{"name": "n", "steps": [{"click": "a", "press": "b"}]}]}]},
         "step 1 of state 'n' of /keys has none or several"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_says_why(world, options, said):
    result = run(world, None, **options)

    assert (result.status, said in result.reason) == ("errored", True), result.reason


def test_no_result_file_is_no_answer(world):
    result = run(world, None)

    assert (result.status, "it left no result file" in result.reason) == ("errored", True)
