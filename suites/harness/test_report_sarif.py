"""SARIF: what the standard asks for, and every problem with the best place there is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema
import pytest
from msgspec.structs import replace

from harness.judge import judge
from harness.model.result import Finding, Severity, Status, TestRecord
from harness.report import as_sarif, build, sarif
from harness.report.shape import View
from suites.harness.run_builder import WAIVER, RunBuilder, alike
from suites.harness.sample_extremes import hostile, large
from suites.harness.sample_runs import approved, blocked, incomplete

LEVEL = {"enum": ["none", "note", "warning", "error"]}
TEXT = {"type": "string", "minLength": 1}
TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"}


def exactly(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    """An object with these properties and no other."""
    return {
        "type": "object",
        "properties": {**required, **optional},
        "required": list(required),
        "additionalProperties": False,
    }


def many(items: dict[str, Any], at_least: int = 0) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": at_least}


# The objects of SARIF 2.1.0 that we write, by section of the standard, as strict as it is.
MESSAGE = exactly({"text": TEXT})  # 3.11
ARTIFACT = exactly({"uri": {"type": "string", "format": "uri-reference"}}, uriBaseId=TEXT)  # 3.4
COUNTED = {"type": "integer", "minimum": 1}
REGION = exactly({"startLine": COUNTED}, startColumn=COUNTED)  # 3.30
LOGICAL = exactly({"fullyQualifiedName": TEXT}, name=TEXT)  # 3.33
LOCATION = exactly(  # 3.28
    {"logicalLocations": many(LOGICAL, 1)},
    physicalLocation=exactly({"artifactLocation": ARTIFACT}, region=REGION),  # 3.29
    message=MESSAGE,
)
SUPPRESSION = exactly(  # 3.35
    {
        "kind": {"enum": ["inSource", "external"]},
        "status": {"enum": ["accepted", "underReview", "rejected"]},
        "justification": TEXT,
    }
)
RESULT = exactly(  # 3.27
    {
        "ruleId": TEXT,
        "ruleIndex": {"type": "integer", "minimum": 0},
        "level": LEVEL,
        "message": MESSAGE,
        "locations": many(LOCATION, 1),
        "partialFingerprints": {"type": "object", "additionalProperties": TEXT},
        "properties": {"type": "object"},
    },
    suppressions=many(SUPPRESSION, 1),
)
RULE = exactly(  # 3.49
    {
        "id": TEXT,
        "shortDescription": MESSAGE,
        "fullDescription": MESSAGE,
        "help": MESSAGE,
        "properties": exactly({"tags": many(TEXT)}),
    }
)
NOTIFICATION = exactly({"level": LEVEL, "message": MESSAGE}, locations=many(LOCATION))  # 3.58
INVOCATION = exactly(  # 3.20
    {
        "executionSuccessful": {"type": "boolean"},
        "toolExecutionNotifications": many(NOTIFICATION),
        "startTimeUtc": TIME,
        "exitCode": {"type": "integer"},
        "exitCodeDescription": TEXT,
        "commandLine": TEXT,
    },
    endTimeUtc=TIME,
)
DRIVER = exactly({"name": TEXT, "version": TEXT, "rules": {**many(RULE), "uniqueItems": True}})
RUN = exactly(  # 3.14
    {
        "tool": exactly({"driver": DRIVER}),
        "automationDetails": exactly({"id": TEXT, "description": MESSAGE}),
        "invocations": many(INVOCATION, 1),
        "originalUriBaseIds": {"type": "object"},
        "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
        "results": many(RESULT),
        "properties": {"type": "object"},
    }
)
LOG = exactly(  # 3.13
    {"$schema": {"const": sarif.SCHEMA}, "version": {"const": "2.1.0"}, "runs": many(RUN, 1)}
)
VALIDATOR = jsonschema.Draft202012Validator(LOG)


def view_of(builder: RunBuilder, **how: object) -> View:
    run = builder.run(**how)  # type: ignore[arg-type]
    return build(run, judge(run))


def run_of(view: View) -> dict[str, Any]:
    log = json.loads(as_sarif(view))
    VALIDATOR.validate(log)
    run: dict[str, Any] = log["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    return run


def results_of(builder: RunBuilder) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = run_of(view_of(builder))["results"]
    return results


def messages_in(value: Any) -> Iterator[str]:
    """The text of every message, wherever it stands."""
    if isinstance(value, dict):
        if isinstance(value.get("text"), str):
            yield value["text"]
        for inside in value.values():
            yield from messages_in(inside)
    elif isinstance(value, list):
        for inside in value:
            yield from messages_in(inside)


def place(result: dict[str, Any]) -> tuple[str, int]:
    physical = result["locations"][0]["physicalLocation"]
    return physical["artifactLocation"]["uri"], physical.get("region", {}).get("startLine", 0)


@pytest.mark.parametrize("example", [approved, blocked, incomplete])
def test_sarif_is_as_agreed(
    example: Callable[[], RunBuilder], golden: Callable[[str, bytes], None]
) -> None:
    golden(f"{example.__name__}.sarif", as_sarif(view_of(example())))


@pytest.mark.parametrize(
    ("builder", "how"),
    [
        (approved(), {}),
        (blocked(), {}),
        (incomplete(), {"interrupted": "SIGINT"}),
        (incomplete(), {"finished": False}),
        (hostile(), {}),
        (large(60, 2, failed=40), {}),
        (RunBuilder(), {}),
    ],
)
def test_every_log_is_what_the_standard_asks_for(builder: RunBuilder, how: dict[str, Any]) -> None:
    run_of(view_of(builder, **how))


def test_every_finding_and_failing_test_is_a_result() -> None:
    view = view_of(blocked())
    results = run_of(view)["results"]
    messages = " ".join(result["message"]["text"] for result in results)
    for check in view.checks().values():
        for found in check.findings:
            assert found.message in messages
        for test in check.records:
            assert (test.id in messages) == (test.status not in (Status.PASSED, Status.SKIPPED))
    assert {result["properties"]["check"] for result in results} >= set(view.attention)


def test_the_gravest_come_first() -> None:
    builder = RunBuilder()
    warning = Finding(message="unused", severity=Severity.WARNING, file="a.c", line=1)
    note = Finding(message="see", severity=Severity.NOTE, file="a.c", line=2)
    builder.check("p/warned", findings=[note, warning])
    builder.check("p/docs", Status.FAILED, message="no docs", advisory=True)
    builder.check("p/silent", Status.ERRORED, message="no answer")
    builder.check("p/broken", Status.FAILED, message="broke", findings=[warning])
    found = [(one["properties"]["check"], one["level"]) for one in results_of(builder)]
    assert found == [
        ("p/broken", "error"), ("p/broken", "warning"), ("p/silent", "error"),
        ("p/docs", "warning"), ("p/warned", "warning"), ("p/warned", "note"),
    ]  # fmt: skip


def test_a_problem_has_its_place_else_the_definition_else_the_check_alone() -> None:
    builder = RunBuilder()
    whole = Finding(message="a", file="src/a b.c")
    exact = Finding(message="b", file="./src/b.c", line=4, column=2, rule="unused")
    nowhere = Finding(message="c")
    builder.check("p/x", Status.FAILED, findings=[whole, exact, nowhere])
    view = view_of(builder)
    first, second, third = run_of(view)["results"]
    assert place(first) == ("src/a%20b.c", 0)
    assert place(second) == ("src/b.c", 4)
    assert second["ruleId"] == "unused"
    assert place(third) == ("phases/p.yaml", 8)
    assert "defined here" in third["locations"][0]["message"]["text"]
    (phase,) = view.phases
    lost = replace(phase, checks=tuple(replace(one, position="") for one in phase.checks))
    *_, last = run_of(replace(view, phases=(lost,)))["results"]
    assert last["message"]["text"] == "c"
    assert "physicalLocation" not in last["locations"][0]
    assert last["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "p/x"


@pytest.mark.parametrize(
    ("file", "uri", "below_root"),
    [
        ("src/a.c", "src/a.c", True),
        ("a:b/c d?#%.c", "a%3Ab/c%20d%3F%23%25.c", True),
        ("ü.py", "%C3%BC.py", True),
        ("javascript:alert(1)", "javascript%3Aalert%281%29", True),
        ("//evil.example/x", "file:///evil.example/x", False),
        ("/usr/include/x.h", "file:///usr/include/x.h", False),
        ("C:\\src\\a.c", "file:///C:/src/a.c", False),
    ],
)
def test_a_path_is_a_uri_below_the_root_or_a_file_elsewhere(
    file: str, uri: str, below_root: bool
) -> None:
    builder = RunBuilder()
    builder.check("p/x", Status.FAILED, findings=[Finding(message="m", file=file)])
    (result,) = results_of(builder)
    location = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert location["uri"] == uri
    assert ("uriBaseId" in location) == below_root


def test_a_check_speaks_for_itself_when_nothing_in_it_tells_why() -> None:
    builder = RunBuilder()
    warning = Finding(message="unused", severity=Severity.WARNING)
    builder.check("p/crashed", Status.FAILED, message="signal 11", tests=alike("s", 2))
    builder.check("p/warned", Status.FAILED, message="exit code 3", findings=[warning])
    builder.check("p/leaked", leaked=("sleep (pid 7)",))
    texts = [result["message"]["text"] for result in results_of(builder)]
    assert texts == [
        "crashed: signal 11", "warned: exit code 3",
        "leaked: p/leaked left 1 process behind: sleep (pid 7)", "unused",
    ]  # fmt: skip


def test_what_gave_no_answer_is_a_notification_and_an_interruption_too() -> None:
    run = run_of(view_of(incomplete(), interrupted="SIGINT"))
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    said = [note["message"]["text"] for note in invocation["toolExecutionNotifications"]]
    assert any(text.startswith("v7-1/memory is precluded") for text in said)
    assert "the run was interrupted: SIGINT" in said
    assert run_of(view_of(blocked()))["invocations"][0]["executionSuccessful"] is True
    (unfinished,) = run_of(view_of(incomplete(), finished=False))["invocations"]
    assert unfinished["executionSuccessful"] is False
    assert "endTimeUtc" not in unfinished


def test_an_override_suppresses_only_what_it_lifts() -> None:
    over = replace(WAIVER, expires="2026-01-31")
    builder = RunBuilder()
    builder.check("p/waived", Status.FAILED, message="a", override=WAIVER)
    builder.check("p/over", Status.FAILED, message="b", override=over)
    builder.check("p/advisory", Status.FAILED, message="c", override=over, advisory=True)
    builder.check("p/plain", Status.FAILED, message="d")
    found = {one["properties"]["check"]: one for one in results_of(builder)}
    (kept,) = found["p/waived"]["suppressions"]
    assert kept["status"] == "accepted"
    assert "until 2026-12-31 by Ada Lovelace (PROJ-142)" in kept["justification"]
    assert found["p/waived"]["level"] == "warning"
    assert not [name for name, one in found.items() if "suppressions" in one and name != "p/waived"]


def test_no_text_is_a_placeholder_or_a_link() -> None:
    builder = RunBuilder()
    evil = "{0} {{x}} [click](http://evil.example) \\[a\\](javascript:alert(1))"
    builder.check("p/x", Status.FAILED, findings=[Finding(message=evil)])
    (result,) = results_of(builder)
    assert result["message"]["text"] == (
        "{{0}} {{{{x}}}} [click] (http://evil.example) \\[a\\] (javascript:alert(1))"
    )


def test_hostile_text_stays_text_and_is_bounded() -> None:
    view = view_of(hostile())
    document = as_sarif(view)
    assert b"\x1b" not in document
    assert b"\x00" not in document
    assert len(document) < 100_000
    said = list(messages_in(run_of(view)))
    assert len(said) > 5
    assert not [text for text in said if re.search(r"(?<!\{)(\{\{)*\{\d|\]\(", text)]


def test_a_problem_keeps_its_fingerprint_when_its_line_moves() -> None:
    def prints(line: int, message: str) -> str:
        builder = RunBuilder()
        found = Finding(message=message, file="a.c", line=line)
        builder.check("p/x", Status.FAILED, findings=[found])
        (result,) = results_of(builder)
        return str(result["partialFingerprints"])

    assert prints(3, "unused") == prints(90, "unused") != prints(3, "other")


def test_what_github_would_refuse_is_left_off_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MOST_RESULTS", 3)
    run = run_of(view_of(large(10, 1, failed=8)))
    assert len(run["results"]) == 3
    *_, last = run["invocations"][0]["toolExecutionNotifications"]
    assert last["message"]["text"] == "5 more results left off here: see report.json"


def test_a_failing_test_points_at_its_line() -> None:
    builder = RunBuilder()
    test = TestRecord(id="a.py::t", status=Status.FAILED, message="no", file="a.py", line=12)
    builder.check("p/x", Status.FAILED, tests=[test])
    (result,) = results_of(builder)
    assert place(result) == ("a.py", 12)
    assert (result["ruleId"], result["message"]["text"]) == ("p/x", "a.py::t: no")
