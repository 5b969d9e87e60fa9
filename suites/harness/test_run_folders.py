from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from harness.errors import EvidenceError, HostError
from harness.record.folder import (
    create_run_folder,
    find_run,
    list_runs,
    new_run_id,
    point_latest,
)

A = "20260101T000000Z-00000a"
B = "20260102T000000Z-00000b"


def make(reports: Path, run_id: str) -> None:
    create_run_folder(reports, run_id).journal.write_text("x")


def test_a_run_id_sorts_by_time() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert new_run_id(start, 10) == A
    moments = [start + timedelta(milliseconds=61 * step) for step in range(40)]
    ids = [new_run_id(moment, 4095 - step) for step, moment in enumerate(moments)]
    assert ids == sorted(ids)


def test_a_link_half_made_by_a_killed_process_is_no_obstacle(tmp_path: Path) -> None:
    make(tmp_path, A)
    (tmp_path / f".latest-{A}").symlink_to(A)
    point_latest(find_run(tmp_path, A))
    assert (tmp_path / "latest").resolve().name == A


def test_runs_are_found_by_id_beginning_path_and_latest(tmp_path: Path) -> None:
    make(tmp_path, A)
    make(tmp_path, B)
    point_latest(find_run(tmp_path, B))
    assert [run.run_id for run in list_runs(tmp_path)] == [A, B]
    assert find_run(tmp_path, "20260101").run_id == A
    assert find_run(tmp_path, str(tmp_path / A)).run_id == A
    assert find_run(tmp_path, "latest").run_id == B


@pytest.mark.parametrize(
    ("name", "message"),
    [("latest", "no run yet"), ("2026", "begins 2 runs"), ("1999", "no run '1999'")],
)
def test_what_cannot_be_found_is_said(tmp_path: Path, name: str, message: str) -> None:
    make(tmp_path, A)
    make(tmp_path, B)
    with pytest.raises(EvidenceError, match=message):
        find_run(tmp_path, name)


def test_git_leaves_alone_what_we_made_and_we_what_others_made(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    make(tmp_path / "ours", A)
    make(theirs, A)
    assert (tmp_path / "ours/.gitignore").read_text().endswith("*\n")
    assert [one.name for one in theirs.iterdir()] == [A]


def test_latest_moves_and_never_breaks(tmp_path: Path) -> None:
    for run_id in (A, B):
        make(tmp_path, run_id)
        point_latest(find_run(tmp_path, run_id))
        assert (tmp_path / "latest").resolve().name == run_id


def test_a_place_that_refuses_is_said(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("a file, not a folder")
    with pytest.raises(HostError, match="choose a writable folder with --output"):
        create_run_folder(tmp_path / "reports", A)
    folder = tmp_path / "other" / "latest"
    folder.mkdir(parents=True)
    with pytest.raises(HostError, match="symbolic link"):
        point_latest(create_run_folder(tmp_path / "other", A))


def test_a_report_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    folder = create_run_folder(tmp_path, A)
    folder.write("report.json", b"{}")
    assert (folder.path / "report.json").read_bytes() == b"{}"
    (folder.path / ".report.html.partial").mkdir()
    with pytest.raises(HostError, match="journal is kept"):
        folder.write("report.html", b"x")
    assert not (folder.path / "report.html").exists()
