"""Retry, repeat, order and what did not pass last time, through the real command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.model.event import encode
from harness.model.ports import Completed
from harness.model.result import Failure, Outcome, Output, Status, Usage
from harness.record.journal import read_journal
from harness.run.attempts import classified
from suites.harness.projects import check, make_project

# Fails until it has run as often as its argument says, counting in a file of the project.
COUNTED = 'echo x >> "$0.count"; test "$(wc -l < "$0.count")" -ge '


def _counted(name: str, passes_at: int, more: str = "") -> str:
    return check(name, "sh", "-c", f"{COUNTED}{passes_at}", name, more=more)


def _runs(folder: Path, name: str) -> int:
    return len((folder / f"{name}.count").read_text().splitlines())


def _events(folder: Path, name: str) -> list[dict[str, Any]]:
    journal = read_journal(folder / "reports" / "latest" / "journal.jsonl")
    events = [json.loads(encode(event)) for event in journal.events]
    return [event for event in events if event["event"] == name]


def test_a_check_that_passes_on_a_retry_is_flaky_and_blocks(tmp_path: Path) -> None:
    project = make_project(tmp_path, _counted("shaky", 2))
    done = project.run("verify", "--retry", "3")
    assert done.code == 1, done.text
    assert "is flaky, it passed only on a retry" in done.out
    assert _runs(tmp_path, "shaky") == 2


def test_a_check_that_never_passes_is_tried_as_often_as_said(tmp_path: Path) -> None:
    text = "echo x >> broken.count; touch $0/seen; exit 1"
    project = make_project(tmp_path, check("broken", "sh", "-c", text, "${{ run.work }}"))
    assert project.run("verify", "--retry", "2").code == 1
    assert _runs(tmp_path, "broken") == 3
    work = tmp_path / "reports" / "latest"
    for folder in ("work", "work-attempt-2", "work-attempt-3"):
        assert (work / folder / "p" / "broken" / "seen").is_file(), folder
    assert [event.get("attempt", 1) for event in _events(tmp_path, "check-finished")] == [1, 2, 3]


def test_without_retry_a_failure_is_final(tmp_path: Path) -> None:
    project = make_project(tmp_path, _counted("shaky", 2))
    assert project.run("verify").code == 1
    assert _runs(tmp_path, "shaky") == 1


@pytest.mark.parametrize(
    ("command", "cause"),
    [
        ("kill -SEGV $$", "crash"),
        ("exit 139", "crash"),
        ("echo '==1==ERROR: AddressSanitizer: heap-use-after-free on x'; exit 1", "sanitizer"),
        ("echo 'WARNING: ThreadSanitizer: data race (pid=1)'; exit 66", "race"),
        ("echo '==1==ERROR: LeakSanitizer: detected memory leaks'; exit 23", "leak"),
    ],
)
def test_a_grave_failure_is_never_retried(tmp_path: Path, command: str, cause: str) -> None:
    text = f'echo x >> "$0.count"; {command}'
    project = make_project(tmp_path, check("grave", "sh", "-c", text, "grave"))
    done = project.run("verify", "--retry", "3")
    assert done.code == 1, done.text
    assert _runs(tmp_path, "grave") == 1
    journal = (tmp_path / "reports" / "latest" / "journal.jsonl").read_text()
    assert f"p/grave: not tried again: {cause}" in journal
    assert f'"failure":"{cause}"' in journal


def test_a_timeout_is_final_whatever_else_was_printed() -> None:
    completed = Completed(
        output=Output(head="==1==ERROR: AddressSanitizer: x", total_bytes=31),
        output_file=Path("/nonexistent"),
        output_truncated=False,
        duration=1.0,
        usage=Usage(),
        timed_out=True,
    )
    assert classified(Outcome(status=Status.FAILED), completed).failure is Failure.TIMEOUT
    assert classified(Outcome(status=Status.ERRORED), completed).failure is None


def test_repeat_finds_a_flaky_check_and_counts(tmp_path: Path) -> None:
    text = 'echo x >> "$0.count"; test "$(wc -l < "$0.count")" -ne 4'
    project = make_project(tmp_path, check("shaky", "sh", "-c", text, "shaky"))
    done = project.run("verify", "--repeat", "5")
    assert done.code == 1, done.text
    assert "is flaky, it passed 4 of 5 attempts" in done.out
    assert _runs(tmp_path, "shaky") == 5


def test_a_failure_in_the_last_repetition_is_flaky_too(tmp_path: Path) -> None:
    text = 'echo x >> "$0.count"; test "$(wc -l < "$0.count")" -ne 3'
    project = make_project(tmp_path, check("shaky", "sh", "-c", text, "shaky"))
    done = project.run("verify", "--repeat", "3")
    assert done.code == 1, done.text
    assert "is flaky, it passed 2 of 3 attempts" in done.out


def test_a_crash_among_passes_is_a_failure_and_ends_the_repetitions(tmp_path: Path) -> None:
    text = 'echo x >> "$0.count"; test "$(wc -l < "$0.count")" -ne 2 || exit 134'
    project = make_project(tmp_path, check("rare", "sh", "-c", text, "rare"))
    done = project.run("verify", "--repeat", "5")
    assert done.code == 1, done.text
    assert "p/rare failed" in done.out
    assert _runs(tmp_path, "rare") == 2


def test_what_is_merely_needed_is_not_repeated(tmp_path: Path) -> None:
    project = make_project(tmp_path, _counted("base", 0) + _counted("top", 0, "needs: [base]"))
    assert project.run("verify", "top", "--repeat", "3").code == 0
    assert (_runs(tmp_path, "base"), _runs(tmp_path, "top")) == (1, 3)


def test_dependents_wait_for_the_last_attempt(tmp_path: Path) -> None:
    project = make_project(tmp_path, _counted("base", 2) + _counted("top", 0, "needs: [base]"))
    done = project.run("verify", "--retry", "1")
    assert done.code == 1, done.text
    started = [event["check"] for event in _events(tmp_path, "check-started")]
    assert started[:2] == ["p/base", "p/base"]


def test_a_seed_gives_its_order_again_and_reaches_the_checks(tmp_path: Path) -> None:
    names = [f"c{number}" for number in range(8)]
    text = 'echo "$0 $RELEASE_MANAGER_SEED" >> order'
    project = make_project(tmp_path, "".join(check(name, "sh", "-c", text, name) for name in names))
    orders = []
    for seed in ("7", "7", "8"):
        assert project.run("verify", "--jobs", "1", "--seed", seed).code == 0
        orders.append((tmp_path / "order").read_text().splitlines())
        (tmp_path / "order").unlink()
    assert orders[0] == orders[1]
    assert [line.split()[0] for line in orders[0]] != [line.split()[0] for line in orders[2]]
    assert {line.split()[1] for line in orders[2]} == {"8"}


@pytest.mark.parametrize("seed", ["x", "-1", "4294967296", "1.5"])
def test_what_is_no_seed_is_refused(tmp_path: Path, seed: str) -> None:
    done = make_project(tmp_path, check("a", "true")).run("verify", f"--seed={seed}")
    assert done.code == 2
    assert "neither random nor a number" in done.err


def test_last_failed_runs_what_did_not_pass(tmp_path: Path) -> None:
    project = make_project(
        tmp_path, check("good", "true") + _counted("bad", 2) + _counted("after", 0, "needs: [bad]")
    )
    assert project.run("verify").code == 1
    done = project.run("verify", "--last-failed")
    started = [event["check"] for event in _events(tmp_path, "check-started")]
    assert started == ["p/bad", "p/after"], done.text
    again = project.run("verify", "--last-failed")
    assert again.code == 2
    assert "no check failed in the newest run" in again.err


def test_last_failed_narrows_a_selection(tmp_path: Path) -> None:
    files = check("one", "false") + check("two", "false")
    project = make_project(tmp_path, files)
    project.run("verify")
    project.run("verify", "two", "--last-failed")
    assert [event["check"] for event in _events(tmp_path, "check-started")] == ["p/two"]


def test_last_failed_without_a_run_says_so(tmp_path: Path) -> None:
    done = make_project(tmp_path, check("a", "true")).run("verify", "--last-failed")
    assert done.code == 6
    assert "no run yet" in done.err
