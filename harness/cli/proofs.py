"""What is proven of a plan's checks, as the ledger has it; nothing is run."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from harness import __version__
from harness.model.definitions import Definitions
from harness.model.fault import Fault, Proof
from harness.model.plan import Plan, PlannedCheck
from harness.plan.proving import proof_key
from harness.record.proofs import Ledger
from harness.system.contents import Contents

PROOFS = Path(".release-manager/proofs")


class Keys:
    """The key of each proof of a plan; files are read once."""

    def __init__(self, root: Path, plan: Plan) -> None:
        """Be ready to read the project's files."""
        self._contents = Contents(root)
        self._plan = plan
        self._digests: dict[tuple[str, ...], str] = {}

    def __call__(self, check: PlannedCheck, fault: Fault) -> str:
        """The digest of everything the proof of a fault by a check depends on."""
        return proof_key(
            check,
            fault,
            contents=self._digest,
            host=self._plan.host,
            services=self._plan.services,
            version=__version__,
        )

    def _digest(self, globs: Iterable[str]) -> str:
        names = tuple(globs)
        if names not in self._digests:
            self._digests[names] = self._contents.digest(names)
        return self._digests[names]


def with_proofs(root: Path, plan: Plan, definitions: Definitions) -> Plan:
    """The plan with what was last found out about each fault its checks must catch."""
    faults = {one.fault.id: one.fault for one in definitions.faults}
    if not any(check.must_catch for check in plan.checks):
        return plan
    ledger, key = Ledger(root / PROOFS), Keys(root, plan)

    def proven(check: PlannedCheck) -> PlannedCheck:
        found: list[Proof] = []
        for name in check.must_catch:
            proof = ledger.get(check.id, name)
            if proof is not None:
                current = proof.key == key(check, faults[name])
                found.append(msgspec.structs.replace(proof, current=current))
        return msgspec.structs.replace(check, proofs=tuple(found)) if found else check

    return msgspec.structs.replace(plan, checks=tuple(proven(check) for check in plan.checks))
