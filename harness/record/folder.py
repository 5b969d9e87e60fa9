"""Run folders: one per run under the reports folder, `latest` pointing at the newest."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import EvidenceError, HostError
from harness.record.journal import JOURNAL_NAME

if TYPE_CHECKING:
    from datetime import datetime

LATEST = "latest"
_RUN_ID = re.compile(r"^\d{8}T\d{6}Z-[0-9a-f]{6}$")


def new_run_id(moment: datetime, token: int) -> str:
    """An id such as `20261123T073105Z-1f0c2a`; ids sort by their moment (in UTC).

    The last six digits are the millisecond within the second, then `token` (0 to 4095), which
    keeps two runs of the same millisecond apart.
    """
    return f"{moment:%Y%m%dT%H%M%SZ}-{moment.microsecond // 1000:03x}{token:03x}"


class RunFolder:
    """The folder of one run: its journal, its reports, its checks' work files."""

    def __init__(self, path: Path) -> None:
        """Name a folder; nothing is touched."""
        self.path = path
        self.journal = path / JOURNAL_NAME

    @property
    def run_id(self) -> str:
        """The run's id, which is the folder's name."""
        return self.path.name

    def write(self, name: str, content: bytes) -> Path:
        """Write one report whole or not at all. Raises `HostError`."""
        target = self.path / name
        partial = self.path / f".{name}.partial"
        try:
            partial.write_bytes(content)
            partial.replace(target)
        except OSError as error:
            raise HostError(
                f"{target}: the report cannot be written ({error.strerror})",
                next_step="free space or choose another folder with --output; the journal is kept",
            ) from error
        return target


def make_ignored(folder: Path) -> None:
    """Make a folder of ours, if it is not there, with a note that git has to leave it alone.

    One that somebody made is theirs: nothing is written into it. Raises `OSError`.
    """
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        return
    (folder / ".gitignore").write_text("# Made by release-manager.\n*\n", encoding="utf-8")


def create_run_folder(reports: Path, run_id: str) -> RunFolder:
    """Make the folder of a new run. Raises `HostError` when the place refuses."""
    path = reports / run_id
    try:
        make_ignored(reports)
        path.mkdir()
    except OSError as error:
        raise HostError(
            f"{path}: the run folder cannot be created ({error.strerror})",
            next_step="choose a writable folder with --output",
        ) from error
    return RunFolder(path)


def point_latest(folder: RunFolder) -> None:
    """Let `latest` beside the folder point at it, atomically. Raises `HostError`."""
    link = folder.path.parent / LATEST
    partial = folder.path.parent / f".{LATEST}-{folder.run_id}"
    try:
        partial.unlink(missing_ok=True)  # left by a process that was killed right here
        partial.symlink_to(folder.run_id, target_is_directory=True)
        partial.replace(link)
    except OSError as error:
        raise HostError(
            f"{link}: cannot be pointed at the new run ({error.strerror})",
            next_step="remove what stands there, it should be a symbolic link",
        ) from error


def find_run(reports: Path, name: str) -> RunFolder:
    """The folder of a run by id, unique beginning of an id, path, or `latest`.

    Raises `EvidenceError` when there is none, or more than one.
    """
    direct = Path(name)
    if (direct / JOURNAL_NAME).exists():
        return RunFolder(direct.resolve())
    if name == LATEST:
        link = reports / LATEST
        if (link / JOURNAL_NAME).exists():
            return RunFolder(link.resolve())
        raise EvidenceError(f"{reports}: no run yet", next_step="run `release-manager verify`")
    matches = [run for run in list_runs(reports) if run.run_id.startswith(name)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        ids = ", ".join(run.run_id for run in matches[:5])
        raise EvidenceError(f"{name!r} begins {len(matches)} runs: {ids}", next_step="say more")
    raise EvidenceError(
        f"{reports}: no run {name!r}",
        next_step="see the folder for the runs there are, or use `latest`",
    )


def list_runs(reports: Path) -> list[RunFolder]:
    """Every run folder under `reports`, oldest first."""
    if not reports.is_dir():
        return []
    names = sorted(entry.name for entry in os.scandir(reports) if _RUN_ID.match(entry.name))
    return [RunFolder(reports / name) for name in names]
