"""What commands remember and recall: the seam between a run and the history of runs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from harness.errors import EvidenceError
from harness.judge import judge
from harness.model.event import Compared, Event, Noted, RunFinished
from harness.model.result import Status
from harness.model.run import NoHeaderError, fold

if TYPE_CHECKING:
    from harness.model.history import PastRun
    from harness.model.plan import Plan
    from harness.model.ports import Clock, EventSink
    from harness.model.run import Run
    from harness.record.folder import RunFolder
    from harness.record.history import History

CHANGES_KEPT = 500
LOOKED_AT = 200
READ_BYTES = 64 * 1024 * 1024
MARKED_CHECKS = 1_000


def open_history(root: Path, reports: Path) -> History:
    """The project's history, runs that could not tell of themselves included: killed ones.

    A damaged or lost one is rebuilt from the run folders. Raises `EvidenceError` when it cannot be
    used.
    """
    from harness.record.folder import list_runs
    from harness.record.history import HISTORY, History

    history = History(root / HISTORY, past=lambda: recorded(_readable(list_runs(reports))))
    try:
        seen = history.run_ids()
        unseen = [run for run in list_runs(reports)[-LOOKED_AT:] if run.run_id not in seen]
        # A run that came to its end was remembered then, or meant to be no line of its own.
        missing = [run for run in unseen if not _has_ended(run)] if seen else _readable(unseen)
        for run in recorded(missing):
            history.add(run)
    except BaseException:
        history.close()
        raise
    return history


def _readable(folders: Sequence[RunFolder]) -> list[RunFolder]:
    """The newest of the runs, as many as can be read in a few seconds; oldest first."""
    found: list[RunFolder] = []
    left = READ_BYTES
    for folder in reversed(folders[-LOOKED_AT:]):
        with contextlib.suppress(OSError):
            left -= folder.journal.stat().st_size
        if left < 0:
            break
        found.append(folder)
    return found[::-1]


def _has_ended(folder: RunFolder) -> bool:
    from harness.record.journal import is_finished

    try:
        return is_finished(folder.journal)
    except OSError:
        return True  # there is nothing to remember of it


def recorded(folders: Iterable[RunFolder]) -> Iterator[PastRun]:
    """Each of the runs that is over and that its folder can still prove."""
    from harness.compare import past
    from harness.record.journal import goes_on, read_journal

    for folder in folders:
        try:
            if goes_on(folder.journal):
                continue  # it will tell of itself
            run = fold(read_journal(folder.journal).events)
        except (OSError, EvidenceError, NoHeaderError):
            continue  # a damaged journal proves nothing, and `report` says so of each
        yield past(run, judge(run).conclusion)


def expected_durations(root: Path) -> dict[str, float]:
    """Seconds to expect of each check, from history; nothing is known where there is none.

    A history that cannot be used costs the order of checks, not the run: it is said at its end.
    """
    from harness.record.history import HISTORY, History

    if not (root / HISTORY).exists():
        return {}
    try:
        with History(root / HISTORY) as history:
            return history.durations()
    except EvidenceError:
        return {}


def with_clean_passes(root: Path, plan: Plan) -> Plan:
    """The plan, its quarantines knowing the clean passes that the history has of their checks.

    A history that is not there or cannot be used has none: then a quarantine lasts to its last day.
    """
    from harness.plan.release import ends_by_passing, with_clean_passes
    from harness.record.history import HISTORY, History

    if not ends_by_passing(plan) or not (root / HISTORY).exists():
        return plan
    try:
        with History(root / HISTORY) as history:
            return with_clean_passes(
                plan, lambda check, day: history.since(check, project=plan.project, day=day)
            )
    except EvidenceError:
        return plan


def remember(
    root: Path, reports: Path, events: Sequence[Event], now: Callable[[], float]
) -> list[Event]:
    """Compare a run whose checks have all ended with the past, and add it to the past.

    Gives what the journal should tell of it. Never raises for a history that cannot be used: the
    run goes on without, and says so.
    """
    from harness.compare import compare, past

    run = fold([*events, RunFinished(at=now())])
    this = past(run, judge(run).conclusion)
    try:
        with open_history(root, reports) as history:
            base = history.base(
                project=this.project,
                selection=this.selection,
                profile=this.profile,
                before=this.run_id,
            )
            if base is not None:
                # What the base left out, or did not know yet, may have answered in another run.
                unknown = this.checks.keys() - base.checks.keys()
                known = history.latest(unknown, project=this.project, without=this.run_id)
                base = msgspec.structs.replace(base, checks={**base.checks, **known})
            marks = history.marks(_marked(run), project=this.project, without=this.run_id)
            history.add(this)
            set_aside = history.set_aside
    except EvidenceError as error:
        return [Noted(at=now(), text=f"this run is not in the history: {error}")]
    said = []
    if set_aside:
        text = (
            f"the history was damaged: it was set aside as {set_aside}"
            " and built again from the run folders"
        )
        said.append(Noted(at=now(), text=text))
    comparison = None if base is None else compare(base, this, limit=CHANGES_KEPT)
    return [*said, Compared(at=now(), marks=marks, comparison=comparison)]


def _marked(run: Run) -> list[str]:
    """Whose marks the journal keeps: all, or of very many those that did not simply pass first."""
    ids = sorted(run.results, key=lambda result: result.status is Status.PASSED)
    return [result.check.id for result in ids[:MARKED_CHECKS]]


class Remembering:
    """An event sink before another: it puts what the past says before the run's last event.

    `events` are those of a run that is being resumed.
    """

    def __init__(
        self,
        sink: EventSink,
        *,
        root: Path,
        reports: Path,
        clock: Clock,
        events: Iterable[Event] = (),
    ) -> None:
        """Hand events on to `sink`; the history is that of the project at `root`."""
        self._sink = sink
        self._root = root
        self._reports = reports
        self._now = clock.monotonic
        self._events = list(events)

    def emit(self, event: Event) -> None:
        """Hand the event on, the past before the last one."""
        if isinstance(event, RunFinished):
            for said in remember(self._root, self._reports, self._events, self._now):
                self._sink.emit(said)
            event = RunFinished(at=self._now())
        self._events.append(event)
        self._sink.emit(event)
