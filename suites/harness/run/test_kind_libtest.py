"""`cargo-test`: libtest's text becomes records, and totals that disagree are never a pass."""

from __future__ import annotations

import pytest

from suites.harness.run.worlds import check, only

FAILING = """\
   Compiling ct v0.1.0 (/tmp/ct)
     Running unittests src/lib.rs (target/debug/deps/ct-c4066ebb79ee0019)

running 5 tests
test tests::ign ... ignored, slow
test tests::ok ... ok
test tests::bad ... FAILED
test tests::pan - should panic ... ok
test tests::res ... FAILED

failures:

---- tests::bad stdout ----
hello
err

thread 'tests::bad' (8253) panicked at src/lib.rs:13:61:
assertion `left == right` failed: sum is wrong
  left: 4
 right: 5
stack backtrace:
   0: __rustc::rust_begin_unwind
note: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.

---- tests::res stdout ----
Error: "nope"


failures:
    tests::bad
    tests::res

test result: FAILED. 2 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s

error: test failed, to rerun pass `--lib`
   Doc-tests ct

running 1 test
test src/lib.rs - add (line 5) ... ok

test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s

error: 1 target failed:
    `--lib`
"""
PASSING = """\
     Running unittests src/lib.rs (target/debug/deps/ct-c4066ebb79ee0019)

running 2 tests
test tests::quiet ... ok
test tests::noisy ... this goes to the terminal directly
ok

test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out; finished in 0.00s

   Doc-tests ct

running 0 tests

test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

"""
CRASHED = """\
     Running tests/crash.rs (target/debug/deps/crash-48a8d27dec3478f4)

running 1 test
error: test failed, to rerun pass `--test crash`

Caused by:
  process didn't exit successfully: `/tmp/crash-48` (signal: 11, SIGSEGV: invalid memory reference)
"""
UNCOMPILED = """\
   Compiling ct v0.1.0 (/tmp/ct)
error[E0425]: cannot find value `x` in this scope
 --> src/lib.rs:3:5
  |
3 |     x
  |     ^ not found in this scope

error: could not compile `ct` (lib test) due to 1 previous error
"""
EMPTY = PASSING.partition("     Running")[0] + PASSING.partition("   Doc-tests")[2].replace(
    " ct\n", "   Doc-tests ct\n", 1
)


@pytest.fixture
def cargo(world, monkeypatch):
    """A cargo that prints what a real one (1.95) printed, and ends as it did."""

    def run(text: str, exit_code: int, **options):
        world.write("said.txt", text)
        program = world.write("bin/cargo", f"#!/bin/sh\ncat said.txt\nexit {exit_code}\n")
        program.chmod(0o755)
        path = f"{program.parent}:/usr/bin:/bin"
        return only(
            world.run(
                check("t", kind="cargo-test", options=options, env={"PATH": path}),
            )
        )

    return run


def test_every_test_becomes_a_record_with_its_place(cargo):
    result = cargo(FAILING, 101)

    assert result.status == "failed"
    assert {test.id: test.status.value for test in result.tests} == {
        "unittests src/lib.rs::tests::ign": "skipped",
        "unittests src/lib.rs::tests::ok": "passed",
        "unittests src/lib.rs::tests::bad": "failed",
        "unittests src/lib.rs::tests::pan": "passed",
        "unittests src/lib.rs::tests::res": "failed",
        "doc-tests of ct::src/lib.rs - add (line 5)": "passed",
    }
    bad, res = (test for test in result.tests if test.status == "failed")
    assert (bad.file, bad.line) == ("src/lib.rs", 13)
    assert bad.message == "assertion `left == right` failed: sum is wrong left: 4 right: 5"
    assert "hello" in bad.output
    assert res.message == 'Error: "nope"'
    [ignored] = [test for test in result.tests if test.status == "skipped"]
    assert ignored.message == "slow"


def test_a_passing_run_passes_even_when_tests_print_into_the_list(cargo):
    result = cargo(PASSING, 0, **{"expect-at-least": 2})

    assert (result.status, result.reason) == ("passed", "2 tests passed")


@pytest.mark.parametrize(
    ("text", "exit_code", "status", "said"),
    [
        (CRASHED, 101, "failed", "tests/crash.rs died (signal: 11, SIGSEGV"),
        (CRASHED, 0, "errored", "exits 0, yet"),
        (UNCOMPILED, 101, "failed", "does not compile: src/lib.rs:3: cannot find value `x`"),
        (FAILING, 0, "errored", "exits 0, yet"),
        (PASSING, 101, "failed", "exit 101"),
        (PASSING.replace("2 passed", "3 passed"), 0, "errored", "states 3 passed"),
        (PASSING.replace("running 2", "running 4"), 0, "errored", "announced 4 tests"),
        (PASSING.partition("test result")[0], 0, "errored", "exits 0, yet"),
        (EMPTY, 0, "failed", "no test was executed"),
        ("", 0, "failed", "no test was executed"),
        ("error: no such command: `test`\n", 101, "failed", "exit 101"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_not_a_pass(cargo, text, exit_code, status, said):
    result = cargo(text, exit_code)

    assert (result.status.value, said in result.reason) == (status, True), result.reason


def test_too_few_tests_fail(cargo):
    result = cargo(PASSING, 0, **{"expect-at-least": 3})

    assert result.reason == "2 tests were executed, where at least 3 are expected"


def test_a_missing_cargo_errs_and_says_how_to_get_it(world):
    result = only(world.run(check("t", kind="cargo-test", env={"PATH": "/nowhere"})))

    assert result.status == "errored"
    assert "rustup.rs" in result.reason
