"""Definition files to frozen definitions, or every problem in them at once.

Pure: takes bytes, gives data. README.md beside this file tells how.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from typing import Any

import msgspec

from harness.errors import DefinitionError
from harness.load.check import CheckRules
from harness.load.fault import examine_faults, typed_faults
from harness.load.links import examine_links
from harness.load.node import Node, at
from harness.load.phase import PhaseReader
from harness.load.placeholder import Placeholders
from harness.load.problem import Problems, choose, shown
from harness.load.service import examine_services, names_and_ports
from harness.load.source import read
from harness.load.validate import Compiler
from harness.load.waiver import SCOPE, examine_waivers
from harness.load.walk import INVALID, Validator, Walk
from harness.model.definitions import Definitions, LoadedWaiver
from harness.model.spec import Policy, Position, Service, Services, Versions, Waivers

SERVICES = "services"
POLICY = "policy"
VERSIONS = "versions"
WAIVERS = "waivers"
_SPECIAL = {SERVICES: Services, POLICY: Policy, VERSIONS: Versions, WAIVERS: Waivers}


def load(
    files: Mapping[str, bytes],
    *,
    kinds: Mapping[str, type[msgspec.Struct]],
    capabilities: Collection[str],
    faults: Mapping[str, bytes] | None = None,
) -> Definitions:
    """The definitions that files give.

    `files` maps the path that messages show to a file's bytes; `services`, `policy`, `versions`
    and `waivers` (`.yaml` or `.yml`) are what their names say, every other file is a phase, and a
    policy there must be. `kinds` gives each kind's options, `capabilities` every name a host may
    be asked for; `faults` maps the files of faults likewise. Raises `DefinitionError` with every
    problem of every file, in the order of the files.
    """
    problems = Problems()
    phases: dict[str, Node] = {}
    special: dict[str, tuple[str, Node]] = {}
    for file in sorted(files):
        name = PurePosixPath(file).stem
        node = read(file, files[file], problems)
        if name in _SPECIAL and name in special:
            problems.add(
                Position(file=file, line=1, column=1),
                f"{special[name][0]} says already what this file is for",
                "keep one of the two files",
            )
        elif name in _SPECIAL and node is not None:
            special[name] = (file, node)
        elif node is not None:
            phases[file] = node
    _must_be_there(files, problems)

    service_names = names_and_ports(special[SERVICES][1] if SERVICES in special else None)
    rules = CheckRules(kinds, capabilities, service_names)
    reader = PhaseReader(rules)
    drafts = [reader.draft(node, Walk(file, problems)) for file, node in phases.items()]
    examine_links(drafts)

    found = {name: _typed(name, *special[name], problems) for name in special}
    if (services := found.get(SERVICES)) is not None:
        file, node = special[SERVICES]
        walk = Walk(file, problems)
        examine_services(services.services, node, walk, rules, Placeholders(service_names))
    if (policy := found.get(POLICY)) is not None:
        _default_profile(policy, *special[POLICY], problems)
    overrides: tuple[LoadedWaiver, ...] = ()
    if (waivers := found.get(WAIVERS)) is not None:
        file, node = special[WAIVERS]
        profiles = None if policy is None else policy.profiles
        overrides = examine_waivers(waivers, node, Walk(file, problems), drafts, profiles)
    broken = typed_faults(faults or {}, problems)
    examine_faults(broken, drafts, service_names, rules, complete=len(broken) == len(faults or {}))
    if len(problems) or policy is None:
        raise problems.error()
    return Definitions(
        phases=tuple(draft.loaded() for draft in drafts),
        services=_by_name(services),
        policy=policy,
        versions=found.get(VERSIONS),
        waivers=overrides,
        faults=tuple(one for file in broken for one in file.loaded()),
        shared=tuple(dict.fromkeys(one for file in broken for one in file.faults.share)),
        linked=tuple(dict.fromkeys(one for file in broken for one in file.faults.link)),
        scratch_env={name: value for file in broken for name, value in file.faults.env.items()},
    )


def _typed(name: str, file: str, node: Node, problems: Problems) -> Any:
    """A special file's node as its type, or None when problems were noted."""
    walk = Walk(file, problems)
    values = _validator(name)(node, walk)
    return None if values is INVALID else msgspec.convert(values, _SPECIAL[name])


@functools.cache
def _validator(name: str) -> Validator:
    return Compiler(special=SCOPE).compile(_SPECIAL[name], label="this file")


def _must_be_there(files: Mapping[str, bytes], problems: Problems) -> None:
    folder = PurePosixPath(min(files)).parent if files else PurePosixPath("phases")
    names = {PurePosixPath(file).stem for file in files}
    if POLICY not in names:
        problems.add(
            Position(file=str(folder / "policy.yaml"), line=1, column=1),
            "there is no policy, and without one nothing can be approved",
            "write one; `release-manager init` gives a strict one to begin with",
        )
    if not names - _SPECIAL.keys():
        problems.add(
            Position(file=str(folder), line=1, column=1),
            "there is no phase file",
            "write one; `release-manager init` gives one to begin with",
        )


def _default_profile(policy: Policy, file: str, node: Node, problems: Problems) -> None:
    if policy.default not in policy.profiles:
        Walk(file, problems).problem(
            at(node, "default"),
            f"no profile is called {shown(policy.default)}",
            choose(policy.default, policy.profiles),
        )


def _by_name(services: Services | None) -> dict[str, Service]:
    return dict(services.services) if services is not None else {}


__all__ = ["DefinitionError", "load"]
