"""Exports against the schemas that others published: SARIF's own, and the JUnit one of Jenkins."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from junitparser import JUnitXml, xunit2
from lxml import etree

from harness.judge import judge
from harness.model.result import Status, TestRecord
from harness.report import as_junit, as_sarif, build
from suites.harness.run_builder import WAIVER, RunBuilder
from suites.harness.sample_extremes import hostile, large
from suites.harness.sample_runs import approved, blocked, incomplete
from suites.harness.sample_told import told

ASSETS = Path(__file__).parent / "assets"
SARIF = jsonschema.Draft4Validator(json.loads((ASSETS / "sarif-2.1.0.schema.json").read_text()))
JUNIT = etree.XMLSchema(etree.parse(ASSETS / "junit-10.xsd"))
# What the wider dialect of Testmo, GitLab and pytest adds to that of Jenkins, and nothing else.
ADDED = {"testcase": {"file", "line"}, "testsuites": {"skipped", "timestamp"}}
INTERIM = ("flakyFailure", "flakyError", "rerunFailure", "rerunError")


def retried() -> RunBuilder:
    """A run with every kind of earlier attempt, a waiver, and a flake its runner told of."""
    bad = TestRecord(id="s::a", status=Status.FAILED, message="first", output="printed")
    broken = TestRecord(id="s::a", status=Status.ERRORED, message="no room")
    flaky = TestRecord(id="s::f", status=Status.FLAKY, attempts=2, message="at first no")
    builder = RunBuilder()
    good = TestRecord(id="s::a", status=Status.PASSED)
    for number, tests in enumerate(([bad], [broken], [good]), start=1):
        end = Status.PASSED if number == 3 else Status.FAILED
        builder.check("p/flaky", end, attempt=number, tests=tests)
    for number, tests in enumerate(([bad], [broken], [bad]), start=1):
        builder.check("p/never", Status.FAILED, attempt=number, tests=tests)
    builder.check("p/lost", Status.ERRORED, message="no answer")
    builder.check("p/lost", Status.FAILED, attempt=2, message="no")
    builder.check("p/told", Status.FLAKY, tests=[flaky])
    builder.check("p/late", Status.FAILED, message="once")
    builder.check("p/late", Status.PASSED, attempt=2)
    builder.check("p/waived", Status.FAILED, message="known", override=WAIVER)
    return builder


EXAMPLES: dict[str, tuple[RunBuilder, dict[str, Any]]] = {
    "approved": (approved(), {}),
    "blocked": (blocked(), {}),
    "interrupted": (incomplete(), {"interrupted": "SIGINT"}),
    "unfinished": (incomplete(), {"finished": False}),
    "hostile": (hostile(), {}),
    "told": (told(), {}),
    "retried": (retried(), {}),
    "large": (large(40, 3, failed=20), {}),
    "empty": (RunBuilder(), {}),
}


@pytest.fixture(params=sorted(EXAMPLES))
def view(request: pytest.FixtureRequest) -> Any:
    builder, how = EXAMPLES[request.param]
    run = builder.run(**how)
    return build(run, judge(run))


def test_the_schema_of_the_standard_holds(view: Any) -> None:
    SARIF.validate(json.loads(as_sarif(view)))


def test_the_schema_of_the_standard_would_notice() -> None:
    run = blocked().run()
    log = json.loads(as_sarif(build(run, judge(run))))
    log["runs"][0]["results"][0]["level"] = "fatal"
    log["runs"][0]["invented"] = 1
    assert len(list(SARIF.iter_errors(log))) == 2


def narrowed(document: bytes) -> Any:
    """The document without the attributes that Jenkins' schema does not know."""
    root = etree.fromstring(document)
    for tag, names in ADDED.items():
        for node in root.iter(tag):
            for name in names:
                node.attrib.pop(name, None)
    return root


def test_the_junit_schema_of_jenkins_holds(view: Any) -> None:
    JUNIT.assertValid(narrowed(as_junit(view)))


def test_the_junit_schema_would_notice() -> None:
    run = blocked().run()
    document = as_junit(build(run, judge(run)))
    assert not JUNIT.validate(etree.fromstring(document)), "file and line are an addition"
    for old, new in ((b"failure", b"failed"), (b' name="verdict"', b""), (b' tests="', b' n="')):
        assert old in document
        assert not JUNIT.validate(narrowed(document.replace(old, new)))


def test_every_element_of_an_earlier_attempt_stands_and_is_counted_by_nobody() -> None:
    run = retried().run()
    document = as_junit(build(run, judge(run)))
    root = etree.fromstring(document)
    found = {tag: len(list(root.iter(tag))) for tag in INTERIM}
    # p/flaky: one each; p/never: one each; p/lost: an error; p/told and p/late: one failure each.
    assert found == {"flakyFailure": 3, "flakyError": 1, "rerunFailure": 1, "rerunError": 2}
    plain, surefire = JUnitXml.fromstring(document), xunit2.JUnitXml.fromstring(document)
    stated = totals(plain)
    assert stated[0] == len(list(root.iter("testcase")))
    for read in (plain, surefire):
        read.update_statistics()
        assert totals(read) == stated
    kept = sum(len(case.interim_result) for suite in surefire for case in suite)
    assert kept == sum(found.values())


def totals(xml: Any) -> tuple[int, ...]:
    """Tests, failures, errors and skipped as the suites state them."""
    names = ("tests", "failures", "errors", "skipped")
    return tuple(sum(getattr(suite, name) for suite in xml) for name in names)
