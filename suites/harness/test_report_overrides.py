"""Every override stands in the reports with its owner, issue and date, needed or not."""

from __future__ import annotations

import msgspec

from harness.judge import judge
from harness.model.result import Override, OverrideKind, Status
from harness.model.spec import Position
from harness.report import as_html, as_summary, build
from harness.report.shape import View
from suites.harness.run_builder import WAIVER, RunBuilder


def view(*overrides: Override, status: Status = Status.PASSED) -> View:
    builder = RunBuilder()
    builder.check("p/plain")
    for number, given in enumerate(overrides):
        builder.check(f"p/x{number}", status, message="said", override=given)
    run = builder.run()
    return build(run, judge(run))


OVER = msgspec.structs.replace(
    WAIVER,
    kind=OverrideKind.QUARANTINED,
    owner="Grace <b>",
    expires="2026-11-22",
    position=Position(file="phases/waivers.yaml", line=7, column=5),
)


def test_the_page_lists_overrides_that_no_failure_needed(templates: dict[str, str]) -> None:
    page = as_html(view(WAIVER, OVER), templates)
    assert page.count('id="overrides"') == 1
    part = page.partition('id="overrides"')[2].partition("</section>")[0]
    for word in ("p/x0", "waived until 2026-12-31", "Ada Lovelace", "PROJ-142", "p/x1",
                 "quarantined until 2026-11-22", "over, lifts nothing", "Grace &lt;b&gt;",
                 "phases/waivers.yaml:7:5"):  # fmt: skip
        assert word in part, word
    assert "p/plain" not in part


def test_the_page_says_in_the_card_that_an_override_is_over(templates: dict[str, str]) -> None:
    page = as_html(view(OVER, status=Status.FAILED), templates)
    assert "2026-11-22, which is over, so it lifts nothing, by Grace" in page
    assert "which is over" not in as_html(view(WAIVER, status=Status.FAILED), templates)


def test_without_overrides_the_page_does_not_speak_of_them(templates: dict[str, str]) -> None:
    assert 'id="overrides"' not in as_html(view(), templates)


def test_the_summary_lists_every_override_with_owner_issue_and_date() -> None:
    text = as_summary(view(WAIVER, OVER))
    assert "- `p/x0` (passed) waived until 2026-12-31 by Ada Lovelace (PROJ-142): " in text
    assert "- `p/x1` (passed) quarantined until 2026-11-22 (over, lifts nothing) by Grace" in text
    assert "<b>" not in text


def test_many_overrides_are_bounded_and_the_rest_is_counted(templates: dict[str, str]) -> None:
    page = as_html(view(*[WAIVER] * 501), templates)
    assert "1 more override: see report.json" in page
    assert "### Overrides" in as_summary(view(*[WAIVER] * 501))
