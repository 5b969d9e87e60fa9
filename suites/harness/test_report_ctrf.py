"""CTRF: true to its own schema, honest about what its five statuses cannot say."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness.judge import judge
from harness.model.result import Attachment, SkipReason, Status, TestRecord
from harness.report import as_ctrf, as_junit, build
from harness.report.shape import View
from suites.harness.run_builder import RunBuilder, alike
from suites.harness.sample_extremes import HOSTILE, hostile, large
from suites.harness.sample_runs import approved, blocked, incomplete

SCHEMA = json.loads((Path(__file__).parent / "assets" / "ctrf-0.0.schema.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft7Validator(SCHEMA, format_checker=jsonschema.FormatChecker())


def view_of(builder: RunBuilder, **how: object) -> View:
    run = builder.run(**how)  # type: ignore[arg-type]
    return build(run, judge(run))


def ctrf_of(builder: RunBuilder, **how: object) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(as_ctrf(view_of(builder, **how)))
    VALIDATOR.validate(document)
    return document


def listed(builder: RunBuilder, **how: object) -> list[dict[str, Any]]:
    tests: list[dict[str, Any]] = ctrf_of(builder, **how)["results"]["tests"]
    return tests


@pytest.mark.parametrize("example", [approved, blocked, incomplete])
def test_ctrf_is_as_agreed(
    example: Callable[[], RunBuilder], golden: Callable[[str, bytes], None]
) -> None:
    golden(f"{example.__name__}.ctrf.json", as_ctrf(view_of(example())))


@pytest.mark.parametrize(
    ("builder", "how"),
    [
        (approved(), {}),
        (blocked(), {}),
        (incomplete(), {}),
        (incomplete(), {"finished": False}),
        (incomplete(), {"interrupted": "SIGINT"}),
        (hostile(), {}),
        (large(50, 4, failed=9), {}),
        (RunBuilder(), {}),
    ],
)
def test_the_official_schema_holds_and_counts_are_of_what_is_listed(
    builder: RunBuilder, how: dict[str, Any]
) -> None:
    results = ctrf_of(builder, **how)["results"]
    summary, found = results["summary"], Counter(test["status"] for test in results["tests"])
    for status in ("passed", "failed", "skipped", "pending", "other"):
        assert summary[status] == found[status]
    assert summary["tests"] == len(results["tests"]) == found.total()
    assert summary["flaky"] == sum(test.get("flaky", False) for test in results["tests"])
    assert summary["stop"] - summary["start"] == summary["duration"]


def test_the_schema_would_notice_a_word_that_ctrf_does_not_know() -> None:
    document = ctrf_of(approved())
    document["results"]["tests"][0]["status"] = "errored"
    assert not VALIDATOR.is_valid(document)


@pytest.mark.parametrize("builder", [approved(), blocked(), incomplete(), hostile()])
def test_ctrf_and_junit_hold_the_same_cases(builder: RunBuilder) -> None:
    view = view_of(builder)
    assert as_junit(view).count(b"<testcase ") == len(json.loads(as_ctrf(view))["results"]["tests"])


def test_what_is_not_a_pass_is_never_written_as_one() -> None:
    builder = RunBuilder()
    builder.check("p/errored", Status.ERRORED, message="no compiler")
    builder.preclude("p/precluded", "cut short")
    builder.skip("p/skipped", SkipReason.NOT_APPLICABLE, "not on this host")
    builder.check("p/crashed", Status.FAILED, message="crashed at exit", tests=alike("s", 1))
    found = {test["suite"][-1]: test for test in listed(builder)}
    said = {name: (test["status"], test["rawStatus"]) for name, test in found.items()}
    assert said["p/errored"] == ("failed", "errored")
    assert said["p/precluded"] == ("other", "precluded")
    assert said["p/skipped"] == ("skipped", "skipped")
    # Its one test passed and it failed all the same: the check says so in a case of its own.
    assert said["p/crashed"] == ("failed", "failed")
    assert found["p/crashed"]["message"] == "crashed at exit"
    assert found["p/skipped"]["extra"]["skip"] == "not_applicable"


@pytest.mark.parametrize(
    ("builder", "status", "healthy"),
    [
        (approved(), "passed", True),
        (blocked(), "failed", False),
        (incomplete(), "failed", False),
        (RunBuilder(), "failed", False),
    ],
)
def test_the_verdict_is_the_last_case(builder: RunBuilder, status: str, healthy: bool) -> None:
    results = ctrf_of(builder)["results"]
    assert (results["tests"][-1]["name"], results["tests"][-1]["status"]) == ("verdict", status)
    assert results["environment"]["healthy"] is healthy


def test_a_retry_keeps_its_attempts_and_is_flaky_only_when_it_passed_at_last() -> None:
    builder = RunBuilder()
    bad = TestRecord(id="s::a", status=Status.FAILED, message="first\nwords", output="1\n2\n")
    good = TestRecord(id="s::a", status=Status.PASSED, duration=0.5)
    worse = TestRecord(id="s::b", status=Status.ERRORED, message="again")
    builder.check("p/flaky", Status.FAILED, tests=[bad])
    builder.check("p/flaky", attempt=2, tests=[good])
    builder.check("p/broken", Status.FAILED, tests=[worse])
    builder.check("p/broken", Status.FAILED, attempt=2, tests=[worse])
    flaky, broken, _ = listed(builder)
    assert (flaky["status"], flaky["flaky"], flaky["retries"]) == ("passed", True, 1)
    (attempt,) = flaky["retryAttempts"]
    assert attempt["attempt"] == 1
    assert attempt["status"] == "failed"
    assert (attempt["message"], attempt["trace"]) == ("first", "first\nwords")
    assert attempt["stdout"] == ["1", "2"]
    assert (broken["status"], broken["retries"], "flaky" in broken) == ("failed", 1, False)


def test_a_runner_that_retried_by_itself_is_believed() -> None:
    builder = RunBuilder()
    test = TestRecord(id="s::a", status=Status.FLAKY, attempts=3, message="twice no")
    builder.check("p/x", Status.FLAKY, tests=[test])
    found = listed(builder)[0]
    assert (found["status"], found["flaky"], found["rawStatus"]) == ("passed", True, "flaky")
    assert (found["retries"], found["message"]) == (2, "twice no")


def test_places_attachments_and_overrides_come_along() -> None:
    kept = Attachment(name="trace", path="a/t.zip", media_type="application/zip", size=3, sha256="")
    test = TestRecord(
        id="a.py::t", status=Status.FAILED, file="a.py", line=7, attachments=(kept,), message="no"
    )
    builder = RunBuilder()
    builder.check("p/x", Status.FAILED, tests=[test])
    found = listed(builder)[0]
    assert (found["filePath"], found["line"], found["suite"]) == ("a.py", 7, ["p", "p/x", "a.py"])
    (attachment,) = found["attachments"]
    assert attachment == {"name": "trace", "contentType": "application/zip", "path": "a/t.zip"}


def test_points_in_time_are_milliseconds_since_the_epoch() -> None:
    builder = RunBuilder()
    builder.check("p/x", at=1.5, took=0.25)
    document = ctrf_of(builder)
    start = document["results"]["summary"]["start"]
    assert start == 1_795_419_711_000  # 2026-11-23T07:41:51Z
    found = document["results"]["tests"][0]
    assert (found["start"], found["stop"], found["duration"]) == (start + 1_500, start + 1_750, 250)


def test_hostile_text_stays_text_and_is_bounded() -> None:
    document = as_ctrf(view_of(hostile()))
    assert b"\x1b" not in document
    assert b"\x00" not in document
    assert len(document) < 400_000
    found = json.loads(document)["results"]["tests"][0]
    assert "<script>alert(1)</script>" in found["trace"]
    assert "\n" not in found["message"]
    assert HOSTILE not in found["trace"]  # its escapes are gone


def test_a_run_has_one_identity() -> None:
    one, same = ctrf_of(blocked()), ctrf_of(blocked())
    assert one["reportId"] == same["reportId"]
    assert one["runId"] == "20261123-074151-7f3a"
