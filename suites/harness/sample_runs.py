"""Finished examples: `approved`, `blocked`, `incomplete`, `told`, `large` and `hostile`."""

from __future__ import annotations

import hashlib
import struct
import zlib

from harness.model.event import Compared
from harness.model.fault import Catch, Proof
from harness.model.history import Change, Changed, Comparison, Mark
from harness.model.plan import Considered
from harness.model.result import (
    Attachment,
    Conclusion,
    Excerpt,
    Finding,
    Severity,
    SkipReason,
    Status,
    TestRecord,
)
from suites.harness.run_builder import WAIVER, RunBuilder, alike, host

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


def _picture(width: int, height: int) -> bytes:
    """A PNG of a few plain areas, like a page someone looked at."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        end = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + end

    rows = b"".join(
        b"\0"
        + b"".join(
            b"\xab\x1f\x1a"
            if y < height // 8
            else b"\xe4\xe4\xdf"
            if x < width // 4
            else b"\xfa\xfa\xf8"
            for x in range(width)
        )
        for y in range(height)
    )
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


ATTACHED = {
    "attachments/v7-1/boundary/1-page.png": _picture(640, 360),
    "attachments/v7-1/boundary/2-answer.json": b'{"status":503,"body":{"error":"<b>no</b>"}}',
    "attachments/v7-1/boundary/3-server.log": b"listening\x1b[31m on 40000\n</pre><script>\n" * 40,
    "attachments/v7-1/boundary/4-trace.zip": b"PK\x03\x04 not really",
    "attachments/v7-1/boundary/6-page.html": b"<script>alert(1)</script>",
}
"""What `told` attached and is still as it was, by path."""
_TYPES = {"png": "image/png", "json": "application/json", "log": "text/plain",
          "zip": "application/zip", "html": "text/html", "webm": "video/webm"}  # fmt: skip


def attached(path: str, content: bytes | None = None, size: int | None = None) -> Attachment:
    """An attachment of a file as it was kept."""
    data = ATTACHED.get(path, b"gone") if content is None else content
    return Attachment(
        name=path.rpartition("-")[2],
        path=path,
        media_type=_TYPES[path.rpartition(".")[2]],
        size=len(data) if size is None else size,
        sha256=hashlib.sha256(data).hexdigest(),
    )


def _base(builder: RunBuilder, *, boundary: bool = True) -> None:
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
    _base(builder)
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
    _base(builder)
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
    _base(builder, boundary=False)
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


def told() -> RunBuilder:
    """A failing run with all that is told beside results: source, history, proofs, likeness."""
    builder = RunBuilder()
    _base(builder)
    proofs = [
        Proof(
            check="v7-1/boundary",
            fault=fault,
            title=title,
            catch=catch,
            reason=reason,
            at="2026-11-22T02:10:00Z",
            key="k",
            commit="312f693c0ffee5eed",
            output="24 passed in 8.2s" if catch is Catch.SURVIVED else "",
            current=catch is Catch.CAUGHT,
        )
        for fault, title, catch, reason in (
            ("use-after-free", "The free list is not consulted", Catch.CAUGHT, "as expected"),
            ("null-query", "A NULL check is missing", Catch.SURVIVED, "the check passed"),
            ("late-panic", "A panic is swallowed", Catch.INCONCLUSIVE, "the build broke instead"),
        )
    ]
    builder.check(
        "v7-1/boundary",
        Status.FAILED,
        title="C and Rust keep the rules of the boundary",
        kind="pytest",
        message="9 of 30 tests failed",
        tags=("abi", "slow"),
        tests=[
            TestRecord(
                id=f"tests/test_net.py::test_{number}",
                status=Status.FAILED,
                duration=0.1,
                message=f"ConnectionRefusedError: 127.0.0.1:{40_000 + number} refused '{number}'",
                file="tests/test_net.py",
                line=4,
                attachments=tuple(attached(path) for path in list(ATTACHED)[:3])
                if number == 0
                else (),
                excerpt=Excerpt(
                    file="tests/test_net.py",
                    first=2,
                    line=4,
                    text="def test(port):\n    # <script>alert(1)</script>\n    connect(port)\n",
                ),
            )
            for number in range(9)
        ],
        findings=[
            Finding(
                message="never closed",
                file="src/net.c",
                line=7,
                excerpt=Excerpt(file="src/net.c", first=7, line=7, text="int fd = open(path);"),
            )
        ],
        attachments=[
            attached("attachments/v7-1/boundary/1-page.png"),
            *(attached(path) for path in list(ATTACHED)[3:]),
            attached("attachments/v7-1/boundary/5-gone.log"),
            attached("attachments/v7-1/boundary/7-film.webm", size=9_000_000),
        ],
        must_catch=("use-after-free", "null-query", "late-panic", "unproven"),
        proofs=tuple(proofs),
    )
    ends = (Status.PASSED, Status.FAILED, Status.FLAKY, Status.PASSED, Status.SKIPPED)
    marks = tuple(
        Mark(run_id=f"2026112{number}-070000-aaaa", status=status, seconds=1.5 + number)
        for number, status in enumerate(ends)
    )
    changes = (
        Changed(change=Change.NEW_FAILURE, check="v7-1/boundary", text="passed before"),
        Changed(change=Change.SLOWER, check="v7-0/gateway", text="41 s, usually 20 s"),
        Changed(change=Change.FIXED, check="v7-1/unit", test="route::a", text="failed before"),
        Changed(change=Change.GONE, check="v7-1/old", text="no longer planned"),
    )
    builder.events.append(
        Compared(
            at=90.0,
            marks={"v7-1/boundary": marks, "v7-1/unit": marks},
            comparison=Comparison(
                base="20261122-070000-aaaa",
                started_at="2026-11-22T07:00:00Z",
                conclusion=Conclusion.APPROVED,
                changes=changes,
                counts={change.change: 1 for change in changes},
            ),
        )
    )
    return builder


def large(checks: int = 1_000, tests_each: int = 10, failed: int = 0) -> RunBuilder:
    """Many checks on eight lanes; the first `failed` of them fail."""
    builder = RunBuilder()
    per_phase = max(1, checks // 10)
    for number in range(checks):
        bad = number < failed
        records = alike(f"suite_{number}.py", tests_each)
        if bad and records:
            records[0] = TestRecord(
                id=records[0].id,
                status=Status.FAILED,
                duration=0.5,
                message=ASSERTION,
                file=f"suite_{number}.py",
                line=12,
            )
        builder.check(
            f"p{number // per_phase}/check-{number:04d}",
            Status.FAILED if bad else Status.PASSED,
            title=f"Claim number {number} holds",
            kind="pytest",
            took=1.0 + (number % 7) / 10,
            at=(number // 8) * 1.8,
            message="1 test failed" if bad else "",
            tests=records,
            output="one line of output\n" * 20,
        )
    return builder


HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)> ]]> --> </details></pre></style>"
    "\x1b[31mred\x1b[0m \x1b]8;;http://evil.example/\x07link\x1b]8;;\x07 \x00 \x08\x7f\x9b1m"
    "\u202egnp.exe\u2066 \ud800 \ufffe {{ 7*7 }} {% raw %} ${jndi:x} &amp; \" ' ` "
    "```\n# heading\n````\n| cell |"
    " [x](javascript:alert(3)) ![y](http://evil.example/z.png) @everyone"
)
"""Everything that output has ever been used to break a reader with."""


def hostile() -> RunBuilder:
    """A failing run whose every untrusted text is hostile, one line of it a megabyte long."""
    builder = RunBuilder()
    builder.phase("evil", HOSTILE, HOSTILE)
    builder.host = host(cargo="1.94.0")
    builder.check(
        "evil/one",
        Status.FAILED,
        title=HOSTILE,
        message=HOSTILE,
        about=HOSTILE,
        command=HOSTILE,
        tests=[
            TestRecord(
                id=HOSTILE,
                status=Status.FAILED,
                message=HOSTILE,
                file=HOSTILE,
                line=1,
                output=HOSTILE,
            ),
            TestRecord(id=HOSTILE + "2", status=Status.PASSED),
        ],
        findings=[Finding(message=HOSTILE, file=HOSTILE, line=3, rule=HOSTILE)],
        metrics={HOSTILE: [HOSTILE, {"a": HOSTILE}]},
        output=HOSTILE + "\n" + "x" * 1_000_000 + "\n" + HOSTILE,
        leaked=(HOSTILE,),
        considered=(Considered(title=HOSTILE, lacked=HOSTILE), Considered(title=HOSTILE)),
        reason=HOSTILE,
    )
    builder.check(
        "evil/two",
        title=HOSTILE,
        kind="versions",
        metrics={"rows": [{"name": HOSTILE, "where": HOSTILE, "found": HOSTILE, "ok": False}]},
    )
    builder.service("evil", HOSTILE, at=0.0, until=3.0, died=HOSTILE, output=HOSTILE)
    builder.note(HOSTILE)
    return builder
