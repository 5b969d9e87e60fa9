"""`build` on real compilers: "0 warnings" is never said of a build that broke or did nothing."""

from __future__ import annotations

import os
import time

import pytest

from suites.harness.run.worlds import check, only


@pytest.fixture
def project(world):
    world.write("good.c", "int good(void);\nint good(void) { return 0; }\n")
    world.write("warns.c", "int warns(void);\nint warns(void) { int unused; return 0; }\n")
    world.write("broken.c", "int broken(void) { return nothing; }\n")
    return world


def build(project, *run: str, **options):
    return only(project.run(check("b", kind="build", options={"run": list(run), **options})))


def test_a_clean_build_with_its_product_passes(project):
    result = build(project, "gcc", "-Wall", "-c", "good.c", outputs=["*.o"], fresh=True)

    assert result.status == "passed", result.reason
    assert result.last.outcome.metrics == {"warnings": 0, "errors": 0, "outputs": 1}


def test_a_warning_fails_and_is_placed(project):
    result = build(project, "gcc", "-Wall", "-c", "warns.c")

    assert result.status == "failed"
    assert result.reason == "1 warning, where 0 are accepted: warns.c:2: unused variable 'unused'"
    assert [(f.file, f.line, f.rule) for f in result.findings] == [
        ("warns.c", 2, "-Wunused-variable")
    ]


def test_accepted_warnings_pass_and_are_counted(project):
    result = build(project, "gcc", "-Wall", "-c", "warns.c", **{"max-warnings": 1})

    assert result.status == "passed"
    assert result.reason == "1 warning"


def test_a_broken_build_has_no_zero_warnings(project):
    result = build(project, "gcc", "-c", "broken.c")

    assert result.status == "failed"
    assert result.reason.startswith("the build broke (exit 1): broken.c:1: 'nothing' undeclared")


def test_a_build_that_reports_an_error_and_exits_0_fails(project):
    result = build(project, "gcc -c broken.c || true", shell=True)

    assert result.status == "failed"
    assert "exit 0, yet the build reports an error: broken.c:1" in result.reason


def test_a_missing_product_fails(project):
    result = build(project, "true", outputs=["build/lib*.so"])

    assert result.reason == "the build made no build/lib*.so"


def test_a_left_over_product_is_not_fresh(project):
    project.write("old.o", "from an earlier build")
    earlier = time.time() - 1  # file times tick every few milliseconds
    os.utime(project.root / "old.o", (earlier, earlier))
    result = build(project, "true", outputs=["old.o"], fresh=True)

    assert result.status == "failed"
    assert result.reason == "old.o is left over: this build did not write it"


def test_a_cut_output_counts_no_warnings(project, monkeypatch):
    monkeypatch.setattr("harness.system.capture.FILE_LIMIT", 1000)
    result = build(project, "sh", "-c", "yes hello | head -c 100000; sleep 0.1; echo x")

    assert result.status == "errored"
    assert "its warnings cannot be counted" in result.reason


def test_a_compiler_that_crashes_fails(project):
    result = build(project, "sh", "-c", "kill -SEGV $$")

    assert result.status == "failed"
    assert "killed by SIGSEGV" in result.reason


def test_a_missing_compiler_errs_with_its_installer(project):
    result = build(project, "valgrind-not-here")

    assert result.status == "errored"
    assert "is not on PATH" in result.reason


def test_outputs_outside_the_project_are_refused(project):
    assert "leaves the project" in build(project, "true", outputs=["../x"]).reason
