"""The difference between two runs, check by check and test by test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from harness.model.history import Change, Changed, Comparison, PastCheck, PastRun, PastTest
from harness.model.result import Status

SLOWER_FACTOR = 1.5
SLOWER_SECONDS = 1.0
_BAD = frozenset({Status.FAILED, Status.ERRORED})
_ANSWERS = frozenset({Status.PASSED, Status.FAILED, Status.ERRORED, Status.FLAKY})
_RANK = {change: rank for rank, change in enumerate(Change)}


def compare(base: PastRun, run: PastRun, *, limit: int | None = None) -> Comparison:
    """How `run` differs from `base`, gravest first; `changes` holds at most `limit`.

    A failure is new when the base did not fail there, whether it passed, had no answer or did not
    exist. What gave no answer this time is no difference: the run itself says why. A test is gone
    only when its check was answered in both runs. Slower is half as long again and a second more:
    two runs alone have no spread (see `regression` for what does). A check that one of the runs
    left out is neither gone nor added.
    """
    found = sorted(
        _differences(base, run), key=lambda one: (_RANK[one.change], one.check, one.test)
    )
    return Comparison(
        base=base.run_id,
        started_at=base.started_at,
        conclusion=base.conclusion,
        changes=tuple(found if limit is None else found[:limit]),
        counts=dict(Counter(one.change for one in found)),
    )


def _differences(base: PastRun, run: PastRun) -> Iterator[Changed]:
    left_out, left_out_before = frozenset(run.deselected), frozenset(base.deselected)
    for name, after in run.checks.items():
        before = base.checks.get(name)
        found = [*_one(name, "", before, after), *_tests(name, before, after)]
        yield from (_unlike(found) if name in left_out_before else found)
    for name, before in base.checks.items():
        if name not in run.checks and name not in left_out:
            yield _changed(Change.GONE, name, "", before, None, "no longer in the plan")


def _unlike(found: Iterable[Changed]) -> Iterator[Changed]:
    """What is left to say of a check that the base did not select: that it fails, not that it is.

    Whether it would have failed then, too, nobody knows.
    """
    for one in found:
        if one.change is not Change.ADDED and one.after is not None:
            yield replace(one, text=f"not selected before, {one.after.value} now")


def _tests(check: str, before: PastCheck | None, after: PastCheck) -> Iterator[Changed]:
    earlier = before.tests if before is not None else {}
    for name, test in after.tests.items():
        old = earlier.get(name)
        # The first tests of a check that gave none before are not each news, unless they fail.
        if old is not None or earlier or test.status in _BAD or test.status is Status.FLAKY:
            yield from _one(check, name, old, test)
    if after.status in _ANSWERS and after.tests:
        for name, old in earlier.items():
            if name not in after.tests:
                yield _changed(Change.GONE, check, name, old, None, "no longer reported")


def _one(
    check: str, test: str, before: PastCheck | PastTest | None, after: PastCheck | PastTest
) -> Iterator[Changed]:
    was = before.status if before is not None else None
    if after.status in _BAD:
        change = Change.STILL_FAILING if was in _BAD else Change.NEW_FAILURE
        text = f"{after.status.value}, as before" if was is after.status else _from(was, after)
        yield _changed(change, check, test, before, after, text)
    elif after.status is Status.FLAKY:
        yield _changed(Change.FLAKY, check, test, before, after, _from(was, after))
    elif before is None:
        yield _changed(Change.ADDED, check, test, None, after, f"new, {after.status.value}")
    elif after.status is Status.PASSED:
        if was in _BAD or was is Status.FLAKY:
            yield _changed(Change.FIXED, check, test, before, after, _from(was, after))
        elif is_slower(before.seconds, after.seconds):
            text = f"{before.seconds or 0:.1f} s before, {after.seconds or 0:.1f} s now"
            yield _changed(Change.SLOWER, check, test, before, after, text)


def is_slower(before: float | None, after: float | None) -> bool:
    """Half as long again, and at least a second more."""
    if before is None or after is None:
        return False
    return after >= before * SLOWER_FACTOR and after - before >= SLOWER_SECONDS


def _from(was: Status | None, after: PastCheck | PastTest) -> str:
    return f"{was.value if was else 'not there'} before, {after.status.value} now"


def _changed(
    change: Change,
    check: str,
    test: str,
    before: PastCheck | PastTest | None,
    after: PastCheck | PastTest | None,
    text: str,
) -> Changed:
    return Changed(
        change=change,
        check=check,
        test=test,
        text=text,
        before=before.status if before is not None else None,
        after=after.status if after is not None else None,
    )
