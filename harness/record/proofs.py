"""The ledger of proofs: one small file for each check and fault, replaced whole or not at all.

Safe for many processes; a damaged entry is not there, and what is not there is not proven.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec

from harness.model.fault import Proof

PROOFS = Path(".release-manager/proofs")
"""Where a project keeps them."""


class Ledger:
    """A folder of proofs."""

    def __init__(self, folder: Path) -> None:
        """Name the folder; it is made when something is kept."""
        self._folder = folder

    def get(self, check: str, fault: str) -> Proof | None:
        """The last proof of a check and a fault, or None."""
        try:
            digest, _, payload = self._path(check, fault).read_bytes().partition(b"\n")
            if hashlib.sha256(payload).hexdigest().encode() != digest:
                return None
            proof = msgspec.json.decode(payload, type=Proof)
        except (OSError, msgspec.MsgspecError):
            return None
        return proof if (proof.check, proof.fault) == (check, fault) else None

    def put(self, proof: Proof) -> None:
        """Keep a proof. Raises `OSError` when the place refuses."""
        self._folder.mkdir(parents=True, exist_ok=True)
        target = self._path(proof.check, proof.fault)
        partial = target.with_suffix(f".{os.getpid()}")
        payload = msgspec.json.encode(proof)
        partial.write_bytes(hashlib.sha256(payload).hexdigest().encode() + b"\n" + payload)
        partial.replace(target)

    def _path(self, check: str, fault: str) -> Path:
        name = hashlib.sha256(f"{check}\0{fault}".encode()).hexdigest()[:32]
        return self._folder / f"{name}.json"
