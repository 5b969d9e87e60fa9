"""`lighthouse`: what Lighthouse 12.8.2 measured becomes records; an unsure score is no pass."""

from __future__ import annotations

import json

import pytest

from suites.harness.run.node_projects import records, result_file, run_node_stand_in

OPTIONS = {
    "url": "http://127.0.0.1:1",
    "routes": [{"path": "/signin"}],
    "at-least": {"performance": 90, "accessibility": 100},
    "form-factors": ["desktop"],
}


def run(world, results, code=0, **changes):
    return run_node_stand_in(
        world,
        "lighthouse",
        results,
        packages=("lighthouse",),
        code=code,
        options={**OPTIONS, **changes},
    )


def measured(world, *runs: dict, form: str = "desktop") -> str:
    """/signin as it was measured as desktop: once, or once with each of these changes."""
    [one] = [
        one
        for one in json.loads(result_file("lighthouse-12.8.2.json", world.root))["measured"]
        if one["form"] == "desktop"
    ]
    [run] = one["runs"]
    made = [run | change for change in runs] if runs else [run]
    return json.dumps({"measured": [{**one, "form": form, "runs": made}]})


def scores(performance: int | None, accessibility: int | None = 100) -> dict:
    return {"scores": {"performance": performance, "accessibility": accessibility}}


def test_every_category_becomes_a_record_with_its_circumstances(world):
    world.write("-signin-desktop-1.html", "<p>the report")

    result = run(world, measured(world))

    assert result.status == "passed"
    assert records(result) == {
        "/signin [desktop] accessibility": "passed",
        "/signin [desktop] performance": "passed",
    }
    by_name = {test.id.rpartition(" ")[2]: test for test in result.tests}
    assert [kept.name for kept in by_name["accessibility"].attachments] == [
        "-signin-desktop-1.html"
    ]
    said = by_name["performance"].output
    assert "scores of 1 runs: 99" in said
    assert "benchmark index" in said
    assert "total-blocking-time" in said
    figures = result.last.outcome.metrics["lighthouse"]["/signin [desktop]"]
    assert figures["scores"] == {"performance": [99], "accessibility": [100]}
    assert len(figures["load"]) == len(figures["benchmark-index"]) == 1


def test_a_page_that_asks_for_what_is_not_there_is_red_in_every_category(world):
    result = run(
        world, result_file("lighthouse-12.8.2.json", world.root), **{"form-factors": ["mobile"]}
    )

    failed = {test.id: test.message for test in result.tests if test.status == "failed"}
    assert failed.keys() == {"/signin [mobile] performance", "/signin [mobile] accessibility"}
    assert all("502 (Bad Gateway)" in message for message in failed.values())


def test_too_low_a_score_names_what_costs_it(world):
    wrong = {"category": "performance", "id": "render-blocking-resources", "title": "Blocked",
             "value": "700 ms", "score": 0.4}  # fmt: skip

    result = run(world, measured(world, {**scores(80), "wrong": [wrong]}))

    assert "80 of 100, where 90 are demanded: render-blocking-resources 700 ms" in result.reason


@pytest.mark.parametrize(
    ("runs", "status"),
    [
        ([scores(80), scores(95)], "passed"),
        ([scores(80), scores(89)], "failed"),
        ([scores(95, 99), scores(95, 100)], "failed"),
        ([scores(95) | {"faults": ["console: broke"]}, scores(95)], "failed"),
        ([scores(95) | {"faults": ["console: broke"]}, scores(70)], "failed"),
        ([scores(None), scores(None)], "failed"),
    ],
    ids=[
        "the best speed counts",
        "never good enough",
        "the worst of anything else counts",
        "a fault in any run counts elsewhere",
        "a broken page is not fast",
        "no score is none",
    ],
)
def test_runs_of_a_busy_machine(world, runs, status):
    result = run(world, measured(world, *runs, form="mobile"), **{"form-factors": ["mobile"]})

    assert result.status.value == status, result.reason


@pytest.mark.parametrize(
    ("options", "code", "status", "said"),
    [
        ({"routes": [{"path": "/signin"}, {"path": "/more"}]}, 0, "failed",
         "nobody measured /more as desktop"),
        ({"form-factors": ["desktop", "mobile"]}, 0, "failed", "nobody measured /signin as mobile"),
        ({}, 1, "errored", "measured every page, yet exit 1"),
        ({"routes": [{"path": "/", "as": "nobody"}]}, 0, "errored", "no session is called"),
    ],
)  # fmt: skip
def test_what_is_not_a_pass(world, options, code, status, said):
    result = run(world, measured(world), code=code, **options)

    assert (result.status.value, said in result.reason) == (status, True), result.reason


@pytest.mark.parametrize("results", [None, "", "{", '{"measured": [{}]}'])
def test_no_whole_result_file_is_no_answer(world, results):
    assert run(world, results).status == "errored"


def test_it_must_be_installed(world):
    result = run_node_stand_in(world, "lighthouse", None, packages=(), code=0, options=OPTIONS)

    assert "lighthouse is not installed in ./node_modules; run `npm ci` in ." in result.reason
