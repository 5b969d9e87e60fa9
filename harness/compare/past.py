"""What is worth remembering of a run."""

from __future__ import annotations

from harness.model.history import PastCheck, PastRun, PastTest
from harness.model.result import Conclusion
from harness.model.run import CheckResult, Run

KILLED = "killed"
"""What ended a run early that did not live to say it."""


def past(run: Run, conclusion: Conclusion) -> PastRun:
    """The run as history keeps it and as two runs are compared."""
    header = run.header
    commit = header.source.get("commit", "")
    return PastRun(
        run_id=header.run_id,
        started_at=header.started_at,
        project=header.plan.project,
        selection=header.plan.selection,
        profile=header.plan.profile_name,
        conclusion=conclusion,
        complete=run.finished and not run.interrupted,
        seconds=run.duration,
        commit=commit if commit.isalnum() else "",  # git says `(initial)` before the first one
        interrupted=run.interrupted or ("" if run.finished else KILLED),
        deselected=header.plan.deselected,
        checks={result.check.id: _check(result) for result in run.results},
    )


def _check(result: CheckResult) -> PastCheck:
    last = result.last
    executed = last is not None and not result.reused_from
    return PastCheck(
        status=result.status,
        # The attempt that decided: waiting for another attempt says nothing about the check.
        seconds=max(0.0, last.at - last.started) if last is not None and executed else None,
        reused=bool(result.reused_from),
        tests={
            test.id: PastTest(status=test.status, seconds=test.duration) for test in result.tests
        },
    )
