"""`--last-failed`: what the newest run leaves to be mended."""

from __future__ import annotations

from pathlib import Path

from harness.errors import UsageError
from harness.plan.selection import Narrowed


def last_failed(reports: Path) -> Narrowed:
    """The checks that failed, errored, were flaky or never ran in the newest run.

    Raises `EvidenceError` when there is no run or its journal proves nothing, and `UsageError`
    when everything in it passed: a run of nothing must not look like an approval.
    """
    from harness.cli.replay import replay
    from harness.judge.observe import believed
    from harness.model.result import Status
    from harness.record.folder import LATEST, find_run

    folder = find_run(reports, LATEST)
    wanted = {Status.FAILED, Status.ERRORED, Status.FLAKY, Status.PRECLUDED}
    found = [
        result.check.id for result in replay(folder).run.results if believed(result)[0] in wanted
    ]
    if not found:
        raise UsageError(
            f"no check failed in the newest run, {folder.run_id}",
            next_step="leave --last-failed out to run everything",
        )
    return Narrowed(
        words="what did not pass last time",
        reasons=dict.fromkeys(found, f"did not pass in run {folder.run_id}"),
    )
