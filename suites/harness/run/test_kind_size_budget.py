"""`size-budget`: real files are weighed; what cannot be weighed, or weighs too much, is red."""

from __future__ import annotations

import gzip
import os
import shutil

import pytest

from suites.harness.run.worlds import Collector, check, only

PAGE = (
    '<link href="app.css" rel="stylesheet"><link href="/late.js" rel="prefetch">'
    '<link rel="modulepreload" href="./app/start.js"><script src="https://cdn.example/x.js">'
    "</script><script>import('./app/start.js')</script>"
)


@pytest.fixture
def project(world):
    world.write("build/index.html", PAGE)
    world.write("build/app.css", "a" * 100)
    world.write("build/late.js", "z" * 5000)
    world.write(
        "build/app/start.js", 'import{a}from"../shared.js";import("../late.js");' + " " * 51
    )
    world.write("build/shared.js", "x" * 300)
    return world


def weigh(project, *budgets, folder="build"):
    """A run of its own, however many there were."""
    shutil.rmtree(project.folder / "work", ignore_errors=True)
    project.sink = Collector()
    options = {"folder": folder, "budgets": list(budgets)}
    return only(project.run(check("sizes", kind="size-budget", options=options)))


def sizes(result) -> dict:
    return result.last.outcome.metrics["sizes"]


ALL = {"name": "all", "files": ["**/*.js", "**/*.css"]}
PAGES = {"name": "first load", "pages": ["*.html"]}


def test_files_are_weighed_together(project):
    result = weigh(project, {**ALL, "raw": "5.5 kB"})

    assert result.status == "passed"
    assert sizes(result)["all"]["raw"] == 5500
    assert result.reason.startswith("all: 5.5 kB raw, ")


def test_what_is_over_says_by_how_much_and_names_the_largest(project):
    result = weigh(project, {**ALL, "raw": "5499 B", "gzip": "1 MB"})

    assert result.status == "failed"
    assert "5.5 kB raw, where 5.5 kB are allowed; largest: late.js 5.0 kB" in result.reason


def test_a_page_is_weighed_with_what_it_fetches_at_once_and_nothing_else(project):
    result = weigh(project, {**PAGES, "raw": "1 kB"})

    weight = sizes(result)["first load: index.html"]
    assert weight["raw"] == len(PAGE) + 100 + 100 + 300
    assert weight["files"] == 4


def test_each_file_can_have_the_limit_for_itself(project):
    result = weigh(project, {"name": "script", "files": ["*.js"], "each": True, "raw": "1 kB"})

    assert {test.id: test.status.value for test in result.tests} == {
        "script: late.js": "failed",
        "script: shared.js": "passed",
    }


@pytest.mark.parametrize(
    ("budget", "folder", "status", "said"),
    [
        ({"name": "n", "files": ["*.wasm"], "raw": "1 kB"}, "build", "failed", "nothing matches"),
        ({**ALL, "raw": "1 kB"}, "dist", "failed", "dist: is not there; build first"),
        (ALL, "build", "errored", "budget 'all' has no limit"),
        ({"name": "n", "raw": "1 kB"}, "build", "errored", "both or neither"),
        ({"name": "n", "files": ["../*"], "raw": "1 kB"}, "build", "failed", "leaves the project"),
    ],
)
def test_what_cannot_be_weighed_is_no_pass(project, budget, folder, status, said):
    result = weigh(project, budget, folder=folder)

    assert (result.status.value, said in result.reason) == (status, True), result.reason


def test_a_page_that_names_what_is_not_there_is_red(project):
    (project.root / "build/app/start.js").unlink()

    result = weigh(project, {**PAGES, "raw": "1 MB"})

    assert (result.status, "which is not there" in result.reason) == ("failed", True)


def test_files_compressed_beforehand_are_what_counts(project):
    packed = gzip.compress(b"x" * 300) + gzip.compress(b"")
    (project.root / "build/shared.js.gz").write_bytes(packed)
    (project.root / "build/shared.js.br").write_bytes(b"\x0b" * 7)
    os.utime(project.root / "build/shared.js.br")
    budget = {"name": "n", "files": ["shared.js"], "gzip": "1 kB", "brotli": "1 kB"}

    result = weigh(project, budget)

    figures = sizes(result)["n"]
    assert (figures["gzip"], figures["brotli"]) == (len(packed), 7)


@pytest.mark.parametrize("spoil", ["gz", "br", "none"])
def test_compressed_files_of_another_build_are_red(project, spoil):
    script = project.root / "build/shared.js"
    (project.root / "build/shared.js.gz").write_bytes(
        gzip.compress(b"another build" if spoil == "gz" else b"x" * 300)
    )
    if spoil != "none":
        brotli = project.root / "build/shared.js.br"
        brotli.write_bytes(b"\x0b")
        if spoil == "br":
            os.utime(brotli, ns=(0, script.stat().st_mtime_ns - 1))

    result = weigh(project, {"name": "n", "files": ["shared.js"], "brotli": "1 kB"})

    assert result.status == "failed"
    said = "has no shared.js.br beside it" if spoil == "none" else "is not what shared.js is"
    assert said in result.reason


def test_growth_is_told_from_the_last_time_that_passed(project):
    budget = {**ALL, "raw": "6 kB"}
    assert "since" not in weigh(project, budget).tests[0].output
    project.write("build/shared.js", "x" * 340)
    assert "since the last time: +40 B raw" in weigh(project, budget).tests[0].output
    project.write("build/shared.js", "x" * 3400)
    assert weigh(project, budget).status == "failed"
    project.write("build/shared.js", "x" * 350)
    assert "since the last time: +10 B raw" in weigh(project, budget).tests[0].output
