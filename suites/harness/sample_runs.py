"""Finished examples: `approved`, `blocked` and `incomplete`."""

from __future__ import annotations

from harness.model.plan import Considered
from harness.model.result import (
    Finding,
    Severity,
    SkipReason,
    Status,
    TestRecord,
)
from suites.harness.run_builder import WAIVER, RunBuilder, alike

VERSION_ROWS = [
    {"name": name, "where": where, "declared": "7.0.0-rc1", "found": found, "ok": True}
    for name, where, found in (
        ("source", "VERSION", "7.0.0-rc1"),
        ("Rust workspace", "native/gateway/Cargo.toml", "7.0.0-rc1"),
        ("Rust lock file", "native/gateway/Cargo.lock", "7.0.0-rc1"),
        ("Python package", "pyproject.toml", "7.0.0rc1"),
        ("C header", "native/core/include/core/version.h", "7.0.0-rc1"),
        ("gateway binary", "convergio-gateway --version", "7.0.0-rc1"),
        ("health endpoint", "GET /healthz", "7.0.0-rc1"),
    )
]
BUILD_LOG = """\
   Compiling convergio-core v7.0.0-rc1 (native/gateway/crates/core)
   Compiling convergio-abi v7.0.0-rc1 (native/gateway/crates/abi)
   Compiling convergio-gateway v7.0.0-rc1 (native/gateway/crates/gateway)
    Finished `release` profile [optimized] target(s) in 41.20s
"""
ASSERTION = """\
AssertionError: a freed context must be refused, not used
  expected: CONVERGIO_ERR_INVALID_HANDLE (4)
  received: CONVERGIO_OK (0)

    def test_use_after_free_is_refused(abi):
        context = abi.context_new()
        abi.context_free(context)
>       assert abi.query(context, b"hello") == INVALID_HANDLE
E       assert 0 == 4"""


def begun(builder: RunBuilder, *, boundary: bool = True) -> None:
    """The phases every example has; without `boundary` its last checks are left to the caller."""
    builder.phase(
        "v7-0",
        "Build and versions",
        "Does everything build from source without a warning, and do all versions agree?",
    )
    builder.phase(
        "v7-1",
        "Rust gateway and C boundary",
        "Is the boundary between C and Rust sound, and does the gateway stand on it?",
    )
    builder.check(
        "v7-0/core",
        title="The C core builds without warnings",
        kind="build",
        took=6.4,
        at=0.2,
        command="make -C native/core EDITION=master",
        metrics={"warnings": 0},
        output="cc -std=c17 -Wall -Wextra -Werror -c src/route.c\nar rcs libconvergio_core.a\n",
        about="Warnings are errors: a build that does not compile has no warning lines to count.",
        requires=("gcc",),
    )
    builder.check(
        "v7-0/gateway",
        title="The Rust workspace builds without warnings",
        kind="build",
        took=41.7,
        at=0.2,
        command="cargo build --release --locked",
        metrics={"warnings": 0},
        output=BUILD_LOG,
        requires=("cargo",),
    )
    builder.check(
        "v7-0/versions",
        title="Every declared and observed version agrees",
        kind="versions",
        took=1.9,
        at=42.4,
        command="python -m harness versions check --observed",
        metrics={"agree": True, "version": "7.0.0-rc1", "rows": VERSION_ROWS},
        needs=("v7-0/core", "v7-0/gateway"),
        services=("gateway",),
    )
    builder.check(
        "v7-1/unit",
        title="Rust unit tests pass",
        kind="cargo-test",
        took=12.3,
        at=42.1,
        command="cargo test --workspace --lib",
        tests=alike("convergio_gateway::route", 24),
        needs=("v7-0/gateway",),
    )
    builder.check(
        "v7-1/integration",
        title="Rust integration tests pass",
        kind="cargo-test",
        took=19.8,
        at=44.6,
        command="cargo test --test integration",
        tests=alike("integration::stream", 16),
        needs=("v7-0/gateway",),
        services=("gateway",),
    )
    builder.service(
        "gateway",
        "Gateway on a free port",
        at=41.9,
        until=64.6,
        output='{"level":"info","message":"listening","port":41873}\n',
    )
    if boundary:
        builder.check(
            "v7-1/memory",
            title="No memory error crosses the boundary",
            kind="command",
            took=33.1,
            at=54.6,
            command="valgrind --error-exitcode=9 build/boundary_tests",
            output="==4242== ERROR SUMMARY: 0 errors from 0 contexts\n",
            needs=("v7-1/unit",),
            considered=(
                Considered(title="Miri on the pure-Rust crates", lacked="miri is not installed"),
                Considered(title="AddressSanitizer on the mixed binary", lacked="clang is missing"),
                Considered(title="valgrind on the C programs"),
            ),
        )


def approved() -> RunBuilder:
    """A run in which everything the profile demands passed."""
    builder = RunBuilder()
    begun(builder)
    builder.check(
        "v7-1/ffi",
        title="The C header compiles as C11, C17 and C++",
        kind="c-tests",
        took=2.2,
        at=54.5,
        tests=alike("header", 12),
        matrix={"standard": "c17"},
        needs=("v7-0/gateway",),
    )
    builder.skip(
        "v7-1/mlx",
        SkipReason.NOT_APPLICABLE,
        "apple-silicon is false on this host",
        title="MLX answers on Apple Silicon",
        kind="pytest",
    )
    return builder


def blocked() -> RunBuilder:
    """A run with one of everything that can go wrong."""
    builder = RunBuilder()
    begun(builder)
    builder.check(
        "v7-1/boundary[cffi]",
        Status.FAILED,
        title="C and Rust keep the rules of the boundary",
        kind="pytest",
        took=8.7,
        at=54.9,
        command="pytest native/python/tests -n 2",
        message="2 of 24 tests failed",
        tests=[
            *alike("tests/test_boundary.py", 21),
            TestRecord(
                id="tests/test_boundary.py::test_use_after_free_is_refused",
                status=Status.FAILED,
                duration=0.31,
                message=ASSERTION,
                file="native/python/tests/test_boundary.py",
                line=118,
                output="context 0x5581c0 freed twice\n",
            ),
            TestRecord(
                id="tests/test_boundary.py::test_null_query_is_refused",
                status=Status.FAILED,
                duration=0.02,
                message="AssertionError: assert 0 == 2",
                file="native/python/tests/test_boundary.py",
                line=57,
            ),
            TestRecord(
                id="tests/test_boundary.py::test_on_big_endian",
                status=Status.SKIPPED,
                message="needs a big-endian host",
            ),
        ],
        output="\n".join(f"tests/test_boundary.py::test_case_{n:04d} PASSED" for n in range(21))
        + "\n2 failed, 21 passed, 1 skipped in 8.41s\n",
        about="The four rules: codes returned, outputs last, NULL checked, panics stopped.",
        matrix={"via": "cffi"},
        needs=("v7-1/unit",),
        must_catch=("use-after-free",),
    )
    builder.check(
        "v7-1/lint",
        Status.FAILED,
        title="Clippy finds nothing",
        kind="build",
        took=9.4,
        at=46.0,
        command="cargo clippy --all-targets -- -D warnings",
        message="1 error, 1 warning",
        findings=[
            Finding(
                message="this expression borrows a value the compiler would automatically borrow",
                file="native/gateway/crates/abi/src/context.rs",
                line=88,
                column=21,
                rule="clippy::needless_borrow",
            ),
            Finding(
                message="unused variable: `budget`",
                severity=Severity.WARNING,
                file="native/gateway/crates/abi/src/query.rs",
                line=31,
                column=9,
                rule="unused_variables",
            ),
        ],
        output="error: could not compile `convergio-abi` (lib) due to 1 previous error\n",
        exit_code=101,
    )
    builder.check(
        "v7-1/stream",
        Status.FAILED,
        title="A stream survives a slow reader",
        kind="pytest",
        took=3.0,
        at=55.0,
        message="timed out waiting for the terminator",
        needs=("v7-1/unit",),
    )
    builder.check(
        "v7-1/stream",
        Status.PASSED,
        took=2.4,
        attempt=2,
        at=58.2,
        tests=alike("stream", 9),
    )
    builder.check(
        "v7-1/docs",
        Status.FAILED,
        title="Every public item is documented",
        kind="command",
        took=4.4,
        at=47.0,
        message="3 items have no documentation",
        advisory=True,
    )
    builder.check(
        "v7-1/vendor",
        Status.FAILED,
        title="The vendor's own client runs unmodified",
        kind="pytest",
        took=5.1,
        at=60.0,
        message="1 of 12 tests failed",
        tests=[
            *alike("tests/test_vendor.py", 11),
            TestRecord(
                id="tests/test_vendor.py::test_usage_in_last_chunk",
                status=Status.FAILED,
                message="KeyError: 'usage'",
            ),
        ],
        override=WAIVER,
    )
    builder.check(
        "v7-1/leaks",
        title="Nothing stays behind after a stop",
        took=1.0,
        at=61.0,
        leaked=("convergio-gateway (pid 4711)",),
    )
    builder.check(
        "v7-1/abi",
        Status.ERRORED,
        title="Exported symbols are as promised",
        kind="command",
        took=30.0,
        at=56.0,
        message="no answer within 30 s",
        signal="SIGKILL",
        timed_out=True,
        output="nm: reading libconvergio.so\n",
    )
    builder.preclude(
        "v7-1/package",
        "needs v7-1/boundary[cffi], which failed",
        title="The wheel installs and imports",
        needs=("v7-1/boundary[cffi]",),
    )
    builder.skip(
        "v7-1/container",
        SkipReason.CAPABILITY_MISSING,
        "requires docker, which is missing",
        title="The image starts",
        kind="command",
        requires=("docker",),
    )
    builder.note("the run folder's disk is 91 % full")
    return builder


def incomplete() -> RunBuilder:
    """A run in which nothing failed, but not everything answered."""
    builder = RunBuilder()
    begun(builder, boundary=False)
    builder.plan("v7-1/memory", "No memory error crosses the boundary", needs=("v7-1/unit",))
    builder.plan("v7-1/boundary", "C and Rust keep the rules of the boundary")
    builder.skip(
        "v7-1/container",
        SkipReason.CAPABILITY_MISSING,
        "requires docker, which is missing",
        title="The image starts",
        requires=("docker",),
    )
    return builder
