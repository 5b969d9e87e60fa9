"""The one view model, and the JSON report that is it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import msgspec
import pytest

from harness.judge import judge
from harness.model.event import decode, encode
from harness.model.result import Conclusion, SkipReason, Status
from harness.model.run import fold
from harness.report import as_html, as_json, as_summary, build, render_all
from harness.report.shape import How, View
from harness.report.text import (
    both_ends,
    clip_lines,
    first_line,
    plain,
    plain_tree,
    plural,
    seconds,
    size,
)
from suites.harness.run_builder import RunBuilder
from suites.harness.sample_extremes import hostile, large
from suites.harness.sample_runs import approved, blocked, incomplete


def view_of(builder: RunBuilder, **how: object) -> View:
    run = builder.run(**how)  # type: ignore[arg-type]
    return build(run, judge(run))


@pytest.mark.parametrize("example", [approved, blocked, incomplete])
def test_the_json_report_is_as_agreed(
    example: Callable[[], RunBuilder], golden: Callable[[str, bytes], None]
) -> None:
    golden(f"{example.__name__}.json", as_json(view_of(example())))


def test_the_json_report_reads_back_as_the_view() -> None:
    view = view_of(blocked())
    assert msgspec.json.decode(as_json(view), type=View) == view
    assert msgspec.json.decode(as_json(view))["schema"] == 1


def test_a_replayed_journal_gives_the_same_bytes(templates: dict[str, str]) -> None:
    events = blocked().all_events()
    replayed = [decode(encode(event)) for event in events]
    first, second = fold(events), fold(replayed)
    assert render_all(build(first, judge(first)), templates) == render_all(
        build(second, judge(second)), templates
    )


@pytest.mark.parametrize(
    ("builder", "how", "sentence"),
    [
        (approved(), {}, "7 of 8 checks passed; 1 not applicable here."),
        (blocked(), {}, "4 of 15 checks stand in the way, and 3 more gave no answer."),
        (
            incomplete(),
            {"interrupted": "SIGINT"},
            "The run was interrupted: 3 of 8 checks gave no answer that counts.",
        ),
        (RunBuilder(), {}, "Nothing was verified: the plan holds no check."),
        (large(3, 0), {}, "All 3 checks passed."),
        (large(1, 0), {}, "The one check passed."),
        (large(2, 0), {"finished": False}, "The run did not finish."),
    ],
)
def test_the_sentence_stands_alone(
    builder: RunBuilder, how: dict[str, object], sentence: str
) -> None:
    assert view_of(builder, **how).verdict.sentence == sentence


def test_executed_reused_and_unanswered_are_counted_apart() -> None:
    builder = RunBuilder()
    builder.check("p/ran")
    builder.check("p/reused", reused_from="run-1")
    builder.skip("p/skipped", SkipReason.NOT_APPLICABLE, "not here")
    builder.deselect("p/other", "q/other")
    builder.preclude("p/precluded", "cut short")
    view = view_of(builder)
    counts = view.counts
    assert (counts.executed, counts.reused, counts.unanswered) == (1, 1, 2)
    assert counts.skips == {SkipReason.NOT_APPLICABLE: 1}
    assert counts.deselected == 2
    assert view.phases[0].deselected == 1
    assert [check.how for check in view.phases[0].checks] == [
        How.EXECUTED,
        How.REUSED,
        How.NONE,
        How.NONE,
    ]


def test_every_count_is_the_sum_of_what_it_counts() -> None:
    view = view_of(blocked())
    checks = [check for phase in view.phases for check in phase.checks]
    assert view.counts.checks.total == len(checks) == 15
    assert view.counts.tests.total == sum(len(check.records) for check in checks)
    for status in Status:
        assert getattr(view.counts.checks, status.value) == sum(
            check.status is status for check in checks
        )


def test_what_blocks_stands_before_what_warns() -> None:
    view = view_of(blocked())
    assert view.attention[:4] == ("v7-1/boundary[cffi]", "v7-1/lint", "v7-1/stream", "v7-1/leaks")
    assert view.attention[-1] == "v7-1/vendor"
    assert view.unanswered == ("v7-1/package", "v7-1/container")


def test_a_reused_check_that_a_policy_refuses_is_not_shown_as_broken() -> None:
    builder = RunBuilder()
    builder.check("p/reused", reused_from="run-1")
    view = view_of(builder)
    assert view.verdict.conclusion is Conclusion.INCOMPLETE
    assert view.attention == ()


def test_anchors_are_unique_even_where_ids_look_alike() -> None:
    builder = RunBuilder()
    for name in ("p/a[x,y]", "p/a[x y]", "p/a-x-y"):
        builder.check(name)
    anchors = [check.anchor for check in view_of(builder).phases[0].checks]
    assert len(set(anchors)) == 3
    assert all(" " not in anchor for anchor in anchors)


def test_the_command_to_repeat_a_check_survives_a_shell() -> None:
    builder = RunBuilder()
    builder.check("p/a[it's $HOME]")
    (check,) = view_of(builder).phases[0].checks
    assert check.reproduce == """release-manager verify 'p/a[it'"'"'s $HOME]'"""


def test_the_timeline_never_draws_two_checks_over_each_other() -> None:
    timeline = view_of(large(200, 0)).timeline
    assert timeline.lanes == 8
    by_lane: dict[int, list[tuple[float, float]]] = {}
    for span in timeline.spans:
        by_lane.setdefault(span.lane, []).append((span.start, span.end))
    for spans in by_lane.values():
        spans.sort()
        assert all(before[1] <= after[0] for before, after in pairwise(spans))


def test_the_critical_chain_is_the_longest_by_time() -> None:
    builder = RunBuilder()
    builder.check("p/quick", took=1.0, at=0.0)
    builder.check("p/slow", took=9.0, at=0.0)
    builder.check("p/middle", took=2.0, at=9.0, needs=("p/quick", "p/slow"))
    builder.check("p/alone", took=10.5, at=0.0)
    timeline = view_of(builder).timeline
    assert timeline.critical == ("p/slow", "p/middle")
    assert timeline.critical_seconds == pytest.approx(11.0)


def test_a_version_row_that_does_not_say_it_agrees_does_not() -> None:
    builder = RunBuilder()
    builder.check("p/versions", kind="versions", metrics={"rows": [{"name": "x"}, "not a row"]})
    (table,) = view_of(builder).versions
    assert [row.ok for row in table.rows] == [False]


def test_an_earlier_attempt_keeps_its_evidence() -> None:
    stream = view_of(blocked()).checks()["v7-1/stream"]
    assert stream.status is Status.FLAKY
    (earlier,) = stream.earlier
    assert (earlier.number, earlier.message) == (1, "timed out waiting for the terminator")
    assert stream.reason == "attempt 1 failed: timed out waiting for the terminator"


def test_nothing_in_the_view_is_a_control_character() -> None:
    text = as_json(view_of(hostile())).decode()
    for bad in ("\\u001b", "\\u0000", "\u202e", "\u2066", "\x7f"):
        assert bad not in text


# Text


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("as it is: ünïcödé ✓ 日本語\ttab\nline", "as it is: ünïcödé ✓ 日本語\ttab\nline"),
        ("\x1b[1;31mred\x1b[0m\x1b[2K", "red"),
        ("\x1b]0;title\x07\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bPsixel\x1b\\\x9b31mred\x1bM", "red"),
        ("unterminated \x1b]0;title\nkept", "unterminated \nkept"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("nul \x00 bell \x07 del \x7f esc \x1b", "nul ␀ bell ␇ del ␡ esc ␛"),
        ("\u202egnp.exe\u2066\ufeff", "⟨U+202E⟩gnp.exe⟨U+2066⟩⟨U+FEFF⟩"),
        ("\ud800\ufffe\x85", "⟨U+D800⟩⟨U+FFFE⟩⟨U+0085⟩"),
    ],
)
def test_plain_text_is_inert_and_idempotent(raw: str, clean: str) -> None:
    assert plain(raw) == clean
    assert plain(clean) == clean
    assert plain_tree({raw: [raw, 1, None, (raw,)]}) == {clean: [clean, 1, None, [clean]]}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (0.0, "<1 ms"),
        (0.0006, "1 ms"),
        (0.0994, "99 ms"),
        (0.9996, "1.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.6, "1 min 00 s"),
        (125, "2 min 05 s"),
        (3725, "1 h 02 min"),
    ],
)
def test_durations_are_for_people(value: float | None, text: str) -> None:
    assert seconds(value) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (10_240, "10 KiB"), (5 << 30, "5.0 GiB")],
)
def test_sizes_are_for_people(count: int, text: str) -> None:
    assert size(count) == text


def test_what_is_cut_is_said() -> None:
    assert both_ends("x" * 10, 10) == "x" * 10
    cut = both_ends("a" * 500 + "z" * 500, 300)
    assert cut.startswith("a" * 100 + "\n[… 700 characters left off here …]\n" + "z" * 200)
    assert clip_lines("ab\n" + "c" * 30, 10) == "ab\n" + "c" * 10 + " [… 20 more characters]"
    assert first_line("\n\n  said\nmore") == "said"
    assert first_line("x" * 9, 5) == "xxxx…"
    assert plural(1, "check") == "1 check"
    assert plural(1_000, "entry", "entries") == "1,000 entries"


def test_a_summary_refuses_a_budget_that_holds_no_verdict(templates: dict[str, str]) -> None:
    view = view_of(approved())
    with pytest.raises(ValueError, match="at least 4,000 bytes"):
        as_summary(view, 100)
    assert "APPROVED" in as_html(view, templates)
