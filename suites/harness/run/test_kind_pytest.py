"""`pytest`: results are believed only when they are this run's, whole, and agree with the exit."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime

import pytest

from harness.run.kinds.junit import read_junit
from harness.run.kinds.results import UnreadableResultsError
from suites.harness.run.worlds import check, only, statuses

SUITE = """
import pytest

class TestGroup:
    @pytest.mark.parametrize("n", [1, 2])
    def test_passes(self, n):
        print("noise of a passing test")

def test_fails():
    print("evidence")
    value = {"a": 1}
    assert value == {"a": 2}, "the sum is wrong"

@pytest.mark.skip(reason="not today")
def test_skipped():
    pass
"""


@pytest.fixture
def project(world):
    world.write("pytest.ini", "[pytest]\naddopts = -p no:cacheprovider\n")
    return world


# The plug-ins of this environment take longer to import than the little suites take to run.
LEAN = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def run(project, text: str, conftest: str = "", **options):
    project.write("tests/test_it.py", text)
    project.write("tests/conftest.py", conftest)
    values = {"path": "tests", **options}
    return only(project.run(check("t", kind="pytest", options=values), environ=LEAN))


def test_every_test_becomes_a_record_with_its_place(project):
    result = run(project, SUITE)

    assert result.status == "failed"
    assert {test.id: test.status.value for test in result.tests} == {
        "tests/test_it.py::TestGroup::test_passes[1]": "passed",
        "tests/test_it.py::TestGroup::test_passes[2]": "passed",
        "tests/test_it.py::test_fails": "failed",
        "tests/test_it.py::test_skipped": "skipped",
    }
    failed = next(test for test in result.tests if test.status == "failed")
    assert (failed.file, failed.line) == ("tests/test_it.py", 12)
    assert "the sum is wrong" in failed.message
    assert "evidence" in failed.output
    skipped = next(test for test in result.tests if test.status == "skipped")
    assert skipped.message == "not today"
    assert result.reason.startswith("tests/test_it.py::test_fails failed: AssertionError")


def test_workers_do_not_change_the_records(project):
    result = run(project, SUITE, workers=2, args=["-p", "xdist"])

    assert len(result.tests) == 4


PASSING = "def test_a(): pass\ndef test_b(): pass\n"


def test_a_passing_suite_passes(project):
    result = run(project, PASSING, **{"expect-at-least": 2})

    assert (result.status, result.reason) == ("passed", "2 tests passed")


@pytest.mark.parametrize(
    ("suite", "options", "status", "said"),
    [
        ("x = 1", {}, "failed", "no test was executed"),
        (PASSING, {"args": ["-k", "nothing_like_it"]}, "failed", "no test was executed"),
        (PASSING, {"expect-at-least": 3}, "failed", "2 tests were executed, where at least 3"),
        ("import pytest\npytestmark = pytest.mark.skip\ndef test_a(): 0/0", {}, "failed", "all 1"),
        ("import nowhere_to_be_found", {}, "failed", "ModuleNotFoundError"),
        (PASSING, {"args": ["--no-such-option"]}, "errored", "exit 4"),
        (PASSING, {"path": "missing"}, "errored", "missing does not exist"),
        ("import os\ndef test_a(): os.kill(os.getpid(), 11)", {}, "failed", "killed by SIGSEGV"),
        ("import os\ndef test_a(): os.kill(os.getpid(), 9)", {}, "errored", "killed by SIGKILL"),
        ("import os\ndef test_a(): os._exit(0)", {}, "errored", "exit 0, and it left no result"),
        ("import time\ndef test_a(): time.sleep(60)", {}, "failed", "still ran at its deadline"),
        ("def test_a(): print('x.c:3:5: runtime error: overflow', flush=True)", {"args": ["-s"]},
         "failed", "no test failed, yet UndefinedBehaviorSanitizer"),
    ],
)  # fmt: skip
def test_what_is_not_a_pass(project, suite, options, status, said):
    project.write("tests/test_it.py", suite)
    deadline = 1.5 if "sleep" in suite else 20.0
    values = {"path": "tests", **options}
    one = check("t", kind="pytest", options=values, timeout_seconds=deadline)
    result = only(project.run(one, environ=LEAN))

    assert (result.status.value, said in result.reason) == (status, True), result.reason


AT_EXIT = """
import atexit, os, pathlib, sys
path = next(a for a in sys.argv if a.startswith("--junitxml=")).partition("=")[2]
@atexit.register
def spoil():
    file = pathlib.Path(path)
    {spoil}
"""
STALE = (
    '<testsuites><testsuite name="pytest" errors="0" failures="0" skipped="0" tests="1" time="0.1"'
    ' timestamp="2020-01-01T00:00:00+00:00"><testcase classname="t" name="test_a" time="0.1"/>'
    "</testsuite></testsuites>"
)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("file.unlink()", "it left no result file"),
        ("file.write_text('')", "its result file is empty"),
        ("file.write_bytes(file.read_bytes()[:-40])", "its result file is damaged"),
        ("file.write_text('<html></html>')", "its result file is damaged"),
        (f"file.write_text({STALE!r})", "is stale: it tells of a run at 2020-01-01"),
        (
            "file.write_text(file.read_text().replace('tests=\"2\"', 'tests=\"9\"'))",
            "states 9 tests and holds 2",
        ),
    ],
    ids=["deleted", "empty", "truncated", "other", "stale", "incomplete"],
)
def test_a_spoilt_result_file_is_never_a_pass(project, spoil, said):
    result = run(project, PASSING, AT_EXIT.format(spoil=spoil))

    assert (result.status.value, said in result.reason) == ("errored", True), result.reason


NOW = datetime.now(UTC).isoformat()


def forged(case: str, **totals: str) -> str:
    """A result file of one suite with one passing case beside `case`, as a runner may write it."""
    said = "".join(f' {name}="{value}"' for name, value in totals.items())
    return (
        f'<testsuites><testsuite name="s"{said} timestamp="{NOW}">'
        f'<testcase classname="t" name="a"/>{case}</testsuite></testsuites>'
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (forged("", tests="1", failures="3"), "states 3 failures and holds none"),
        (forged("", tests="1", errors="1"), "states 1 failures and holds none"),
        (forged("", tests="many"), "damaged (invalid literal"),
        (forged('<testcase name="b" time="soon"/>', tests="2"), "damaged (could not convert"),
        ('<?xml version="1.0" encoding="nope"?><testsuites/>', "result file is damaged ("),
    ],
    ids=["failures", "errors", "no-number", "no-duration", "encoding"],
)
def test_a_result_file_that_contradicts_itself_is_not_believed(tmp_path, content, said):
    (tmp_path / "junit.xml").write_text(content)

    with pytest.raises(UnreadableResultsError, match=re.escape(said)):
        read_junit(tmp_path / "junit.xml")


def test_a_test_that_failed_and_was_skipped_has_failed(tmp_path):
    case = '<testcase name="b"><failure message="wrong"/><skipped message="later"/></testcase>'
    (tmp_path / "junit.xml").write_text(forged(case, tests="2", failures="1"))

    failed = read_junit(tmp_path / "junit.xml").cases[1]
    assert (failed.status.value, failed.message) == ("failed", "wrong")


def test_a_line_that_is_no_decimal_number_is_no_line(tmp_path):
    (tmp_path / "junit.xml").write_text(forged('<testcase name="b" line="²"/>', tests="2"))

    assert read_junit(tmp_path / "junit.xml").cases[1].line == -1


def test_an_exit_code_that_contradicts_the_file_is_never_a_pass(project):
    lie = "def pytest_sessionfinish(session): session.exitstatus = 0\n"
    result = run(project, SUITE, lie)

    assert result.status == "errored"
    assert "pytest exits 0, yet its result file has 1 failures" in result.reason


def test_children_of_tests_are_leaks(project):
    suite = "import subprocess\ndef test_a(): subprocess.Popen(['sleep', '314'])\n"
    result = run(project, suite)

    assert "sleep 314" in result.leaked[0]


def test_suites_run_side_by_side_in_folders_of_their_own(project):
    project.write("tests/test_it.py", PASSING)
    options = {"path": "tests"}
    run = project.run(
        check("a", kind="pytest", options=options),
        check("b", kind="pytest", options=options),
        environ=LEAN,
    )

    assert statuses(run) == {"a": "passed", "b": "passed"}
