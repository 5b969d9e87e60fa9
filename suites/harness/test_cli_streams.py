"""What is printed: in every locale, and never a command to the runner of a GitHub job."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.cli.streams import for_commands, prepared, shielded
from suites.harness.projects import check, make_project

GITHUB = {"GITHUB_ACTIONS": "true"}


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("::error::x", "\\::error::x"),
        ("  \t::add-mask::x", "  \t\\::add-mask::x"),
        ("a\n::error::x\r\u2003::y::", "a\n\\::error::x\r\u2003\\::y::"),
        ("std::vector and a::b", "std::vector and a::b"),
        ("x ##[error]y", "x ##\\u005berror]y"),
        ("###[x", "###\\u005bx"),
        ("# [x] : :", "# [x] : :"),
        (":::", "\\:::"),
    ],
)
def test_no_line_is_a_command(text: str, printed: str) -> None:
    assert shielded(text) == printed


def test_a_shield_says_the_same_to_a_reader_of_json() -> None:
    line = json.dumps({"output": "##[error]x\n::error::y"})
    assert json.loads(shielded(line)) == json.loads(line)


@contextlib.contextmanager
def printing() -> Iterator[io.BytesIO]:
    """Both outputs as an old terminal has them, and what it shows."""
    kept = io.BytesIO()
    out, err = (io.TextIOWrapper(kept, "ascii", write_through=True) for _ in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        yield kept


def test_lines_are_followed_across_writes() -> None:
    with printing() as kept, prepared(GITHUB):
        for part in ("a ", "::b\n", "  ", "::c", "::d", "\n", "::e\r", "::f"):
            sys.stdout.write(part)
        assert kept.getvalue() == b"a ::b\n  \\::c::d\n\\::e\r\\::f"


def test_our_own_commands_pass_the_shield_and_nothing_is_shielded_elsewhere() -> None:
    with printing() as kept:
        with prepared(GITHUB):
            for_commands().write("::error::ours\n")
        with prepared({}):
            for_commands().write("::error::x\n")
            sys.stdout.write("::error::y\n")
        assert kept.getvalue() == b"::error::ours\n::error::x\n::error::y\n"


def test_what_a_stream_cannot_say_is_escaped_as_json_has_it() -> None:
    said = "caf\xe9 \u2026 \U0001f600 \udcff"
    with printing() as kept, prepared({}):
        sys.stdout.write(f'"{said}"')
        sys.stderr.write("\n")
        text = kept.getvalue().decode("ascii")
    assert text == '"caf\\u00e9 \\u2026 \\ud83d\\ude00 \\udcff"\n'
    assert json.loads(text) == said


def test_a_program_gives_no_orders_in_a_github_job(tmp_path: Path) -> None:
    orders = "::error::forged\\n ##[error]forged\\r::stop-commands::x\\n"
    project = make_project(tmp_path, check("a", "sh", "-c", f"printf '{orders}'; exit 1"))
    done = project.run("verify", env=GITHUB)
    assert "##[" not in done.text
    lines = [line.lstrip() for line in done.text.replace("\r", "\n").split("\n")]
    titles = [line for line in lines if line.startswith("::")]
    assert titles
    assert all(line.startswith("::error ") and "title=" in line for line in titles)
    events = project.run("verify", "--json", env=GITHUB).out
    assert "##[" not in events
    assert any("##[error]forged" in str(json.loads(line)) for line in events.splitlines())


@pytest.mark.parametrize("github", [{}, GITHUB], ids=["terminal", "github"])
def test_no_locale_costs_a_verdict(tmp_path: Path, github: dict[str, str]) -> None:
    project = make_project(
        tmp_path,
        check("a", "sh", "-c", "printf 'na\\303\\257ve \\342\\200\\246 \\377'; exit 1")
        + "  - id: b\n    title: Größe 😀\n    uses: files\n"
        "    with: { must-exist: ['fehlt-ä*'], must-not-exist: ['*.bad'] }\n",
    )
    (tmp_path / os.fsdecode(b"caf\xe9.bad")).write_text("x")
    ascii_only = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", **github}
    done = project.run("verify", env=ascii_only)
    assert done.code == 1, done.text  # both failed; neither is errored
    assert done.text.isascii()
    assert "na\\u00efve \\u2026" in done.err
    assert "no file matches fehlt-\\u00e4*" in done.err
    report = project.report()
    (phase,) = report["phases"]
    assert [one["status"] for one in phase["checks"]] == ["failed", "failed"]
    assert phase["checks"][1]["findings"][1]["file"] == "caf\ufffd.bad"
    assert "Größe 😀" in (tmp_path / "reports/latest/report.html").read_text("utf-8")


def test_json_stays_json_in_every_locale(tmp_path: Path) -> None:
    project = make_project(tmp_path, check("a", "true").replace("Check a", "Größe 😀"))
    planned = project.run("plan", "--json", env={"LC_ALL": "C", "PYTHONIOENCODING": "ascii"})
    assert planned.out.isascii()
    assert json.loads(planned.out)["checks"][0]["title"] == "Größe 😀"
