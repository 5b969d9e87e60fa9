"""What is proven of a plan's checks, as the ledger has it; nothing is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from harness.cli.reusing import keys_now
from harness.model.fault import Fault, Proof
from harness.plan.proving import proof_key
from harness.record.proofs import PROOFS, Ledger

if TYPE_CHECKING:
    from harness.cli.workspace import Workspace
    from harness.model.definitions import Definitions
    from harness.model.plan import Plan, PlannedCheck


class Keys:
    """The keys of the proofs of one plan, as the project and this machine are now."""

    def __init__(self, workspace: Workspace, plan: Plan, definitions: Definitions) -> None:
        """Compute the key of every check, as reuse does."""
        # Whoever does not say what it depends on depends on everything.
        whole = msgspec.structs.replace(
            plan,
            checks=tuple(
                check if check.inputs else msgspec.structs.replace(check, inputs=("**",))
                for check in plan.checks
            ),
        )
        self._env = definitions.scratch_env
        self._keys = {name: keyed.key for name, keyed in keys_now(workspace, whole).items()}

    def __call__(self, check: str, fault: Fault) -> str:
        """The key of the proof of a fault by a check; empty when it depends on the unknown."""
        return proof_key(check, self._keys.get(check, ""), fault, self._env)

    def still_holds(self, now: Keys) -> bool:
        """Whether the keys computed now are these; if not, these become those of now."""
        same = self._keys == now._keys
        self._keys = now._keys
        return same


def with_proofs(workspace: Workspace, plan: Plan, definitions: Definitions) -> Plan:
    """The plan with what was last found out about each fault its checks must catch."""
    faults = {one.fault.id: one.fault for one in definitions.faults}
    ledger = Ledger(workspace.root / PROOFS)
    kept = {
        (check.id, name): proof
        for check in plan.checks
        for name in check.must_catch
        if (proof := ledger.get(check.id, name)) is not None
    }
    if not kept:
        return plan
    key = Keys(workspace, plan, definitions)

    def proven(check: PlannedCheck) -> PlannedCheck:
        found: list[Proof] = []
        for name in check.must_catch:
            if (proof := kept.get((check.id, name))) is not None:
                current = bool(proof.key) and proof.key == key(check.id, faults[name])
                found.append(msgspec.structs.replace(proof, current=current))
        return msgspec.structs.replace(check, proofs=tuple(found)) if found else check

    return msgspec.structs.replace(plan, checks=tuple(proven(check) for check in plan.checks))
