"""Reuse for one run: gives a plan its keys, finds what may stand, keeps what passed."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import msgspec

from harness.cli import surroundings
from harness.model.event import CheckFinished, Event, Noted
from harness.model.plan import Decision, Plan, PlannedCheck
from harness.model.result import Finding, SkipReason, Status
from harness.model.spec import Condition, Effect
from harness.plan.key import Facts, Keyed, keys_of
from harness.record.digests import FileDigests
from harness.record.results import Kept, Last, ResultCache

if TYPE_CHECKING:
    from harness.cli.workspace import Workspace
    from harness.model.ports import EventSink

RESULTS = Path(".release-manager/results")
INDEX = Path(".release-manager/files.index")


def result_cache(root: Path) -> ResultCache:
    """The cache of results of a project."""
    return ResultCache(root / RESULTS)


def keys_now(workspace: Workspace, plan: Plan) -> dict[str, Keyed]:
    """The key of each check of a plan, as the project and this machine are now."""
    return keys_from(workspace, plan, FileDigests(workspace.root, workspace.root / INDEX))


def keys_from(
    workspace: Workspace,
    plan: Plan,
    digests: FileDigests,
    known: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Keyed]:
    """As `keys_now`, by the files as `digests` has them; `known` keys are taken as they are."""
    if not any(check.inputs for check in plan.checks):
        return {check.id: Keyed(why_not="it declares no inputs") for check in plan.checks}
    root = str(workspace.root)
    of_kind = {}
    if any(check.kind == "versions" for check in plan.checks):
        of_kind["versions"] = surroundings.versions(root)
    facts = Facts(tools=surroundings.tools(), environ=dict(os.environ), of_kind=of_kind)

    @cache
    def program(name: str) -> str:
        return surroundings.program(root, name, os.environ)

    keys = keys_of(plan, digests.inputs, facts, program, known)
    digests.save()
    return keys


class Reuse:
    """What an earlier run already answered of one plan."""

    def __init__(
        self,
        workspace: Workspace,
        plan: Plan,
        *,
        fresh: bool = False,
        known: Mapping[str, Kept] = MappingProxyType({}),
    ) -> None:
        """Give the plan its keys and decide; `fresh` reuses nothing, but keeps what passes.

        `known` are the ends, by check, of those that the plan reuses already, their keys in it.
        """
        self._workspace = workspace
        self.root = workspace.root
        self._cache = result_cache(workspace.root)
        self._known = known
        self.digests = FileDigests(workspace.root, workspace.root / INDEX)
        of_known = {check.id: check.key for check in plan.checks if check.id in known}
        self.keys = keys_from(workspace, plan, self.digests, of_known)
        self._ended: dict[str, CheckFinished] = {}
        self._misses: list[str] = []
        keyed = [
            check
            if check.id in known
            else msgspec.structs.replace(check, key=self.keys[check.id].key)
            for check in plan.checks
        ]
        allowed = not fresh and _allows(plan)
        wanted = [one.key for one in keyed if one.key and one.id not in known] if allowed else []
        self.plan = msgspec.structs.replace(
            plan, checks=tuple(self._decide(keyed, self._cache.get(wanted)))
        )

    def _decide(self, checks: list[PlannedCheck], kept: Mapping[str, Kept]) -> list[PlannedCheck]:
        self.kept: dict[str, Kept] = dict(self._known)
        settled = dict.fromkeys(self._known, True)
        decided = []
        # Thousands of results come from a run or two: each folder is looked for once.
        is_there = cache(lambda folder: Path(folder).is_dir())
        for check in checks:
            if check.id in self._known:
                decided.append(check)
                continue
            entry = kept.get(check.key) if check.key else None
            stands = (
                entry is not None
                and check.decision is Decision.RUN
                and not check.overrides
                and all(settled.get(need, False) for need in check.needs)
                and self._is_whole(check, entry)
            )
            settled[check.id] = stands or check.skip is SkipReason.NOT_APPLICABLE
            if stands and entry is not None:
                self.kept[check.id] = entry
                gone = "" if is_there(entry.folder) else ", whose folder is gone"
                reason = f"unchanged since run {entry.run_id}{gone}"
                check = msgspec.structs.replace(check, decision=Decision.REUSE, reason=reason)
            decided.append(check)
        return decided

    def _is_whole(self, check: PlannedCheck, kept: Kept) -> bool:
        """Whether what the check had made is still there, as it was."""
        now = outputs_of(self._workspace.root, check)
        for path in sorted(now.keys() | kept.outputs.keys()):
            if now.get(path) != kept.outputs.get(path):
                how = "is gone" if path not in now else "is not what that run made"
                self._misses.append(f"{check.id} runs again: its output {path} {how}")
                return False
        for attachment in kept.event.outcome.attachments:
            file = Path(kept.folder) / attachment.path
            if _digest(file) != attachment.sha256:
                self._misses.append(
                    f"{check.id} runs again: its attachment {attachment.name} of run"
                    f" {kept.run_id} is gone"
                )
                return False
        return True

    @property
    def notes(self) -> list[str]:
        """Why what was kept does not stand, where that is not the plan's to say."""
        return [*self._cache.troubles, *self._misses]

    @property
    def reused(self) -> dict[str, CheckFinished]:
        """The earlier end of each check that the plan reuses."""
        return {
            name: msgspec.structs.replace(kept.event, reused_from=kept.run_id)
            for name, kept in self.kept.items()
        }

    def bring(self, folder: Path, sink: EventSink, at: float) -> None:
        """Bring reused attachments into a run's folder, and say why something was not reused."""
        for text in self.notes:
            sink.emit(Noted(at=at, text=text))
        self._cache.troubles.clear()
        for kept in self.kept.values():
            for attachment in kept.event.outcome.attachments:
                target = folder / attachment.path
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(Path(kept.folder) / attachment.path, target)

    def watching(self, sink: EventSink) -> EventSink:
        """The same sink, but how checks end is remembered on the way."""
        return watching(sink, self._ended)

    @property
    def findings(self) -> dict[str, tuple[Finding, ...]]:
        """What was found in each check that ran."""
        return {name: event.outcome.findings for name, event in self._ended.items()}

    def keep(self, folder: Path) -> list[str]:
        """Keep what passed, when nothing it depends on changed meanwhile; what went wrong."""
        return keep_passes(self._workspace, self.plan, self.keys, self._ended, folder)


def keep_passes(
    workspace: Workspace,
    plan: Plan,
    keys: Mapping[str, Keyed],
    ended: Mapping[str, CheckFinished],
    folder: Path,
) -> list[str]:
    """Keep what passed of a run's ends, by the keys it began with; what went wrong in that."""
    ended = {name: event for name, event in ended.items() if keys[name].key}
    if not ended:
        return []
    after = keys_now(workspace, plan)
    results: dict[str, Kept] = {}
    last: dict[str, Last] = {}
    for check in plan.checks:
        event = ended.get(check.id)
        if event is None:
            continue
        keyed = keys[check.id]
        why_not = _refusal(check, event)
        if not why_not and after[check.id].key != keyed.key:
            why_not = "what it depends on changed while it ran"
        if not why_not:
            results[keyed.key] = Kept(
                event=event,
                run_id=folder.name,
                folder=str(folder),
                outputs=outputs_of(workspace.root, check),
            )
        last[check.id] = Last(
            key=keyed.key,
            run_id=folder.name,
            manifest=msgspec.to_builtins(keyed.manifest),
            not_kept=why_not,
        )
    cache = result_cache(workspace.root)
    cache.put(results, last)
    return cache.troubles


def watching(sink: EventSink, ended: dict[str, CheckFinished]) -> EventSink:
    """The same sink, but how checks end is remembered in `ended` on the way."""
    return _Watch(sink, ended)


class _Watch:
    """Hands events on and remembers each check's end."""

    def __init__(self, sink: EventSink, ended: dict[str, CheckFinished]) -> None:
        self._sink = sink
        self._ended = ended

    def emit(self, event: Event) -> None:
        self._sink.emit(event)
        if isinstance(event, CheckFinished) and not event.reused_from:
            self._ended[event.check] = event


def _allows(plan: Plan) -> bool:
    """Whether the profile lets a reused result count; what it does not mention it forbids."""
    return plan.profile.rules.get(Condition.REUSED) in {Effect.IGNORE, Effect.WARN}


def _refusal(check: PlannedCheck, event: CheckFinished) -> str:
    """Why an end must not stand for later runs; empty when it may."""
    if event.outcome.status is not Status.PASSED:
        return f"it {event.outcome.status.value}"
    if event.attempt != 1 or any(test.attempts > 1 for test in event.outcome.tests):
        return "it needed more than one attempt"
    if event.leaked:
        return "it left processes behind"
    if check.overrides:
        given = check.overrides[0]
        return f"{'some of its tests are' if given.test else 'it is'} {given.kind.value}"
    return ""


def outputs_of(root: Path, check: PlannedCheck) -> dict[str, str]:
    """Digest by path of the files a build's `outputs` name; a pattern without a file is `""`."""
    patterns = check.options.get("outputs", ()) if check.kind == "build" else ()
    found: dict[str, str] = {}
    for pattern in patterns:
        files = [path for path in sorted(root.glob(pattern)) if path.is_file()]
        for path in files:
            found[path.relative_to(root).as_posix()] = _digest(path)
        if not files:
            found[pattern] = ""
    return found


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
