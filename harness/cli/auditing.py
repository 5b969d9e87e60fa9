"""`--audit-inputs`: each check runs under strace; what it reads is held against its `inputs`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from harness.errors import MissingCapabilityError
from harness.model.glob import matches, variable_of
from harness.model.plan import Plan, PlannedCheck
from harness.model.ports import CheckContext, Command, Completed, Kind
from harness.model.result import Finding, Outcome, Severity
from harness.record.digests import FileDigests
from harness.run.kinds.registry import KindRegistry
from harness.system.trace import files_read, tracing

RULE_UNDECLARED = "inputs-undeclared"
RULE_UNREAD = "inputs-unread"
_LOG = "inputs.trace"
_SHOWN = 20
_OWN = Path(__file__).resolve().parent.parent


def demand_strace() -> str:
    """The path of strace. Raises `MissingCapabilityError` where there is none."""
    program = shutil.which("strace")
    if program is None:
        raise MissingCapabilityError(
            "--audit-inputs watches checks with strace, which this machine lacks",
            next_step="install it: apt-get install strace, or dnf install strace",
        )
    return program


class AuditedKinds(KindRegistry):
    """The kinds of a project, each of them watched."""

    def __init__(self, kinds: KindRegistry, root: Path, plan: Plan) -> None:
        """Watch `kinds`. Raises `MissingCapabilityError` where there is no strace."""
        super().__init__()
        self._inner = kinds
        self._program = demand_strace()
        self._root = root
        self._plan = {check.id: check for check in plan.checks}
        # Files a version control system knows or would add; build products are not inputs.
        # This program's own modules are in every key, so no check has to declare them.
        files = FileDigests(root, root / ".release-manager/files.index").files()
        self._files = frozenset(one for one in files if _OWN not in (root / one).parents)

    def get(self, name: str) -> Kind:
        """The kind of that name, watched."""
        return _Audited(self._inner.get(name), self._program, self._root, self._plan, self._files)


class _Audited:
    """One kind whose commands run under strace."""

    needs_work = True

    def __init__(
        self,
        kind: Kind,
        program: str,
        root: Path,
        checks: Mapping[str, PlannedCheck],
        files: frozenset[str],
    ) -> None:
        self._kind = kind
        self._program = program
        self._root = os.path.realpath(root)
        self._checks = checks
        self._files = files
        self.name = kind.name
        self.summary = kind.summary
        self.options = kind.options

    def prepare(self, options: Any, context: CheckContext) -> Command:
        """The kind's own command, watched."""
        command = self._kind.prepare(options, context)
        argv = tracing(self._program, str(context.work / _LOG), command.argv)
        return msgspec.structs.replace(command, argv=argv)

    def conclude(self, options: Any, context: CheckContext, completed: Completed) -> Outcome:
        """What the kind says, and where its inputs are not what they are said to be."""
        outcome = self._kind.conclude(options, context, completed)
        try:
            log = (context.work / _LOG).read_text("utf-8", "surrogateescape")
        except OSError as error:
            problem = f"what it read is not known: strace left no record ({error.strerror})"
            found = [Finding(message=problem, severity=Severity.WARNING, rule=RULE_UNDECLARED)]
        else:
            (context.work / _LOG).unlink()
            prefix = self._root + os.sep
            read = {one.removeprefix(prefix) for one in files_read(log) if one.startswith(prefix)}
            found = audit(self._checks[context.check_id], read & self._files)
        return msgspec.structs.replace(outcome, findings=(*outcome.findings, *found))


def audit(check: PlannedCheck, read: set[str]) -> list[Finding]:
    """What a check read outside its inputs, and inputs that it never read, as warnings."""
    if not check.inputs:
        return []
    used = {one for one in check.inputs if any(matches(path, one) for path in read)}
    stray = sorted(path for path in read if not any(matches(path, one) for one in used))
    found = [
        Finding(
            message=f"{path} is read and no input says so",
            severity=Severity.WARNING,
            file=path,
            rule=RULE_UNDECLARED,
        )
        for path in stray[:_SHOWN]
    ]
    if len(stray) > _SHOWN:
        found.append(
            Finding(
                message=f"{len(stray) - _SHOWN:,} more files are read and no input says so",
                severity=Severity.WARNING,
                rule=RULE_UNDECLARED,
            )
        )
    found += [
        Finding(
            message=f"the input {pattern} is never read",
            severity=Severity.WARNING,
            rule=RULE_UNREAD,
        )
        for pattern in check.inputs
        if pattern not in used and not variable_of(pattern)
    ]
    return found


def summary(findings: Mapping[str, tuple[Finding, ...]]) -> list[str]:
    """What an audit found, for a terminal; one line says so when it found nothing."""
    lines = [
        f"  {name}: {one.message}"
        for name, all_of_it in findings.items()
        for one in all_of_it
        if one.rule in {RULE_UNDECLARED, RULE_UNREAD}
    ]
    return [f"inputs audited: {len(lines):,} disagree with what was read", *lines]
