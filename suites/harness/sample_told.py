"""A finished example that uses all a report can tell: `told`."""

from __future__ import annotations

from harness.model.event import Compared
from harness.model.fault import Catch, Proof
from harness.model.history import Change, Changed, Comparison, Mark
from harness.model.result import (
    Conclusion,
    Excerpt,
    Finding,
    Status,
    TestRecord,
)
from suites.harness.run_builder import RunBuilder
from suites.harness.sample_attachments import ATTACHED, attached
from suites.harness.sample_runs import begun


def told() -> RunBuilder:
    """A failing run with all that is told beside results: source, history, proofs, likeness."""
    builder = RunBuilder()
    begun(builder)
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
