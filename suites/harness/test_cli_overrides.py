"""Overrides through the real command line, from the file to the exit code and every report."""

from __future__ import annotations

import datetime
from pathlib import Path

from suites.harness.projects import Project, check, make_project

DAY = datetime.timedelta(days=1)


def today() -> datetime.date:
    return datetime.datetime.now(datetime.UTC).date()


def waivers(*entries: tuple[str, str, datetime.date], scope: str = "all") -> str:
    """A file of entries, each as list, check and last day."""
    text = "schema: 1\n"
    for key in ("waivers", "quarantine"):
        text += f"{key}:" + ("\n" if any(one[0] == key for one in entries) else " []\n")
        for _, name, expires in (one for one in entries if one[0] == key):
            text += (
                f"  - {{ check: {name}, reason: Vendor fix pending, owner: Ada, issue: A-7,"
                f" created: 2020-01-01, expires: {expires}, scope: {scope} }}\n"
            )
    return text


def project(root: Path, text: str) -> Project:
    checks = check("ok", "true") + check("bad", "false") + check("shaky", "true")
    return make_project(root, checks, waivers=text)


def test_a_waived_failure_is_approved_and_told_everywhere(tmp_path: Path) -> None:
    far = today() + 90 * DAY
    made = project(tmp_path, waivers(("waivers", "p/bad", far), ("quarantine", "p/shaky", far)))
    planned = made.run("plan")
    assert f"waived until {far} by Ada (A-7): Vendor fix pending" in planned.out
    done = made.run("verify")
    assert done.code == 0, done.text
    assert "APPROVED" in done.out
    assert "1 failed" in done.out
    assert f"waived        p/bad until {far} by Ada (A-7): Vendor fix pending" in done.out
    assert f"quarantined   p/shaky until {far} by Ada (A-7)" in done.out
    latest = tmp_path / "reports" / "latest"
    page = (latest / "report.html").read_text("utf-8")
    summary = (latest / "summary.md").read_text("utf-8")
    for text in (page, summary):
        for word in (f"waived until {far}", f"quarantined until {far}", "Ada", "A-7"):
            assert word in text, word
    (phase,) = made.report()["phases"]
    placed = {one["id"]: one["override"]["position"]["line"]
              for one in phase["checks"] if "override" in one}  # fmt: skip
    assert placed == {"p/bad": 3, "p/shaky": 5}
    assert made.run("report", "--verify").code == 0


def test_a_failure_blocks_the_day_after(tmp_path: Path) -> None:
    over = today() - DAY
    made = project(tmp_path, waivers(("waivers", "p/bad", over), ("waivers", "p/ok", over)))
    done = made.run("verify")
    assert done.code == 1, done.text
    assert "BLOCKED" in done.out
    assert f"it is waived by Ada (A-7), but only until {over}" in done.out
    assert "and it passes: remove it (phases/waivers.yaml:4:5)" in done.out
    assert f"p/bad until {over} (over, lifts nothing) by Ada" in done.out


def test_the_end_is_announced(tmp_path: Path) -> None:
    soon = today() + 10 * DAY
    done = project(tmp_path, waivers(("waivers", "p/bad", soon))).run("verify")
    assert done.code == 0, done.text
    assert f"days more, until {soon}: mend it or decide anew (phases/waivers.yaml:3:5)" in done.out


def test_another_profile_knows_nothing_of_it(tmp_path: Path) -> None:
    text = waivers(("waivers", "p/bad", today() + 90 * DAY), scope="[change]")
    made = project(tmp_path, text)
    assert made.run("verify").code == 0
    done = made.run("verify", "--profile", "release")
    assert done.code == 1, done.text
    assert "A-7" not in done.out


def test_an_override_makes_no_answer_of_none(tmp_path: Path) -> None:
    far = today() + 90 * DAY
    checks = check("bad", "false") + check("after", "true", more="needs: [bad]")
    text = waivers(("waivers", "p/bad", far), ("waivers", "p/after", far))
    done = make_project(tmp_path, checks, waivers=text).run("verify")
    assert done.code == 3, done.text
    assert "p/after was precluded" in done.out


def test_a_misspelt_check_stops_everything_before_it_runs(tmp_path: Path) -> None:
    done = project(tmp_path, waivers(("waivers", "p/bda", today()))).run("verify")
    assert done.code == 4, done.text
    assert 'phases/waivers.yaml:3:14: no check is called "p/bda"; did you mean "p/bad"?' in done.err
    assert not (tmp_path / "reports").exists()
