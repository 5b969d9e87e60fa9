"""`c-tests` on real cmocka programs, and on what broken ones leave."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from suites.harness.run.worlds import check, only

PROGRAM = """
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
static void passes(void **s) { (void)s; assert_int_equal(1, 1); }
static void fails(void **s) { (void)s; assert_int_equal(1, VALUE); }
static void skips(void **s) { (void)s; skip(); }
int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes), cmocka_unit_test(fails), cmocka_unit_test(skips),
    };
    return cmocka_run_group_tests_name("GROUP", tests, NULL, NULL);
}
"""
needs_cmocka = pytest.mark.skipif(
    shutil.which("gcc") is None
    or subprocess.run(["pkg-config", "--exists", "cmocka"], check=False).returncode != 0,
    reason="capability missing: gcc with cmocka",
)


def compiled(world, name: str, group: str, value: int) -> str:
    source = world.write(f"{name}.c", PROGRAM.replace("GROUP", group))
    subprocess.run(
        ["gcc", f"-DVALUE={value}", "-o", str(world.root / name), str(source), "-lcmocka"],
        check=True,
    )
    return f"./{name}"


def run(world, script: str, **options):
    values = {"run": ["sh", "-c", script], **options}
    return only(world.run(check("c", kind="c-tests", options=values)))


@needs_cmocka
def test_every_test_becomes_a_record_with_its_place(world):
    result = run(world, compiled(world, "t", "core", 2))

    assert result.status == "failed"
    assert {test.id: test.status.value for test in result.tests} == {
        "core::passes": "passed",
        "core::fails": "failed",
        "core::skips": "skipped",
    }
    failed = next(test for test in result.tests if test.status == "failed")
    assert failed.file.endswith("t.c")
    assert failed.line == 9
    assert "0x1 != 0x2" in failed.message


@needs_cmocka
def test_programs_whose_groups_share_a_name_are_all_counted(world):
    one, two = compiled(world, "one", "same", 1), compiled(world, "two", "same", 1)
    result = run(world, f"{one}; {two}", **{"expect-at-least": 4})

    assert result.status == "passed", result.reason
    assert len(result.tests) == 6


XML = """<?xml version="1.0" encoding="UTF-8" ?>
<testsuites>
  <testsuite name="g" time="0.001" tests="1" failures="0" errors="0" skipped="0" >
    <testcase name="a" time="0.001" >
    </testcase>
  </testsuite>
</testsuites>
"""
WRITE = 'f=$(dirname "$CMOCKA_XML_FILE")/g.xml; cat > "$f" <<"X"\n'


@pytest.mark.parametrize(
    ("script", "status", "said"),
    [
        (WRITE + XML + "X\n", "passed", "1 tests passed"),
        (WRITE + XML + "X\nexit 1", "failed", "exit 1"),
        (WRITE + XML[:120] + "\nX\n", "errored", "damaged"),
        (WRITE + XML.replace('tests="1"', 'tests="4"') + "X\n", "errored", "states 4 tests"),
        (WRITE + "X\n", "errored", "is empty"),
        (WRITE + XML.replace("</testcase>", "<failure>no</failure></testcase>") + "X\n",
         "errored", "exit 0, yet the results tell of failed tests"),
        ("cat <<'X'\n" + XML[:100] + "\nX\n", "errored", "cut short"),
        ("true", "failed", "no test was executed"),
        ("kill -SEGV $$", "failed", "killed by SIGSEGV"),
        (WRITE + XML + "X\necho 'a.c:1:2: runtime error: overflow'", "failed",
         "UndefinedBehaviorSanitizer"),
    ],
    ids=["good", "bad exit", "truncated", "incomplete", "empty", "lying exit", "cut output",
         "nothing", "crash", "sanitizer"],
)  # fmt: skip
def test_what_programs_leave(world, script, status, said):
    result = run(world, script)

    assert (result.status.value, said in result.reason) == (status, True), result.reason
