"""The files of a run folder as a set: the same from the same journal, proven, and cheap."""

from __future__ import annotations

import time
from pathlib import Path

from harness.judge import judge
from harness.report import (
    BADGE,
    CTRF,
    HTML,
    JSON,
    JUNIT,
    SARIF,
    SUMMARY,
    as_badge,
    as_ctrf,
    as_sarif,
    build,
    render_all,
)
from harness.report.github import annotations
from suites.harness.projects import check, make_project
from suites.harness.sample_extremes import hostile, large

EXPORTS = (CTRF, SARIF, BADGE)


def test_render_all_gives_every_report(templates: dict[str, str]) -> None:
    run = hostile().run()
    view = build(run, judge(run))
    reports = render_all(view, templates)
    assert set(reports) == {HTML, JSON, JUNIT, SUMMARY, CTRF, SARIF, BADGE}
    for content in reports.values():
        content.decode("utf-8")
    assert reports == render_all(view, templates)


def test_an_edited_or_missing_export_is_found(tmp_path: Path) -> None:
    project = make_project(tmp_path, check("a", "false"))
    assert project.run("verify").code == 1
    assert "7 reports are what the journal gives" in project.run("report", "--verify").out
    exports = {name: tmp_path / "reports" / "latest" / name for name in EXPORTS}
    kept = {name: export.read_bytes() for name, export in exports.items()}
    for name, export in exports.items():
        export.write_bytes(kept[name].replace(b"BLOCKED", b"APPROVED"))
        assert export.read_bytes() != kept[name]
        done = project.run("report", "--verify")
        assert done.code == 6
        assert f"{name}: not what the journal gives" in done.err
        export.write_bytes(kept[name])
    for export in exports.values():
        export.unlink()
    assert project.run("report", "--verify").code == 6
    assert project.run("report").code == 1
    assert {name: export.read_bytes() for name, export in exports.items()} == kept


def test_the_exports_of_a_thousand_checks_are_cheap() -> None:
    run = large(1_000, 5, failed=200).run()
    view = build(run, judge(run))
    spent = []
    for _ in range(5):
        began = time.process_time()
        as_ctrf(view), as_sarif(view), as_badge(view), annotations(view)
        spent.append(time.process_time() - began)
    # 0.02 s where this was written.
    assert min(spent) < 0.06
