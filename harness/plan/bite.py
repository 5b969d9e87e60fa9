"""What a plan knows of its checks' bite: how many faults each is proven to catch, and what is open.

A check that nobody has seen red may not be able to turn red, so what is not proven is a finding.
Pure; gives lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.model.fault import Catch
from harness.model.plan import Plan, PlannedCheck
from harness.model.spec import Condition, Effect

_NAMED = 8


def bite(check: PlannedCheck) -> str:
    """How many faults the check must catch, what became of them, and what is left to prove."""
    count = len(check.must_catch)
    last = {proof.fault: proof.catch for proof in check.proofs if proof.current}
    words = [f"must catch {count} fault{'s' * (count != 1)}"]
    words += [f"{list(last.values()).count(one)} {one}" for one in Catch if one in last.values()]
    if unproven := count - len(last):
        words.append(f"{unproven} not proven here")
    return ", ".join(words)


def findings(plan: Plan) -> Iterator[str]:
    """What is open, a line each: survivors, blocking checks without a fault, those not proven here.

    Silent where nobody asks: no check names a fault, and the policy does not weigh that.
    """
    blocking = [check for check in plan.checks if not check.advisory]
    weighed = plan.profile.rules.get(Condition.UNPROVEN, Effect.INCOMPLETE) is not Effect.IGNORE
    if not weighed and not any(check.must_catch for check in plan.checks):
        return
    for check in plan.checks:
        for proof in check.proofs:
            if proof.current and proof.catch is Catch.SURVIVED:
                yield f"{check.id} lets the fault {proof.fault} survive: {proof.title}"
    if bare := [check.id for check in blocking if not check.must_catch]:
        yield (
            f"{_counted(bare)} no fault to catch, so nothing shows that {_it(bare)} can fail:"
            f" {_named(bare)}; name some in must-catch"
        )
    if unproven := [check.id for check in blocking if check.must_catch and _is_open(check)]:
        yield (
            f"{_counted(unproven)} faults that are not proven here:"
            f" {_named(unproven)}; `release-manager prove` tries them"
        )


def _is_open(check: PlannedCheck) -> bool:
    certain = {
        proof.fault
        for proof in check.proofs
        if proof.current and proof.catch is not Catch.INCONCLUSIVE
    }
    return not certain.issuperset(check.must_catch)


def _counted(names: Sequence[str]) -> str:
    return f"{len(names):,} checks have" if len(names) != 1 else "1 check has"


def _it(names: Sequence[str]) -> str:
    return "they" if len(names) != 1 else "it"


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"
