"""Run folders on disk from runs that are told, not run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from harness.model.event import RunStarted
from harness.record.folder import RunFolder, create_run_folder, point_latest
from harness.record.journal import JournalWriter
from suites.harness.run_builder import RunBuilder


def keep(reports: Path, name: str, run: RunBuilder, **plan: Any) -> RunFolder:
    """A run folder with the journal of that run."""
    folder = create_run_folder(reports, name)
    writer = JournalWriter(folder.journal)
    for event in run.all_events():
        if isinstance(event, RunStarted):
            changed = msgspec.structs.replace(event.plan, **plan)
            event = msgspec.structs.replace(event, run_id=name, plan=changed)
        writer.emit(event)
    writer.close()
    point_latest(folder)
    return folder
