"""The resolved plan: immutable, printable, and complete enough to run, judge and shard from."""

from __future__ import annotations

import enum
from typing import Any

from harness.model.base import Record
from harness.model.fault import Proof
from harness.model.result import Override, SkipReason
from harness.model.spec import Position, Profile, Resources, Service


class Capability(Record, frozen=True):
    """Something the host has or lacks, as `doctor` shows it.

    `enables` says what it is good for; `install` is the command that brings it, where one is known.
    """

    name: str
    present: bool
    version: str = ""
    detail: str = ""
    enables: str = ""
    install: str = ""


class Host(Record, frozen=True):
    """The machine and the circumstances a plan was made for."""

    system: str
    machine: str
    cpus: int
    memory_mb: int
    capabilities: dict[str, Capability] = {}
    flags: dict[str, bool] = {}
    event: str = "local"


class Decision(enum.StrEnum):
    """What the planner decided for one check."""

    RUN = "run"
    SKIP = "skip"
    REUSE = "reuse"


class Considered(Record, frozen=True):
    """One alternative of an `any-of`, and what it lacked (empty for the chosen one)."""

    title: str
    lacked: str = ""


class PlannedCheck(Record, frozen=True):
    """One node of the plan.

    `id` is `phase/check` or `phase/check[value,…]` for a matrix instance. `needs` holds ids of
    this plan. `options` is the kind's `with:`, validated, matrix values filled in; expressions that
    only a run can answer (`${{ services… }}`) are still in it. `reason` says why the check will
    run or not, for a person. `expected_seconds` comes from history, 0 when unknown. `key` is the
    digest of all that the result depends on, empty when that is not known (no `inputs`). `proofs`
    is what `prove` last found out about each fault the check must catch. `needed` says that it is
    here only because others need it. A failure is tried again up to `retry` times; `repeat` counts
    the attempts to make in any case. `override` is about the check as a whole, `test_overrides` are
    each about some of its tests.
    """

    id: str
    phase: str
    title: str
    kind: str
    decision: Decision
    reason: str
    position: Position
    about: str = ""
    skip: SkipReason | None = None
    options: dict[str, Any] = {}
    needs: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    env: dict[str, str] = {}
    resources: Resources = Resources()
    timeout_seconds: float = 600.0
    requires: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    matrix: dict[str, str | int | float | bool] = {}
    considered: tuple[Considered, ...] = ()
    advisory: bool = False
    must_catch: tuple[str, ...] = ()
    override: Override | None = None
    expected_seconds: float = 0.0
    key: str = ""
    proofs: tuple[Proof, ...] = ()
    needed: bool = False
    retry: int = 0
    repeat: int = 1
    test_overrides: tuple[Override, ...] = ()

    @property
    def overrides(self) -> tuple[Override, ...]:
        """Everything that somebody answers for here: the check as a whole, then its tests."""
        whole = () if self.override is None else (self.override,)
        return (*whole, *self.test_overrides)


class PlannedPhase(Record, frozen=True):
    """A phase as reports name it."""

    id: str
    title: str
    about: str


class Plan(Record, frozen=True):
    """Everything that will happen, decided. `checks` stand in a stable topological order.

    `deselected` holds the ids of the checks that nobody asked for: they are no nodes of this plan
    and get no result, however many there are, but the verdict and the reports count them. `seed`
    shuffles checks that could start in any order; None starts the longest path first.
    """

    schema: int
    project: str
    selection: str
    profile_name: str
    profile: Profile
    host: Host
    phases: tuple[PlannedPhase, ...]
    checks: tuple[PlannedCheck, ...]
    services: dict[str, Service] = {}
    deselected: tuple[str, ...] = ()
    seed: int | None = None


PLAN_SCHEMA = 1
