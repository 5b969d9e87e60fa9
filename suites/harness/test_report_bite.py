"""Proof of bite on the page: a matrix whose every cell is a word, the open ones first, bounded."""

from __future__ import annotations

import re

from harness.judge import judge
from harness.model.fault import Catch, Proof
from harness.report import as_html, build
from harness.report import bite as module
from harness.report.bite import bite
from harness.report.shape import View
from suites.harness.run_builder import RunBuilder
from suites.harness.sample_runs import approved
from suites.harness.sample_told import told


def proof(check: str, fault: str, catch: Catch = Catch.CAUGHT, **more: object) -> Proof:
    fields = {"at": "2026-11-22T02:10:00Z", "key": "k", "reason": "said so", **more}
    return Proof(check=check, fault=fault, title=f"Title of {fault}", catch=catch, **fields)  # type: ignore[arg-type]


def view_of(builder: RunBuilder) -> View:
    run = builder.run()
    return build(run, judge(run))


def three() -> RunBuilder:
    builder = RunBuilder()
    builder.check(
        "p/a",
        must_catch=("one", "two"),
        proofs=(proof("p/a", "one"), proof("p/a", "two", Catch.SURVIVED)),
    )
    builder.check(
        "p/b",
        must_catch=("two", "three", "four"),
        proofs=(
            proof("p/b", "two", at="2026-11-23T02:00:00Z"),
            proof("p/b", "three", current=False),
        ),
    )
    builder.check("p/c")
    return builder


def test_the_matrix_has_a_line_for_each_check_and_a_column_for_each_fault() -> None:
    found = bite(view_of(three()))
    assert [name for name, _ in found.faults] == ["one", "two", "three", "four"]
    assert dict(found.faults)["four"] == ""
    words = {
        line.check.id: [pair.word if pair else "" for pair in line.cells] for line in found.lines
    }
    assert words == {
        "p/a": ["caught", "survived", "", ""],
        "p/b": ["", "caught", "caught", "not proven"],
    }
    assert [(line.caught, line.total) for line in found.lines] == [(1, 2), (1, 3)]
    assert found.counts == {"caught": 3, "survived": 1, "not proven": 1}
    assert (found.total, found.stale) == (5, 1)


def test_what_is_not_settled_comes_first_gravest_first() -> None:
    found = bite(view_of(three()))
    assert [(one.check.id, one.fault) for one in found.open] == [("p/a", "two"), ("p/b", "three")]
    assert [(one.check.id, one.fault) for one in found.never] == [("p/b", "four")]
    assert [(one.check.id, one.fault) for one in found.settled] == [("p/a", "one"), ("p/b", "two")]
    assert found.first is not None
    assert found.last is not None
    assert (found.first.at[:10], found.last.at[:10]) == ("2026-11-22", "2026-11-23")


def test_a_run_without_faults_tells_nothing_of_them(templates: dict[str, str]) -> None:
    builder = approved()
    assert bite(view_of(builder)).total == 0
    assert 'id="proof"' not in as_html(view_of(builder), templates)


def test_every_cell_says_its_word_and_every_column_its_fault(templates: dict[str, str]) -> None:
    page = as_html(view_of(told()), templates)
    matrix = page[
        page.index('class="matrix"') : page.index("</table>", page.index('class="matrix"'))
    ]
    cells = re.findall(r'<span class="hidden">([a-z, ]+)</span>', matrix)
    assert cells == ["caught", "survived, out of date", "inconclusive, out of date", "not proven"]
    heads = re.findall(r'<th scope="col"[^>]*><span>([\w-]+)</span></th>', matrix)
    assert heads == ["use-after-free", "null-query", "late-panic", "unproven"]
    assert '<th scope="row">' in matrix
    assert "Proven 2026-11-22 02:10:00 UTC at <code>312f693c0ffe</code>" in page


def test_a_matrix_too_large_to_read_is_cut_by_whole_lines_and_said(
    templates: dict[str, str],
) -> None:
    builder = RunBuilder()
    for number in range(120):
        names = tuple(f"f-{number:03d}-{one}" for one in range(5))
        proofs = tuple(proof(f"p/{number:03d}", name) for name in names)
        builder.check(f"p/{number:03d}", must_catch=names, proofs=proofs)
    found = bite(view_of(builder))
    assert len(found.lines) == 16
    assert len(found.faults) == 80
    assert all(len(line.cells) == 80 and line.total == 5 for line in found.lines)
    assert found.hidden_lines == 104
    assert found.counts == {"caught": 600}
    assert len(found.settled) == module._PAIRS
    assert found.hidden == 100
    page = as_html(view_of(builder), templates)
    assert "104 more checks not drawn" in page
    assert "100 more pairs of check and fault" in page
    assert len(page.encode()) < 1_000_000
