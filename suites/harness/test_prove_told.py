"""Where proofs show: the plan, the job summary, and what they depend on."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.cli.prove_show import exit_code
from harness.errors import ExitCode
from harness.model.fault import Catch, Edit, Expectation, Fault, Proof
from harness.model.plan import Plan
from harness.model.spec import Condition, Effect
from harness.plan import show
from harness.plan.proving import proof_key, untouched
from harness.record.proofs import Ledger
from harness.report import as_summary
from suites.harness.run_builder import RunBuilder
from suites.harness.test_report_interop import view_of


def proof(check: str = "p/a", fault: str = "f", **facts: Any) -> Proof:
    given = {"catch": Catch.CAUGHT, "reason": "said so", "at": "2026-11-23T10:00:00Z", "key": "k"}
    return Proof(check=check, fault=fault, title=f"Title of {fault}", **{**given, **facts})


SURVIVED = proof(fault="g", catch=Catch.SURVIVED, at="2026-11-24T10:00:00Z")
UNSURE = proof(fault="h", catch=Catch.INCONCLUSIVE)


def built() -> RunBuilder:
    builder = RunBuilder()
    builder.check("p/a", must_catch=("f", "g", "h", "i"), proofs=(proof(), SURVIVED, UNSURE))
    builder.check("p/b", must_catch=("f",), proofs=(proof("p/b", current=False),))
    builder.check("p/c")
    builder.check("p/d", advisory=True)
    return builder


def plan_of(builder: RunBuilder) -> Plan:
    return builder.header().plan


def test_the_plan_tells_what_bites_and_what_is_open() -> None:
    text = show.as_text(plan_of(built()))
    assert "must catch 4 faults, 1 caught, 1 survived, 1 inconclusive, 1 not proven here" in text
    assert "must catch 1 fault, 1 not proven here" in text
    assert text.endswith(
        "\nproof of bite\n"
        "  p/a lets the fault g survive: Title of g\n"
        "  1 check has no fault to catch, so nothing shows that it can fail: p/c;"
        " name some in must-catch\n"
        "  2 checks have faults that are not proven here: p/a, p/b;"
        " `release-manager prove` tries them\n"
    )


@pytest.mark.parametrize("weighed", [False, True])
def test_a_plan_without_any_fault_tells_of_it_when_the_policy_asks(weighed: bool) -> None:
    builder = RunBuilder()
    builder.check("p/c")
    plan = plan_of(builder)
    effect = Effect.WARN if weighed else Effect.IGNORE
    rules = {**plan.profile.rules, Condition.UNPROVEN: effect}
    plan = msgspec.structs.replace(plan, profile=msgspec.structs.replace(plan.profile, rules=rules))
    assert ("1 check has no fault to catch" in show.as_text(plan)) is weighed


def test_the_summary_counts_faults_and_names_survivors() -> None:
    text = as_summary(view_of(built()))
    assert (
        "**Proof of bite**: 1 of 5 faults caught, 1 survived, 1 inconclusive, 2 not proven here,"
        " 1 check without a fault, last proven 2026-11-24T10:00:00Z\n\n"
        "- `p/a` let `g` survive: Title of g\n"
    ) in text


@pytest.mark.parametrize(
    ("counts", "interrupted", "tried", "code"),
    [
        ((3, 0, 0), False, True, ExitCode.APPROVED),
        ((3, 1, 1), False, True, ExitCode.BLOCKED),
        ((3, 1, 0), False, False, ExitCode.BLOCKED),
        ((3, 0, 1), False, True, ExitCode.INCOMPLETE),
        ((3, 0, 0), False, False, ExitCode.INCOMPLETE),
        ((3, 1, 0), True, False, ExitCode.INTERRUPTED),
    ],
)
def test_the_exit_code_says_the_gravest(
    counts: tuple[int, int, int], interrupted: bool, tried: bool, code: ExitCode
) -> None:
    found = dict(zip(Catch, counts, strict=True))
    assert exit_code(found, interrupted=interrupted, tried=tried) is code


FAULT = Fault(
    id="f",
    title="F",
    edits=[Edit(file="a.c", find="x", replace="y")],
    expect=[Expectation(check="p/a", test="t"), Expectation(check="p/b", test="t")],
)


def test_a_proof_depends_on_the_fault_the_check_and_the_tree_and_nothing_else() -> None:
    replace = msgspec.structs.replace
    key = proof_key("p/a", "key", FAULT, {})
    same = [
        replace(FAULT, title="Another", about="More words"),
        replace(FAULT, expect=[FAULT.expect[0], Expectation(check="p/b", test="another")]),
    ]
    other = [
        replace(FAULT, edits=[Edit(file="a.c", find="x", replace="z")]),
        replace(FAULT, env={"A": "b"}),
        replace(FAULT, expect=[Expectation(check="p/a", test="another"), FAULT.expect[1]]),
    ]
    assert {proof_key("p/a", "key", one, {}) for one in same} == {key}
    others = {proof_key("p/a", "key", one, {}) for one in other}
    others |= {proof_key("p/a", "another", FAULT, {}), proof_key("p/a", "key", FAULT, {"O": "0"})}
    assert len(others | {key}) == 6
    # What a result depends on is not known: then nor is what a proof does.
    assert proof_key("p/a", "", FAULT, {}) == ""


def test_a_fault_reaches_what_reads_its_files_uses_its_services_or_needs_such() -> None:
    builder = RunBuilder()
    builder.check("p/lib", inputs=("lib/**",))
    builder.check("p/app", inputs=("app/**",), needs=("p/lib",))
    builder.check("p/doc", inputs=("doc/*.md",))
    builder.check("p/all")
    plan = plan_of(builder)
    assert untouched(plan, FAULT, ["lib/x/a.c"]) == {"p/doc"}
    assert untouched(plan, FAULT, ["app/a.c"]) == {"p/lib", "p/doc"}
    assert untouched(plan, FAULT, ["doc/deep/a.md"]) == {"p/lib", "p/app", "p/doc"}
    assert untouched(plan, FAULT, []) == {"p/lib", "p/app", "p/doc", "p/all"}


def test_the_ledger_keeps_the_last_proof_and_believes_no_damage(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "proofs")
    assert ledger.get("p/a", "f") is None
    ledger.put(proof(reason="first"))
    ledger.put(proof(reason="second"))
    ledger.put(proof("p/b"))
    assert ledger.get("p/a", "f") == proof(reason="second")
    files = sorted((tmp_path / "proofs").iterdir())
    assert len(files) == 2
    for file in files:
        content = file.read_bytes()
        for damaged in (content[:-2], content.replace(b"caught", b"CAUGHT"), b"", b"\n{}"):
            file.write_bytes(damaged)
            assert ledger.get("p/a", "f") is None or ledger.get("p/b", "f") is None
            file.write_bytes(content)
    one, other = (file.read_bytes() for file in files)
    files[0].write_bytes(other)
    files[1].write_bytes(one)
    assert ledger.get("p/a", "f") is None, "somebody else's proof"


def _put(folder: Path, number: int) -> None:
    for _ in range(50):
        Ledger(folder).put(proof(reason=f"by {number} " * 500))


def test_many_processes_write_one_proof_and_it_is_always_whole(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_put, args=(tmp_path, number)) for number in range(4)]
    for one in writers:
        one.start()
    seen = 0
    while any(one.is_alive() for one in writers) or not seen:
        if (tmp_path).is_dir() and list(tmp_path.glob("*.json")):
            found = Ledger(tmp_path).get("p/a", "f")
            assert found is not None
            assert len(set(found.reason.split(" "))) <= 3
            seen += 1
    for one in writers:
        one.join()
        assert one.exitcode == 0
