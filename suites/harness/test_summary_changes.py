"""What a run says of the run before it, in the job summary and on the terminal's last lines."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from harness.cli.replay import Replayed
from harness.cli.summary import print_summary
from harness.judge import judge
from harness.model.history import Change, Changed, Comparison
from harness.model.result import Conclusion
from harness.record.folder import RunFolder
from harness.report import as_summary, build
from suites.harness.sample_runs import blocked

BASE = "20261123T070000Z-1f0c2a"


def changed(change: Change, check: str, test: str = "", text: str = "passed before") -> Changed:
    return Changed(change=change, check=check, test=test, text=text)


def difference(*changes: Changed, **more: int) -> Comparison:
    counts: dict[Change, int] = {Change(name.replace("_", "-")): n for name, n in more.items()}
    for one in changes:
        counts[one.change] = counts.get(one.change, 0) + 1
    return Comparison(
        base=BASE,
        started_at="2026-11-23T07:00:00Z",
        conclusion=Conclusion.APPROVED,
        changes=changes,
        counts=counts,
    )


def replayed(found: Comparison | None) -> Replayed:
    run = blocked().run()
    verdict = judge(run)
    view = msgspec.structs.replace(build(run, verdict), comparison=found)
    return Replayed(run=run, verdict=verdict, view=view)


def told(found: Comparison | None, capsys: pytest.CaptureFixture[str]) -> str:
    print_summary(replayed(found), RunFolder(Path("reports") / "RUN"), as_json=False)
    return capsys.readouterr().out


FEW = difference(
    changed(Change.NEW_FAILURE, "p/unit", text="passed before, failed now"),
    changed(Change.NEW_FAILURE, "p/unit", "test_a"),
    changed(Change.NEW_FAILURE, "p/unit", "test_b"),
    changed(Change.STILL_FAILING, "p/old"),
    changed(Change.SLOWER, "p/slow", text="4.0 s before, 9.1 s now"),
    changed(Change.FIXED, "p/mended"),
)


def test_the_terminal_ends_with_what_changed(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [line.split(maxsplit=1) for line in told(FEW, capsys).splitlines() if line]
    said = [" ".join(line) for line in lines[-6:]]
    assert said == [
        f"since {BASE}, APPROVED: 3 newly failing, 1 still failing, 1 slower, 1 fixed",
        "newly failing p/unit: passed before, failed now (test_a, test_b)",
        "still failing p/old",
        "slower p/slow (4.0 s before, 9.1 s now)",
        "fixed p/mended",
        "report reports/RUN/report.html",
    ]


def test_the_job_summary_has_the_same_with_places_to_read_on() -> None:
    page = as_summary(replayed(FEW).view)
    assert "### Since the last run" in page
    assert f"Against run `{BASE}` (APPROVED): 3 newly failing, 1 still failing" in page
    assert "- **newly failing** `p/unit`: passed before, failed now; `test_a`, `test_b`" in page
    assert "- **fixed** `p/mended`" in page
    assert "Everything by name" not in page


def test_nothing_changed_and_no_run_before_are_told_apart(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "nothing changed" in told(difference(), capsys)
    assert "nothing changed" in as_summary(replayed(difference()).view)
    assert "since" not in told(None, capsys)
    assert "Since the last run" not in as_summary(replayed(None).view)


def test_no_count_hides_the_name_of_a_new_failure(capsys: pytest.CaptureFixture[str]) -> None:
    many = difference(*(changed(Change.NEW_FAILURE, f"p/c{n:02}") for n in range(60)))
    text, page = told(many, capsys), as_summary(replayed(many).view)
    for number in range(60):
        assert f"p/c{number:02}" in text
        assert f"`p/c{number:02}`" in page


def test_what_is_left_off_is_counted_and_named_by_a_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    others = difference(*(changed(Change.FIXED, f"p/c{n:02}") for n in range(60)), new_failure=700)
    command = f"release-manager report diff {BASE}"
    text, page = told(others, capsys), as_summary(replayed(others).view)
    assert "p/c00, p/c01, p/c02, p/c03 and 56 more checks" in text
    assert "- **fixed** and 52 more checks" in page
    for said in (text, page):
        assert "700 newly failing, 60 fixed" in said
        assert command in said


def test_a_nearly_full_summary_still_says_what_changed() -> None:
    many = difference(*(changed(Change.NEW_FAILURE, f"p/{'x' * 90}{n}") for n in range(300)))
    page = as_summary(replayed(many).view, 4_500)
    assert len(page.encode()) <= 4_500
    assert "300 newly failing" in page
    assert "Everything by name" in page


def test_hostile_names_stay_text() -> None:
    evil = difference(changed(Change.NEW_FAILURE, "p/`x`", "<script>|@all", "**bold**"))
    page = as_summary(replayed(evil).view)
    assert "`` p/`x` ``" in page
    assert "`<script>|@all`" in page
    assert "**bold**" not in page
