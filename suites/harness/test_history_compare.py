"""Comparing runs, and telling a regression from a noisy run."""

from __future__ import annotations

import msgspec
import pytest

from harness.compare import compare, regression
from harness.model.history import Change, PastCheck, PastRun, PastTest
from harness.model.result import Conclusion, Status

P, F, E, K, X, S = (
    Status.PASSED,
    Status.FAILED,
    Status.ERRORED,
    Status.FLAKY,
    Status.PRECLUDED,
    Status.SKIPPED,
)


def past(name: str, **checks: PastCheck) -> PastRun:
    return PastRun(
        run_id=name,
        started_at="2026-11-23T07:00:00Z",
        project="Sample",
        selection="all",
        profile="change",
        conclusion=Conclusion.APPROVED,
        complete=True,
        seconds=1.0,
        checks=checks,
    )


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (P, F, Change.NEW_FAILURE),
        (X, E, Change.NEW_FAILURE),
        (None, F, Change.NEW_FAILURE),
        (F, E, Change.STILL_FAILING),
        (P, K, Change.FLAKY),
        (F, P, Change.FIXED),
        (K, P, Change.FIXED),
        (None, P, Change.ADDED),
        (P, None, Change.GONE),
        (P, P, None),
        (P, X, None),
        (F, X, None),
        (S, P, None),
    ],
)
def test_each_pair_of_ends_is_one_change(
    before: Status | None, after: Status | None, change: Change | None
) -> None:
    base = past("base", **({"a": PastCheck(status=before)} if before else {}))
    run = past("run", **({"a": PastCheck(status=after)} if after else {}))
    found = compare(base, run)
    assert [one.change for one in found.changes] == ([change] if change else [])


def test_tests_are_compared_and_gone_only_when_their_check_answered() -> None:
    def check(status: Status, **tests: Status) -> PastCheck:
        return PastCheck(
            status=status, tests={name: PastTest(status=end) for name, end in tests.items()}
        )

    base = past("base", a=check(P, one=P, two=P, old=P), b=check(P, lost=P))
    run = past("run", a=check(F, one=F, two=P, new=P), b=check(X))
    found = {(one.change, one.check, one.test) for one in compare(base, run).changes}
    assert found == {
        (Change.NEW_FAILURE, "a", ""),
        (Change.NEW_FAILURE, "a", "one"),
        (Change.ADDED, "a", "new"),
        (Change.GONE, "a", "old"),
    }


def test_what_one_of_the_runs_left_out_is_neither_gone_nor_added() -> None:
    left = msgspec.structs.replace(past("base", a=PastCheck(status=P)), deselected=("b", "c"))
    right = msgspec.structs.replace(
        past("run", b=PastCheck(status=P), c=PastCheck(status=F)), deselected=("a",)
    )
    found = compare(left, right)
    assert [(one.change, one.check, one.text) for one in found.changes] == [
        (Change.NEW_FAILURE, "c", "not selected before, failed now")
    ]


def test_counts_hold_what_the_limit_left_off() -> None:
    checks = {f"c{number}": PastCheck(status=F) for number in range(9)}
    found = compare(past("base"), past("run", **checks), limit=2)
    assert len(found.changes) == 2
    assert found.counts == {Change.NEW_FAILURE: 9}


@pytest.mark.parametrize(
    ("before", "after", "slower"),
    [(4.0, 6.0, True), (4.0, 5.9, False), (0.1, 0.9, False), (None, 9.0, False)],
)
def test_slower_is_half_as_long_again_and_a_second(
    before: float | None, after: float, slower: bool
) -> None:
    found = compare(
        past("base", a=PastCheck(status=P, seconds=before)),
        past("run", a=PastCheck(status=P, seconds=after)),
    )
    assert bool(found.changes) is slower


def test_one_noisy_run_is_no_regression() -> None:
    steady = [1.0, 1.02, 0.99, 1.01, 1.0, 1.03, 0.98]
    assert regression("a", [*steady, 1.0, 9.0, 1.0]) is None
    assert regression("a", [*steady, 9.0, 1.0, 1.0, 1.0]) is None


def test_a_lasting_change_is_a_regression_with_its_spread() -> None:
    found = regression("a", [1.0, 1.02, 0.99, 1.01, 1.0, 1.5, 1.6, 1.5])
    assert found is not None
    assert (found.before, found.now) == (1.0, 1.5)
    assert 0 < found.spread < 0.1


def test_a_change_within_the_spread_is_none() -> None:
    assert regression("a", [1.0, 2.0, 1.0, 2.0, 1.5, 2.0, 2.1, 2.0]) is None


def test_too_few_runs_prove_nothing() -> None:
    assert regression("a", [1.0, 1.0, 1.0, 1.0, 9.0, 9.0, 9.0]) is None
