"""Everything that definition files say, as `load/` hands it on."""

from __future__ import annotations

from harness.model.base import Record
from harness.model.fault import LoadedFault
from harness.model.spec import Phase, Policy, Position, Service, Versions, Waiver


class LoadedPhase(Record, frozen=True):
    """A phase and where it and its checks stand, in the order of the file."""

    phase: Phase
    position: Position
    check_positions: tuple[Position, ...]


class LoadedWaiver(Record, frozen=True):
    """An entry of `waivers.yaml` and where it stands; `quarantine` when it is in that list.

    `release_after` is how many clean passes end it, 0 when none do.
    """

    waiver: Waiver
    position: Position
    quarantine: bool = False
    release_after: int = 0


class Definitions(Record, frozen=True):
    """Everything `load/` found in one folder of definitions, and the faults beside it.

    `shared` and `linked` are the build folders that a scratch tree takes along, `scratch_env` is
    the environment on top of everything's own there.
    """

    phases: tuple[LoadedPhase, ...]
    services: dict[str, Service]
    policy: Policy
    versions: Versions | None = None
    waivers: tuple[LoadedWaiver, ...] = ()
    faults: tuple[LoadedFault, ...] = ()
    shared: tuple[str, ...] = ()
    linked: tuple[str, ...] = ()
    scratch_env: dict[str, str] = {}
