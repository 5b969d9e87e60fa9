"""What a failure was, told from what runners print: such a failure is never tried again."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.model.ports import Completed
from harness.model.result import Failure, Outcome, Output, Status, TestRecord, Usage
from harness.run.attempts import classified
from harness.run.kinds.sanitizers import parse_reports

GO_RACE = """\
=== RUN   TestCounter
==================
WARNING: DATA RACE
Read at 0x00c0000140d8 by goroutine 8:
  counter.(*Counter).Add()
      /src/counter/counter.go:14 +0x3a

Previous write at 0x00c0000140d8 by goroutine 7:
  counter.(*Counter).Add()
      /src/counter/counter.go:15 +0x50
==================
--- FAIL: TestCounter (0.00s)
    testing.go:1465: race detected during execution of test
"""


def _completed(folder: Path, text: str, exit_code: int = 1) -> Completed:
    file = folder / "output.log"
    file.write_text(text)
    return Completed(
        output=Output(head=text, total_bytes=len(text.encode())),
        output_file=file,
        output_truncated=False,
        duration=1.0,
        usage=Usage(),
        exit_code=exit_code,
    )


def _class(folder: Path, text: str) -> Failure | None:
    return classified(Outcome(status=Status.FAILED), _completed(folder, text)).failure


@pytest.mark.parametrize(
    "text",
    [
        "process didn't exit successfully: `core-1f` (signal: 11, SIGSEGV: invalid memory)",
        "panic: runtime error: invalid memory\n[signal SIGSEGV: segmentation violation code=0x1]",
        "signal: segmentation fault\nFAIL\tcounter\t0.01s",
        "subprocess.CalledProcessError: Command './x' died with <Signals.SIGABRT: 6>.",
        "     SIGSEGV [   0.004s] core tests::reads_past_the_end",
        "A worker process was terminated by another process: signal=SIGSEGV, exitCode=null",
        "1/2 Test #1: parse ...........***Exception: SegFault  0.10 sec",
        "1/2 parse FAIL 0.02s killed by signal 11 SIGSEGV",
        "sh: line 1:  4711 Segmentation fault      ./parse",
        "make: *** [Makefile:3: test] Aborted (core dumped)",
        "Fatal Python error: Segmentation fault",
        "#  SIGSEGV (0xb) at pc=0x00007f1e, pid=1, tid=2",
    ],
)
def test_a_crash_that_only_a_runner_tells_of_is_a_crash(tmp_path: Path, text: str) -> None:
    assert _class(tmp_path, text) is Failure.CRASH


@pytest.mark.parametrize(
    "text",
    [
        "AssertionError: expected 'SIGSEGV' among the names",
        "tests::sends_SIGABRT_to_children ... FAILED",
        "assertion failed: signal == 15",
        "got exit code 1 after signal 15",
        "WARNING: DATA RACE is what the page must say",
    ],
)
def test_a_name_in_a_text_is_no_crash(tmp_path: Path, text: str) -> None:
    assert _class(tmp_path, text) is None


def test_a_crash_in_the_message_of_a_test_is_a_crash(tmp_path: Path) -> None:
    test = TestRecord(id="t", status=Status.FAILED, message="exited with signal SIGBUS")
    outcome = Outcome(status=Status.FAILED, tests=(test,))
    assert classified(outcome, _completed(tmp_path, "1 failed")).failure is Failure.CRASH


def test_what_passed_has_no_class(tmp_path: Path) -> None:
    completed = _completed(tmp_path, "Segmentation fault", exit_code=0)
    assert classified(Outcome(status=Status.PASSED), completed).failure is None


def test_a_race_that_go_reports_is_a_race_with_its_place(tmp_path: Path) -> None:
    assert _class(tmp_path, GO_RACE) is Failure.RACE
    (finding,) = parse_reports(GO_RACE)
    assert finding.message == ("Go race detector: data race: Read at 0x00c0000140d8 by goroutine 8")
    assert (finding.file, finding.line) == ("/src/counter/counter.go", 14)
