"""A small world to load definitions in: two kinds, a few capabilities, a policy and services."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from harness.errors import DefinitionError
from harness.load import load
from harness.model.base import Entry
from harness.model.definitions import Definitions
from harness.model.plan import Capability, Host, Plan
from harness.model.spec import Argument
from harness.plan import Selection, make_plan


class CommandOptions(Entry, frozen=True):
    """Runs a program."""

    run: Annotated[list[Argument], Meta(min_length=1, description="Program and arguments.")]
    cwd: str = "."
    shell: bool = False
    expect_exit: list[int] = []


class TestsOptions(Entry, frozen=True):
    """Runs a test suite."""

    __test__ = False

    path: str
    workers: int | Literal["auto"] = "auto"
    expect_at_least: Annotated[int, Meta(ge=1)] = 1
    ratio: Annotated[float, Meta(ge=0, le=1)] = 0.5
    mode: Literal["fast", "full"] = "fast"
    select: str | list[str] = ""
    extra: dict[str, int] = {}

    def __post_init__(self) -> None:
        if self.path == "both" and self.select:
            raise ValueError("`select` has no meaning with path both")


KINDS = {"command": CommandOptions, "tests": TestsOptions}
CAPABILITIES = frozenset({"cargo", "docker", "apple-silicon", "python3.11", "python3.12", "g++"})

POLICY = b"""\
schema: 1
default: change
profiles:
  change: { about: A change., rules: { failed: block, deselected: ignore } }
  release: { about: A release., rules: { failed: block, deselected: incomplete } }
"""
SERVICES = b"""\
schema: 1
services:
  db: { title: Database, run: [db], ports: [sql], ready: { tcp: sql } }
  gateway:
    title: Gateway
    run: [gateway, --port, "${{ services.gateway.ports.http }}"]
    ports: [http, admin]
    needs: [db]
    requires: [cargo]
    env: { DB: "${{ services.db.url }}" }
    ready: { http: admin/readyz }
"""
HEADER = b"""\
schema: 1
phase: p
title: Phase
about: Does it hold?
checks:
"""


def load_files(**files: str | bytes) -> Definitions:
    """Load files by their stems, beside the policy and services above unless they are given."""
    everything: dict[str, str | bytes] = {"policy": POLICY, "services": SERVICES, **files}
    return load(
        {
            f"phases/{stem}.yaml": text.encode() if isinstance(text, str) else text
            for stem, text in everything.items()
        },
        kinds=KINDS,
        capabilities=CAPABILITIES,
    )


def load_checks(checks: str) -> Definitions:
    """Load one phase, `p`, from the text of its checks."""
    return load_files(p=HEADER + checks.encode())


def problems_of(**files: str | bytes) -> list[str]:
    """What is wrong with files, or nothing."""
    try:
        load_files(**files)
    except DefinitionError as error:
        return list(error.problems)
    return []


def host(*present: str, event: str = "local", **flags: bool) -> Host:
    """A Linux machine with these capabilities and no other."""
    return Host(
        system="linux",
        machine="x86_64",
        cpus=4,
        memory_mb=8192,
        capabilities={
            name: Capability(
                name=name, present=name in present, install=f"get {name}", detail="not found"
            )
            if name not in present
            else Capability(name=name, present=True)
            for name in sorted(CAPABILITIES)
        },
        flags=flags,
        event=event,
    )


def plan_of(
    definitions: Definitions,
    *present: str,
    selection: Selection | None = None,
    event: str = "local",
) -> Plan:
    """A plan on a machine with these capabilities."""
    return make_plan(
        definitions,
        project="Sample",
        host=host(*present, event=event),
        selection=selection or Selection(),
    )
