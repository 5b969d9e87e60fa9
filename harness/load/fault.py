"""`fixtures/faults/*.yaml`: what their types cannot say about faults and who must catch them."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import PurePosixPath

import msgspec

from harness.load.check import CheckRules
from harness.load.links import names_of
from harness.load.node import Node, at, position
from harness.load.phase import Draft
from harness.load.problem import Problems, choose, shown
from harness.load.source import read
from harness.load.validate import Compiler
from harness.load.walk import INVALID, Validator, Walk
from harness.model.fault import Fault, Faults, LoadedFault

_HEADER = re.compile(r"^(?:---|\+\+\+) (?P<path>[^\t\n]+)", re.MULTILINE)


class FaultFile(msgspec.Struct):
    """One file of faults whose types are right."""

    file: str
    node: Node
    walk: Walk
    faults: Faults

    def each(self) -> Iterator[tuple[Fault, Node]]:
        """Every fault with its node."""
        for index, fault in enumerate(self.faults.faults):
            yield fault, at(self.node, "faults", index)

    def loaded(self) -> list[LoadedFault]:
        """Every fault with its place."""
        return [
            LoadedFault(fault=fault, position=position(self.file, node))
            for fault, node in self.each()
        ]


def typed_faults(files: Mapping[str, bytes], problems: Problems) -> list[FaultFile]:
    """The files whose types are right; the problems of the others are noted."""
    found: list[FaultFile] = []
    for file in sorted(files):
        node = read(file, files[file], problems)
        if node is None:
            continue
        walk = Walk(file, problems)
        values = _validator()(node, walk)
        if values is not INVALID:
            faults = msgspec.convert(values, Faults)
            found.append(FaultFile(file=file, node=node, walk=walk, faults=faults))
    return found


@functools.cache
def _validator() -> Validator:
    return Compiler().compile(Faults, label="this file")


def examine_faults(
    files: list[FaultFile],
    drafts: list[Draft],
    services: Collection[str],
    rules: CheckRules,
    *,
    complete: bool,
) -> None:
    """Note every problem of well-typed faults, and every `must-catch` that names none.

    Unless `complete`, a file could not be read, and a fault that is missed may stand there.
    """
    known: dict[str, tuple[Fault, Walk, Node]] = {}
    told: dict[str, tuple[str, str]] = {}
    for one in files:
        for name, value in one.faults.env.items():
            before = told.setdefault(name, (value, one.file))
            if before[0] != value:
                one.walk.problem(
                    at(one.node, "env", name),
                    f"{before[1]} gives {shown(name)} another value",
                    "all faults share one scratch tree: say it in one file",
                )
        for key in ("share", "link"):
            for index, path in enumerate(getattr(one.faults, key)):
                _path(path, at(one.node, key, index), one.walk)
        for fault, node in one.each():
            if fault.id in known:
                _, walk, place = known[fault.id]
                one.walk.problem(
                    at(node, "id"),
                    f"the fault {shown(fault.id)} is already defined in {walk.file}:{place.line}",
                    "give one of the two another id",
                )
            else:
                known[fault.id] = (fault, one.walk, node)
            _breaks(fault, node, one.walk, services)
            _expects(fault, node, one.walk)
            rules.condition(fault.if_, at(node, "if"), {}, one.walk)
    _both_directions(known, drafts, complete=complete)


def _breaks(fault: Fault, node: Node, walk: Walk, services: Collection[str]) -> None:
    if not (fault.edits or fault.patch or fault.env or fault.services):
        walk.problem(
            node,
            f"the fault {shown(fault.id)} breaks nothing",
            'add "edits", "patch", "env" or "services"',
        )
    for index, edit in enumerate(fault.edits):
        _path(edit.file, at(node, "edits", index, "file"), walk)
        if edit.find == edit.replace:
            walk.problem(
                at(node, "edits", index), "the edit changes nothing", "change what stands there"
            )
    if fault.patch:
        headers = [match["path"].strip() for match in _HEADER.finditer(fault.patch)]
        if not headers or "@@" not in fault.patch:
            walk.problem(
                at(node, "patch"),
                '"patch" is no unified diff',
                "write one with --- a/FILE, +++ b/FILE and @@ lines, as git diff gives",
            )
        for path in headers:
            if path != "/dev/null":
                _path(path[2:] if path[:2] in ("a/", "b/") else path, at(node, "patch"), walk)
    for name in fault.services:
        if name not in services:
            walk.problem(
                at(node, "services", name),
                f"no service is called {shown(name)}",
                choose(name, services, otherwise="define it in services.yaml"),
            )


def _expects(fault: Fault, node: Node, walk: Walk) -> None:
    seen: set[str] = set()
    for index, wanted in enumerate(fault.expect):
        place = at(node, "expect", index)
        if not wanted.test and not wanted.message:
            walk.problem(
                place,
                "any failure at all would do",
                'say which one must be seen: "test" (a glob) or "message" (a pattern)',
            )
        if wanted.message:
            try:
                re.compile(wanted.message)
            except re.error as error:
                walk.problem(
                    at(place, "message"),
                    f"the pattern {shown(wanted.message)} is wrong: {error}",
                    "mend the regular expression",
                )
        if wanted.check in seen:
            walk.problem(
                at(place, "check"), f"{wanted.check} is expected twice", "keep one of the two"
            )
        seen.add(wanted.check)


def _path(path: str, node: Node, walk: Walk) -> None:
    """A path stays inside the project, whatever the system."""
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or "\\" in path or "\0" in path or path == ".":
        walk.problem(
            node, f"the path {shown(path)} leaves the project", "write it relative to the root"
        )
    elif pure.parts[:1] == (".git",):
        walk.problem(node, "a fault must not touch .git", "break the product, not the history")


def _both_directions(
    known: Mapping[str, tuple[Fault, Walk, Node]], drafts: list[Draft], *, complete: bool
) -> None:
    """`must-catch` names faults that exist and expect the check; each expectation is asked for."""
    checks = {
        f"{phase}/{check}": instances
        for phase, found in names_of(drafts).items()
        for check, instances in found.items()
    }
    asked: dict[str, set[str]] = {}
    unread: set[str] = set()
    for draft in drafts:
        for item in draft.items:
            name = f"{draft.phase_id}/{item.id}"
            if item.check is None:
                unread.add(name)
                continue
            for index, wanted in enumerate(item.check.must_catch):
                place = at(item.node, "must-catch", index)
                asked.setdefault(name, set()).add(wanted)
                if wanted not in known and not complete:
                    continue
                if wanted not in known:
                    draft.walk.problem(
                        place,
                        f"no fault is called {shown(wanted)}",
                        choose(wanted, known, otherwise="define it in fixtures/faults/"),
                    )
                elif not any(base(one.check) == name for one in known[wanted][0].expect):
                    draft.walk.problem(
                        place,
                        f"the fault {shown(wanted)} says nothing of {name}",
                        f'add to its "expect": the failure that {name} must show',
                    )
    for fault, walk, node in known.values():
        for index, expected in enumerate(fault.expect):
            name, place = base(expected.check), at(node, "expect", index, "check")
            if name not in checks:
                walk.problem(
                    place,
                    f"no check is called {shown(name)}",
                    choose(name, checks, otherwise="`release-manager plan` shows every check"),
                )
            elif expected.check != name and expected.check not in checks[name]:
                walk.problem(
                    place,
                    f"{name} has no instance {shown(expected.check)}",
                    choose(expected.check, checks[name], otherwise="name the check itself"),
                )
            elif name not in unread and fault.id not in asked.get(name, ()):
                walk.problem(
                    place,
                    f"{name} does not have to catch {shown(fault.id)}",
                    f'add the fault to the "must-catch" of {name}, or remove this',
                )


def base(check: str) -> str:
    """The check of an instance: `phase/check[value]` without its brackets."""
    return check.partition("[")[0]
