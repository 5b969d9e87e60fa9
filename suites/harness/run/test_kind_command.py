"""`command`: exit codes, expected and forbidden output, sanitizer reports."""

from __future__ import annotations

import pytest

from harness.errors import EvidenceError
from harness.model.ports import Completed
from harness.model.result import Output, Usage
from harness.run.kinds.ending import read_output_bytes
from suites.harness.run.worlds import check, only

ASAN = """\
=================================================================
==42==ERROR: AddressSanitizer: heap-use-after-free on address 0x602000000010 at pc 0x5581
READ of size 1 at 0x602000000010 thread T0
    #0 0x55 in __interceptor_strlen ../../src/libsanitizer/sanitizer_common/x.inc:387
    #1 0x56 in main /home/project/native/t.c:7
    #2 0x57 in __libc_start_call_main ../sysdeps/nptl/libc_start_call_main.h:58

0x602000000010 is located 0 bytes inside of 1-byte region
SUMMARY: AddressSanitizer: heap-use-after-free /home/project/native/t.c:7 in main
"""


def run(world, *argv: str, **options):
    return only(world.run(check("c", kind="command", options={"run": list(argv), **options})))


@pytest.mark.parametrize(
    ("script", "options", "status", "said"),
    [
        ("exit 0", {}, "passed", ""),
        ("echo why; exit 3", {}, "failed", "exit 3 where exit 0 was expected; it last said: why"),
        ("exit 3", {"expect-exit": [0, 3]}, "passed", ""),
        ("exit 0", {"expect-exit": [3]}, "failed", "exit 0 where exit 3 was expected"),
        ("kill -KILL $$", {}, "failed", "killed by SIGKILL where exit 0 was expected"),
        ("echo 7.0.0", {"expect-output": r"^7\.0\.0$"}, "passed", ""),
        ("echo 7.0.1", {"expect-output": r"^7\.0\.0$"}, "failed", "nothing in the output matches"),
        ("echo TODO x", {"forbid-output": ["FIXME", "TODO"]}, "failed", "the output says 'TODO x'"),
        ("echo fine", {"forbid-output": "TODO"}, "passed", ""),
        ("true", {"expect-output": "("}, "errored", "'(' is not a regular expression"),
    ],
)
def test_endings(world, script, options, status, said):
    result = run(world, "sh", "-c", script, **options)

    assert (result.status, said in result.reason) == (status, True), result.reason


def test_output_that_was_cut_proves_no_absence(world, monkeypatch):
    monkeypatch.setattr("harness.system.capture.FILE_LIMIT", 1000)
    result = run(
        world, "sh", "-c", "yes | head -c 100000; sleep 0.1; echo end", **{"forbid-output": "n"}
    )

    assert result.status == "errored"
    assert "its output proves nothing" in result.reason


def test_a_script_stops_at_its_first_failure(world):
    result = run(world, "false; echo went on", shell=True)

    assert result.status == "failed"
    assert result.output.text == ""


def test_a_script_gets_its_arguments_as_words(world):
    result = run(world, 'printf "<%s>" "$@"', "a b", "$HOME", shell=True)

    assert result.output.text == "<a b><$HOME>"


@pytest.mark.parametrize(
    ("text", "rule", "place"),
    [
        (ASAN, "AddressSanitizer", ("/home/project/native/t.c", 7)),
        (
            "a.c:3:5: runtime error: signed integer overflow",
            "UndefinedBehaviorSanitizer",
            ("a.c", 3),
        ),
        ("WARNING: ThreadSanitizer: data race (pid=1)", "ThreadSanitizer", ("", 0)),
        ("==9==ERROR: LeakSanitizer: detected memory leaks", "LeakSanitizer", ("", 0)),
        (
            "==7== Invalid read of size 4\n==7== ERROR SUMMARY: 1 errors from 1 contexts",
            "valgrind",
            ("", 0),
        ),
        ("error: Undefined Behavior: dangling\n --> src/x.rs:4:9", "miri", ("src/x.rs", 4)),
    ],
)
def test_a_sanitizer_report_fails_whatever_the_exit_code(world, text, rule, place):
    world.write("report.txt", text)
    result = run(world, "cat", "report.txt")

    assert result.status == "failed"
    assert (result.findings[0].rule, (result.findings[0].file, result.findings[0].line)) == (
        rule,
        place,
    )


def test_a_clean_valgrind_summary_is_no_report(world):
    world.write("report.txt", "==7== ERROR SUMMARY: 0 errors from 0 contexts (suppressed: 0)")

    assert run(world, "cat", "report.txt").status == "passed"


def test_a_missing_program_errs_with_the_nearest(world):
    assert "nearest is 'true'" in run(world, "truee").reason


def test_output_that_was_taken_away_is_nobodys_bug(tmp_path):
    completed = Completed(
        output=Output(tail="said", total_bytes=4),
        output_file=tmp_path / "output.log",
        output_truncated=False,
        duration=0.1,
        usage=Usage(),
        exit_code=0,
    )

    with pytest.raises(EvidenceError, match=r"output\.log: what it printed cannot be read back"):
        read_output_bytes(completed)
