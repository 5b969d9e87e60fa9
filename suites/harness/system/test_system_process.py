"""Supervision of real processes that end, hang, crash, hide, flood and leave things behind."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.system.capture import FILE_LIMIT, HEAD_BYTES, TAIL_BYTES
from harness.system.process import LEAK_GRACE_SECONDS
from harness.system.programs import StartError
from suites.harness.system.children import Nursery, alive, children_of_this_process


@pytest.fixture
def nursery(tmp_path: Path) -> Iterator[Nursery]:
    before = set(children_of_this_process())
    nursery = Nursery(tmp_path)
    yield nursery
    nursery.close()
    assert set(children_of_this_process()) <= before


def sh(script: str) -> list[str]:
    return ["sh", "-c", script]


def test_both_streams_are_merged_in_the_order_they_were_written(nursery):
    [end] = nursery.run(sh("echo one; echo two >&2; echo three"))

    assert end.output.text == "one\ntwo\nthree\n"
    assert end.output_file.read_text() == "one\ntwo\nthree\n"
    assert not end.output_truncated


def test_an_exit_code_and_a_signal_are_told_apart(nursery):
    exited, crashed = nursery.run(sh("exit 139"), sh("kill -SEGV $$"))

    assert (exited.exit_code, exited.signal) == (139, "")
    assert (crashed.exit_code, crashed.signal) == (None, "SIGSEGV")


def test_no_file_appears_for_a_child_that_prints_nothing(nursery):
    [end] = nursery.run(["true"])

    assert not end.output_file.exists()
    assert end.output.total_bytes == 0


def test_usage_comes_from_the_kernel(nursery):
    [end] = nursery.run([sys.executable, "-c", "sum(i for i in range(3_000_000))"])

    assert end.usage.user_seconds > 0.05
    assert end.usage.max_rss_kib > 1000
    assert end.duration >= end.usage.user_seconds * 0.5


def test_a_deadline_interrupts_first(nursery):
    script = "import time\ntry: time.sleep(60)\nexcept KeyboardInterrupt: print('cleaned up')"
    [end] = nursery.run([sys.executable, "-c", script], deadline=0.5)

    assert end.timed_out
    assert end.output.text == "cleaned up\n"


def test_a_deadline_terminates_whoever_ignores_the_interrupt(nursery):
    script = "trap '' INT; trap 'echo bye; exit 4' TERM; while :; do sleep 0.05; done"
    [end] = nursery.run(sh(script), deadline=0.2, interrupt_grace=0.2)

    assert end.timed_out
    assert end.exit_code == 4
    assert end.output.text.endswith("bye\n")


def test_a_deadline_kills_whoever_ignores_everything(nursery):
    began = time.monotonic()
    [end] = nursery.run(
        sh("trap '' INT TERM; while :; do sleep 0.05; done"),
        deadline=0.2,
        interrupt_grace=0.2,
        terminate_grace=0.2,
    )

    assert (end.signal, end.timed_out) == ("SIGKILL", True)
    assert time.monotonic() - began < 5


def test_the_whole_group_dies_at_a_deadline_and_is_no_leak(nursery):
    [end] = nursery.run(
        sh("sleep 301 & echo $!; trap '' INT TERM; wait; sleep 302"),
        deadline=0.2,
        interrupt_grace=0.1,
        terminate_grace=0.1,
    )

    assert end.leaked == ()
    assert not alive(int(end.output.text))


def test_a_background_process_is_named_and_killed(nursery):
    [end] = nursery.run(sh("sleep 303 & echo $!"))

    pid = int(end.output.text)
    assert end.exit_code == 0
    assert end.leaked == (f"sleep 303 (pid {pid})",)
    assert not alive(pid)


def test_a_daemon_in_its_own_session_is_named_and_killed(nursery):
    [end] = nursery.run(sh("setsid sh -c 'trap \"\" TERM INT; sleep 304; :' & sleep 0.1"))

    assert len(end.leaked) == 2 or "sleep 304" in end.leaked[0]
    assert "304" in " ".join(end.leaked)


def test_each_leak_is_blamed_on_the_check_it_stems_from(nursery):
    guilty, innocent = nursery.run(sh("setsid sleep 305 & sleep 0.1"), sh("sleep 0.6"))

    assert "sleep 305" in guilty.leaked[0]
    assert innocent.leaked == ()


def test_a_daemon_of_a_running_check_is_left_to_it(nursery):
    script = "(setsid sleep 306 &); sleep 0.8; pgrep -f 'sleep 306' >/dev/null && echo still there"
    short, long = nursery.run(sh("sleep 0.2"), sh(script))

    assert short.leaked == ()
    assert long.output.text == "still there\n"
    assert "sleep 306" in long.leaked[0]


def test_a_process_that_hides_its_origin_is_killed_and_noted(nursery):
    hidden = sh("env -i setsid sleep 307 >/dev/null 2>&1 & sleep 0.1")
    ends = nursery.run(hidden, sh("sleep 0.4"))
    nursery.supervisor.close()

    told = [*nursery.supervisor.notes, *(name for end in ends for name in end.leaked)]
    assert any("sleep 307" in text for text in told)


def test_a_helper_that_ends_a_moment_later_is_no_leak(nursery):
    [end] = nursery.run(sh(f"sleep {LEAK_GRACE_SECONDS / 4} & exit 0"))

    assert end.leaked == ()


def test_a_forking_crowd_is_ended(nursery):
    crowd = (
        "for i in 1 2 3 4 5 6 7 8; do setsid sh -c 'sleep 308 & sleep 308 & wait' & done; sleep 0.2"
    )
    [end] = nursery.run(sh(crowd))

    assert len(end.leaked) >= 8
    assert nursery.run(sh("pgrep -xf 'sleep 308' | wc -l"))[0].output.text.strip() == "0"


def test_the_end_is_the_process_not_its_pipe(nursery):
    kept: list[int] = []
    [end] = nursery.run(
        sh("echo before; sleep 0.5"),
        while_running=lambda child: kept.append(os.open(f"/proc/{child.pid}/fd/1", os.O_WRONLY)),
    )
    os.close(kept[0])

    assert end.exit_code == 0
    assert end.output.text == "before\n"
    assert end.duration < 2
    assert any("pipe is still held" in note for note in end.notes)


def test_a_flood_is_capped_in_memory_and_on_disk(nursery):
    size = 200_000_000
    [end] = nursery.run(sh(f"echo first; yes 0123456789 | head -c {size}; echo; echo last"))

    assert end.output.total_bytes > size
    assert end.output.head.startswith("first\n")
    assert end.output.tail.endswith("last\n")
    assert len(end.output.head) <= HEAD_BYTES
    assert len(end.output.tail) <= TAIL_BYTES
    kept = len(end.output.head) + len(end.output.tail)
    assert end.output.dropped_bytes == end.output.total_bytes - kept
    assert end.output_file.stat().st_size == FILE_LIMIT
    assert end.output_truncated


def test_invalid_utf8_and_escapes_are_harmless_in_the_event_and_kept_in_the_file(nursery):
    raw = rb"\033[31mred\033[0m \377\376 \033]0;title\007bell\a nul\000 over\rwritten"
    [end] = nursery.run(["printf", raw.decode()])

    assert end.output.text == "red \ufffd\ufffd bell\u2407 nul\u2400 over\nwritten"
    assert b"\x1b[31m" in end.output_file.read_bytes()
    assert b"\xff\xfe" in end.output_file.read_bytes()


def test_a_secret_of_the_environment_never_reaches_file_or_event(tmp_path):
    nursery = Nursery(tmp_path, {**os.environ, "SERVICE_API_KEY": "s3cr3t-value-42"})
    [end] = nursery.run(sh("echo key=$SERVICE_API_KEY; printf $SERVICE_API_KEY | base64"))
    nursery.close()

    assert "s3cr3t" not in end.output.text
    assert "czNjcjN0" not in end.output.text
    assert "s3cr3t" not in end.output_file.read_text()
    assert end.output.text.count("[REDACTED]") == 2


def test_a_full_disk_is_told_and_the_child_still_ends(nursery):
    [end] = nursery.run(sh("echo something; exit 0"), output_file=Path("/dev/full"))

    assert end.storage_error is not None
    assert end.storage_error.strerror == "No space left on device"
    assert end.output_truncated
    assert end.output.text == "something\n"


def test_children_start_with_default_signals_and_no_input(nursery):
    script = (
        "import signal, sys\n"
        "print([signal.getsignal(s) == signal.SIG_DFL for s in (signal.SIGTERM, signal.SIGHUP)])\n"
        "print(repr(sys.stdin.read()))"
    )
    previous = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        [end] = nursery.run([sys.executable, "-c", script])
    finally:
        signal.signal(signal.SIGTERM, previous)

    assert end.output.text == "[True, True]\n''\n"
    [pipe] = nursery.run(sh("yes | head -n1; kill -l $?"))
    assert "y" in pipe.output.text


def test_a_make_around_us_lends_no_job_tokens(tmp_path):
    nursery = Nursery(tmp_path, {**os.environ, "MAKEFLAGS": "-j --jobserver-auth=3,4"})
    [end] = nursery.run(sh('echo "[${MAKEFLAGS-unset}]"'))
    nursery.close()

    assert end.output.text == "[unset]\n"


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["pyton3-nowhere"], "is not on PATH"),
        (["valgrnd"], "nearest is 'valgrind'"),
        (["./missing"], "does not exist"),
        (["build/missing"], "its folder"),
        (["./plain"], "is not executable; run `chmod +x ./plain`"),
        (["./orphan"], "its interpreter '/nowhere/python' does not exist"),
        (["./noshebang"], "neither a program nor a script with a #! line"),
        (["./folder"], "is a folder"),
        (["echo", "nul\0"], "embedded null"),
        (["echo", "x" * 3_000_000], "too long"),
    ],
)
def test_what_cannot_be_started_says_why_and_what_to_do(nursery, argv, said):
    for name, text, mode in (
        ("plain", "#!/bin/sh\n", 0o644),
        ("orphan", "#!/nowhere/python\n", 0o755),
        ("noshebang", "just text\n", 0o755),
    ):
        (nursery.folder / name).write_text(text)
        (nursery.folder / name).chmod(mode)
    (nursery.folder / "folder").mkdir()
    (tools := nursery.folder / "tools").mkdir()
    (tools / "valgrind").write_text("#!/bin/sh\n")
    path = f"{tools}:{os.environ['PATH']}"

    with pytest.raises(StartError, match=re.escape(said)):
        nursery.supervisor.start(nursery.launch(argv, env={"PATH": path}), lambda _: None)
    assert not nursery.supervisor.busy


def test_a_missing_working_folder_is_named_and_ours_is_kept(nursery):
    here = Path.cwd()
    with pytest.raises(StartError, match=r"working folder .*nowhere cannot be entered"):
        nursery.supervisor.start(
            nursery.launch(["true"], cwd=str(nursery.folder / "nowhere")), lambda _: None
        )
    assert Path.cwd() == here


def test_where_pidfds_are_forbidden_ends_are_still_seen(nursery, monkeypatch):
    def forbidden(pid: int, flags: int = 0) -> int:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "pidfd_open", forbidden)
    first, second = nursery.run(sh("echo a; exit 3"), sh("sleep 0.1; kill -ABRT $$"))

    assert (first.exit_code, first.output.text) == (3, "a\n")
    assert second.signal == "SIGABRT"


def test_without_a_list_of_orphans_groups_still_end(nursery):
    nursery.supervisor._custody.census.works = False
    [end] = nursery.run(sh("sleep 310 & echo $!"))
    nursery.supervisor._custody.census.works = True  # here it does, and reaps what was killed

    assert end.leaked == ()
    assert not alive(int(end.output.text))


def test_closing_ends_everything_at_once(nursery):
    ends: list = []
    child = nursery.start(sh("trap '' INT TERM; sleep 309; sleep 309"), ends)
    nursery.supervisor.close()

    assert not alive(child.pid)
    assert ends[0].signal == "SIGKILL"


def test_many_children_leave_no_descriptors_behind(nursery):
    nursery.run(["true"])
    before = len(list(Path("/proc/self/fd").iterdir()))
    nursery.run(*([["true"]] * 60))

    assert len(list(Path("/proc/self/fd").iterdir())) == before
