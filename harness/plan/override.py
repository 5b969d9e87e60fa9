"""Which checks and tests somebody answers for under a profile: `waivers.yaml` as overrides."""

from __future__ import annotations

from harness.model.base import Record
from harness.model.definitions import Definitions, LoadedWaiver
from harness.model.result import Override, OverrideKind
from harness.model.spec import Waiver


class Overrides(Record, frozen=True):
    """Overrides by what they name, a check or one instance of a matrix: of it all, of tests."""

    of_checks: dict[str, Override]
    of_tests: dict[str, tuple[Override, ...]]

    def of_check(self, instance: str, check: str) -> Override | None:
        """The override of an instance (`phase/check[value]`) of a check as a whole."""
        return self.of_checks.get(instance) or self.of_checks.get(check)

    def of_its_tests(self, instance: str, check: str) -> tuple[Override, ...]:
        """The overrides of some tests of an instance, in the order of the file."""
        own = self.of_tests.get(instance, ())
        return own if instance == check else (*own, *self.of_tests.get(check, ()))


def overrides_of(definitions: Definitions, profile: str) -> Overrides:
    """The overrides that count under a profile.

    An entry whose scope leaves the profile out is not there at all. Whether an entry is still in
    force is not asked here: a plan knows no day, and an expired entry must be told, not dropped.
    """
    of_checks: dict[str, Override] = {}
    of_tests: dict[str, tuple[Override, ...]] = {}
    for loaded in definitions.waivers:
        waiver = loaded.waiver
        if not _covers(waiver, profile):
            continue
        if waiver.test:
            of_tests[waiver.check] = (*of_tests.get(waiver.check, ()), _override(loaded))
        else:
            of_checks[waiver.check] = _override(loaded)
    return Overrides(of_checks=of_checks, of_tests=of_tests)


def _override(loaded: LoadedWaiver) -> Override:
    return Override(
        kind=OverrideKind.QUARANTINED if loaded.quarantine else OverrideKind.WAIVED,
        reason=loaded.waiver.reason,
        owner=loaded.waiver.owner,
        issue=loaded.waiver.issue,
        expires=loaded.waiver.expires,
        position=loaded.position,
        created=loaded.waiver.created,
        release_after=loaded.release_after,
        test=loaded.waiver.test,
    )


def _covers(waiver: Waiver, profile: str) -> bool:
    return waiver.scope == "all" or profile in waiver.scope
