"""Leaves a stamp after a run: what the next decision would rest on, if it were made now.

The decision is really made once more, with nothing run, so that the stamp says what the long way
would; only one that reuses everything, and is approved, is worth a stamp.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from harness import __version__
from harness.cli import surroundings
from harness.cli.reusing import Reuse
from harness.cli.standing import STAMPS, question, results_facts
from harness.cli.workspace import CAPABILITIES
from harness.judge import judge
from harness.model.event import EVENT_SCHEMA, RunFinished, RunStarted, decode, encode
from harness.model.glob import fixed_part, is_literal, variable_of
from harness.model.plan import Decision, Plan
from harness.model.result import Conclusion, Status
from harness.model.run import fold
from harness.model.spec import Condition, Effect
from harness.plan.undecided import undecided
from harness.record.listing import Known, read_digest
from harness.record.stamp import LIFETIME_SECONDS, Stamp, save, stamp_path
from harness.run.masking import masked, redactor_for
from harness.system.capabilities import TABLE
from harness.system.remembered import ASKED_ALWAYS, answers, programs_of
from harness.system.remembered import LIFETIME_SECONDS as ANSWERS_LIVE

if TYPE_CHECKING:
    from harness.cli.workspace import Workspace
    from harness.record.folder import RunFolder

_ROWS = {row.name: row for row in TABLE}
_MOST_WORDS = 12
_OWN_TOOLS = {"release-manager", "python", "python packages", "places of versions", "tags of HEAD"}
"""What stands in manifests beside capabilities and programs."""


class _RefusedError(Exception):
    """No stamp can be left; nothing is wrong with that."""


def leave(
    workspace: Workspace,
    plan: Plan,
    folder: RunFolder,
    *,
    arguments: Sequence[str],
    proofs: str,
    before: Stamp | None,
) -> None:
    """Leave a stamp for a command line, when the same would be decided at once.

    `plan` is that of the run just recorded in `folder` and approved; `proofs` the facts of the
    ledger before it was planned, `before` the stamp that the plan was recalled from, if it was.
    """
    asked = question(arguments, os.environ)
    if asked is None or not _could_stand(plan):
        return
    root = str(workspace.root)
    results = results_facts(root)
    again = Reuse(workspace, undecided(plan))
    same = all(not check.key or again.keys[check.id].key == check.key for check in plan.checks)
    if not same or results_facts(root) != results:
        return
    try:
        stamp = _stamp(workspace, again, results, arguments, proofs, before, folder)
    except (_RefusedError, OSError):
        return
    save(stamp_path(f"{root}/{STAMPS}", asked[1]), stamp)


def _could_stand(plan: Plan) -> bool:
    """Whether a decision about the plan could reuse everything and rest on files alone."""
    return plan.profile.rules.get(Condition.REUSED) in {Effect.IGNORE, Effect.WARN} and all(
        not check.overrides
        and (check.inputs or (check.decision is Decision.SKIP and not check.must_catch))
        for check in plan.checks
    )


def _stamp(
    workspace: Workspace,
    again: Reuse,
    results: str,
    arguments: Sequence[str],
    proofs: str,
    before: Stamp | None,
    folder: RunFolder,
) -> Stamp:
    plan, root = again.plan, str(workspace.root)
    _demand(not again.notes)
    _demand(all(check.decision is not Decision.RUN for check in plan.checks))
    host = plan.host
    now = workspace.host(host.capabilities, flags=host.flags, event=host.event)
    _demand(now == host)
    made = time.time()
    capabilities, expires = _capabilities(workspace, plan, made)
    files, tools = _of_manifests(again)
    definitions = _definitions(workspace, before)
    patterns = _patterns(again, files)
    named = tuple(sorted({variable_of(one) for one in _inputs(again)} - {""}))
    source = workspace.source()
    redactor = redactor_for(plan, os.environ)
    recorded = masked(plan, redactor)
    ends = [msgspec.structs.replace(event, at=0.0, started=0.0) for event in again.reused.values()]
    header = RunStarted(
        at=0.0,
        schema=EVENT_SCHEMA,
        run_id="R",
        started_at="S",
        harness_version=__version__,
        command=redactor.text(shlex.join(["release-manager", *arguments])),
        root=root,
        source=source,
        plan=recorded,
    )
    verdict = judge(fold([header, *ends, RunFinished(at=0.0)]))
    _demand(verdict.conclusion is Conclusion.APPROVED)
    said = [one for one in verdict.reasons if one.effect is not Effect.IGNORE]
    counts = {Status.PASSED: len(ends), Status.SKIPPED: len(plan.checks) - len(ends)}
    head = _head(header)
    stamp = Stamp(
        facts={
            **tools,
            **{f"capability {name}": one[2] for name, one in capabilities.items()},
            "machine": surroundings.machine(),
            "variables": surroundings.variables(os.environ, named),
            "definitions": "\n".join(definitions),
            "results": results,
            **({"proofs": proofs} if _proves(plan) else {}),
        },
        programs=tuple(one.removeprefix("program ") for one in tools if one.startswith("program ")),
        variables=named,
        capabilities={name: one[:2] for name, one in capabilities.items()},
        made=made,
        expires=expires,
        fixed={f"{root}/{name}": one for name, one in definitions.items()} | _made(again),
        files=files,
        patterns=patterns,
        listing="\0".join(again.digests.files()) if patterns else "",
        globs=_globs(workspace, plan),
        folders={kept.run_id: kept.folder for kept in again.kept.values()},
        reports=str(folder.path.parent),
        run_id=folder.run_id,
        checks=len(plan.checks),
        whole=recorded is plan,
        head=head,
        source=msgspec.json.encode(source),
        plan=msgspec.json.encode(recorded),
        ends=tuple(encode(one)[:-1] for one in ends),
        title=f"{plan.project}, judged by profile {plan.profile_name!r}",
        words=(
            f"  {'checks':<14}"
            + ", ".join(f"{count} {status.value}" for status, count in counts.items() if count),
            *(f"  {one.effect.value:<14}{one.text}" for one in said[:_MOST_WORDS]),
        ),
        attachments=tuple(
            (str(Path(kept.folder) / one.path), one.path)
            for kept in again.kept.values()
            for one in kept.event.outcome.attachments
        ),
    )
    _demand(_rebuilt(stamp) == header)
    return stamp


def _demand(holds: bool) -> None:
    if not holds:
        raise _RefusedError


def _proves(plan: Plan) -> bool:
    return any(check.must_catch for check in plan.checks)


def _head(header: RunStarted) -> bytes:
    """The header's JSON between the moment and the source."""
    return b'"harness_version":%b,"command":%b,"root":%b,"source":' % (
        msgspec.json.encode(header.harness_version),
        msgspec.json.encode(header.command),
        msgspec.json.encode(header.root),
    )


def _rebuilt(stamp: Stamp) -> object:
    """The header as the short way will write it."""
    return decode(
        b'{"event":"run-started","at":0.0,"schema":1,"run_id":"R","started_at":"S",%b%b,"plan":%b}'
        % (stamp.head, stamp.source, stamp.plan)
    )


def _capabilities(
    workspace: Workspace, plan: Plan, now: float
) -> tuple[dict[str, tuple[tuple[str, ...], tuple[str, ...], str]], float]:
    """What each capability of the plan was answered by, and when the first answer is too old."""
    known = answers(workspace.root / CAPABILITIES)
    found = {}
    expires = now + LIFETIME_SECONDS
    for name in plan.host.capabilities:
        _demand(name in known and name not in ASKED_ALWAYS)
        identity, at = known[name]
        found[name] = (_ROWS[name].command, programs_of(_ROWS[name]), identity)
        expires = min(expires, at + ANSWERS_LIVE)
    return found, expires


def _of_manifests(again: Reuse) -> tuple[dict[str, Known], dict[str, str]]:
    """Every input, and the tools that stand in keys beside capabilities."""
    files: dict[str, Known] = {}
    tools: dict[str, str] = {}
    for name in again.kept:
        manifest = again.keys[name].manifest
        if manifest is None:
            raise _RefusedError
        for path, digest in manifest.inputs.items():
            if path not in files:
                files[path] = again.digests.known(path, digest)
        tools |= {
            tool: text
            for tool, text in manifest.tools.items()
            if tool in _OWN_TOOLS or tool.startswith("program ")
        }
    return files, tools


def _definitions(workspace: Workspace, before: Stamp | None) -> dict[str, Known]:
    """The definition files that the plan was made from, by name."""
    root = str(workspace.root)
    if before is not None:
        names = before.facts["definitions"].split("\n")
        return {name: before.fixed[f"{root}/{name}"] for name in names}
    names = sorted(workspace.loaded)
    _demand(bool(names) and surroundings.definition_files(root) == names)
    found = {name: read_digest(f"{root}/{name}") for name in names}
    for name, (_, digest) in found.items():
        loaded = hashlib.sha256(workspace.loaded[name]).hexdigest()
        _demand(digest.rstrip("x") == loaded)
    return found


def _made(again: Reuse) -> dict[str, Known]:
    """What checks made, outputs of builds and attachments, which must still be what was kept."""
    found: dict[str, Known] = {}
    _demand(all(Path(folder).is_dir() for folder in {kept.folder for kept in again.kept.values()}))
    for kept in again.kept.values():
        wanted = {str(again.root / path): one for path, one in kept.outputs.items() if one}
        for attachment in kept.event.outcome.attachments:
            wanted[str(Path(kept.folder) / attachment.path)] = attachment.sha256
        for path, digest in wanted.items():
            found[path] = read_digest(path)
            _demand(found[path][1].rstrip("x") == digest)
    return found


def _patterns(again: Reuse, files: Mapping[str, Known]) -> tuple[str, ...]:
    """The inputs that are more than the name of one file."""
    return tuple(
        one
        for one in sorted(_inputs(again))
        if not variable_of(one) and not (is_literal(one) and fixed_part(one) in files)
    )


def _inputs(again: Reuse) -> set[str]:
    """Every input that a check names."""
    return {
        pattern
        for check in again.plan.checks
        if check.decision is Decision.REUSE
        for pattern in check.inputs
    }


def _globs(workspace: Workspace, plan: Plan) -> dict[str, tuple[str, ...]]:
    wanted = {
        pattern
        for check in plan.checks
        if check.kind == "build" and check.decision is Decision.REUSE
        for pattern in check.options.get("outputs", ())
    }
    return {
        one: tuple(sorted(str(path) for path in workspace.root.glob(one) if path.is_file()))
        for one in sorted(wanted)
    }
