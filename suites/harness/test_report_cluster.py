"""Failures that say the same: what a signature keeps, what it forgets, what stands together."""

from __future__ import annotations

import time

import pytest

from harness.judge import judge
from harness.model.result import Status, TestRecord
from harness.report import build
from harness.report.cluster import signature
from suites.harness.run_builder import RunBuilder
from suites.harness.sample_extremes import HOSTILE
from suites.harness.sample_told import told


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("timed out after 30 s", "timed out after 31.5 s"),
        ("at 0x7f3a12 in free", "at 0x55aa01 in free"),
        ("no file /a/b/c.txt", "no file /d/e.txt"),
        ("KeyError: 'usage'", "KeyError: 'id'"),
        ('missing "a b"', 'missing "c"'),
        ("GET http://127.0.0.1:41000/x", "GET http://127.0.0.1:42000/y?z=1"),
        ("commit 312f693c0ffe is bad", "commit aaaaaaaaaaa1 is bad"),
        ("job 123e4567-e89b-12d3-a456-426614174000", "job 00000000-e89b-12d3-a456-42661417400a"),
        ("a line\nE   ValueError: 3 of 4\nmore", "other\nE   ValueError: 7 of 9"),
    ],
)
def test_what_differs_by_chance_is_forgotten(one: str, other: str) -> None:
    assert signature(one) == signature(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [("KeyError: 'a'", "ValueError: 'a'"), ("timed out", "refused"), ("it's odd", "it's even")],
)
def test_what_differs_in_words_stays_apart(one: str, other: str) -> None:
    assert signature(one) != signature(other)


def test_a_signature_is_bounded_and_quick() -> None:
    began = time.process_time()
    for text in ("'" * 1_000_000, "a/" * 500_000, "\\" * 1_000_000, HOSTILE * 1_000, "\n" * 10**6):
        assert len(signature(text)) <= 240
    assert time.process_time() - began < 5  # a bound on the kind of growth, not on speed


def test_alike_failures_are_counted_with_an_example() -> None:
    run = told().run()
    (found,) = build(run, judge(run)).clusters
    assert found.count == len(found.members) == 9
    assert found.example.startswith("ConnectionRefusedError: 127.0.0.1:40000")
    assert found.members[0].check == "v7-1/boundary"


def test_one_failure_alone_and_silent_ones_are_no_cluster() -> None:
    builder = RunBuilder()
    silent = [TestRecord(id=str(number), status=Status.FAILED) for number in range(3)]
    builder.check("p/a", Status.FAILED, message="odd", tests=silent)
    builder.check("p/b", Status.FAILED, message="cannot link libz 1.2")
    builder.check("p/c", Status.PASSED, message="cannot link libz 1.3")
    run = builder.run()
    assert build(run, judge(run)).clusters == ()


def test_checks_without_tests_stand_together_too() -> None:
    builder = RunBuilder()
    for number in range(150):
        builder.check(f"p/{number}", Status.ERRORED, message=f"no answer within {number} s")
    run = builder.run()
    (found,) = build(run, judge(run)).clusters
    assert found.count == 150
    assert len(found.members) == 100
