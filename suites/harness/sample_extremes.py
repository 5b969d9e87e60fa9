"""Finished examples at the edges: `large`, and `hostile`, whose every text wants to be markup."""

from __future__ import annotations

from harness.model.plan import Considered
from harness.model.result import (
    Finding,
    Status,
    TestRecord,
)
from suites.harness.run_builder import RunBuilder, alike, host
from suites.harness.sample_runs import ASSERTION


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
