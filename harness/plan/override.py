"""Which checks somebody answers for under a profile: `waivers.yaml` as overrides."""

from __future__ import annotations

from harness.model.definitions import Definitions
from harness.model.result import Override, OverrideKind
from harness.model.spec import Waiver


def overrides_of(definitions: Definitions, profile: str) -> dict[str, Override]:
    """Overrides by what they name: a check, or one instance of a matrix.

    An entry whose scope leaves the profile out is not there at all. Whether an entry is still in
    force is not asked here: a plan knows no day, and an expired entry must be told, not dropped.
    """
    return {
        loaded.waiver.check: Override(
            kind=OverrideKind.QUARANTINED if loaded.quarantine else OverrideKind.WAIVED,
            reason=loaded.waiver.reason,
            owner=loaded.waiver.owner,
            issue=loaded.waiver.issue,
            expires=loaded.waiver.expires,
            position=loaded.position,
            created=loaded.waiver.created,
            release_after=loaded.release_after,
        )
        for loaded in definitions.waivers
        if _covers(loaded.waiver, profile)
    }


def _covers(waiver: Waiver, profile: str) -> bool:
    return waiver.scope == "all" or profile in waiver.scope
