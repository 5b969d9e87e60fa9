"""Whether an earlier decision stands: all that it rested on is as it was, so it is made again.

Asked before the command line is parsed, so nothing that costs anything is imported here. What is
not exactly as it was is left to the long way, which decides from the definitions.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence

from harness.cli import surroundings
from harness.record.listing import project_files
from harness.record.stamp import Stamp, differing, load, stamp_path
from harness.system.identity import answered_by, facts

TYPE_CHECKING = False  # importing it would cost more than all of this
if TYPE_CHECKING:
    from harness.cli.reusing import Reuse
    from harness.cli.workspace import Workspace
    from harness.model.plan import Plan
    from harness.record.folder import RunFolder

RESULTS = ".release-manager/results"
STAMPS = ".release-manager/stamps"
PROOFS = ".release-manager/proofs"
_DATABASE = f"{RESULTS}/results.db"
SHORT_FROM = 1_000
"""From so many checks on a run that repeats another is recorded in short: without reports."""


class Standing:
    """What one `verify` has of earlier decisions, and what it leaves to the next."""

    def __init__(self, workspace: Workspace) -> None:
        """Take what `answer` found; look at what must be the same when a stamp is left."""
        self._workspace = workspace
        self._found = _latest.pop() if _latest else None
        self._proofs = facts(f"{workspace.root}/{PROOFS}")

    def recalled(self) -> Reuse | None:
        """The decision that stands, with what changed inputs reach decided again, if there is."""
        if self._found is None:
            return None
        from harness.cli.recalling import recalled

        reuse = recalled(self._workspace, self._found.stamp, self._found.root, self._found.changed)
        if reuse is None:
            self._found = None
        return reuse

    def leave(self, plan: Plan, folder: RunFolder, arguments: Sequence[str]) -> None:
        """Leave a stamp for the same command line after an approved run, where one is of use.

        A job of a CI system runs once in its folder, and what it records is wanted whole.
        """
        found = self._found
        if os.environ.get("CI") or (found is not None and not found.changed and found.is_known()):
            return
        from harness.cli.stamping import leave

        before = None if found is None else found.stamp
        leave(
            self._workspace,
            plan,
            folder,
            arguments=arguments,
            proofs=self._proofs,
            before=before,
        )


class Found:
    """A stamp that still holds, but for the inputs in `changed` (paths in the project)."""

    def __init__(self, stamp: Stamp, root: str, changed: set[str]) -> None:
        self.stamp = stamp
        self.root = root
        self.changed = changed

    def is_known(self) -> bool:
        """Whether every input is known by its times, and none has to be read each time."""
        return all(facts is not None for facts, _ in self.stamp.files.values())


_latest: list[Found] = []
"""What `answer` left to the long way."""


def answer(arguments: Sequence[str]) -> int | None:
    """The exit code of a command whose answer stands as it is; None when there is more to do."""
    _latest.clear()
    began = time.monotonic()
    try:
        found = look(arguments)
        if found is None or found.changed or not _is_short(found.stamp, arguments):
            _latest[:] = [] if found is None else [found]
            return None
        from harness.cli.repeating import repeat

        return repeat(found.stamp, found.root, began)
    except OSError:
        return None  # the long way meets the same obstacle, and says which
    except KeyboardInterrupt:
        from harness.errors import ExitCode

        return ExitCode.INTERRUPTED


def _is_short(stamp: Stamp, arguments: Sequence[str]) -> bool:
    """Whether the run is to be recorded in short: it is large, and nobody waits for its events."""
    return stamp.checks >= SHORT_FROM and "--json" not in arguments


def look(arguments: Sequence[str]) -> Found | None:
    """The stamp for a command line, where it still holds, but for inputs that changed."""
    asked = question(arguments, os.environ)
    if asked is None:
        return None
    root, words = asked
    stamp = load(stamp_path(f"{root}/{STAMPS}", words))
    changed = None if stamp is None else differences(stamp, root)
    return None if stamp is None or changed is None else Found(stamp, root, changed)


def question(arguments: Sequence[str], environ: Mapping[str, str]) -> tuple[str, list[str]] | None:
    """The project's root and the words that make up the question; None for any but `verify`."""
    words, root = list(arguments), None
    while words and words[0] != "verify":
        if words[0] not in {"-C", "--root"} or len(words) < 2:
            return None
        root = words[1]
        del words[:2]
    if not words:
        return None
    if root is None:
        root = os.getcwd()  # noqa: PTH109 - pathlib would be loaded for it
        while not os.path.exists(f"{root}/phases/policy.yaml"):  # noqa: PTH110
            above = os.path.dirname(root)  # noqa: PTH120
            if above == root:
                return None
            root = above
    else:
        root = os.path.realpath(root)
    words += [f"{name}={environ.get(name, '')}" for name in ("GITHUB_EVENT_NAME", "CI")]
    return root, [*words, os.getcwd(), root]  # noqa: PTH109


def differences(stamp: Stamp, root: str) -> set[str] | None:
    """The inputs that changed since; None when anything else did, or may have."""
    if not stamp.made <= time.time() < stamp.expires:
        return None
    if surroundings_now(stamp, root) != stamp.facts:
        return None
    if not all(os.path.isdir(folder) for folder in stamp.folders.values()):  # noqa: PTH112
        return None
    if differing(stamp.fixed, "") or not _same_outputs(stamp, root):
        return None
    changed = differing(stamp.files, f"{root}/")
    if stamp.patterns:
        changed |= _come_or_gone(stamp, root)
    return changed


def surroundings_now(stamp: Stamp, root: str) -> dict[str, str]:
    """The facts of a stamp, as they are now."""
    now = {
        **surroundings.tools(),
        "machine": surroundings.machine(),
        "variables": surroundings.variables(os.environ, stamp.variables),
        "definitions": "\n".join(surroundings.definition_files(root)),
        "results": results_facts(root),
    }
    if "proofs" in stamp.facts:
        now["proofs"] = facts(f"{root}/{PROOFS}")
    if "tags of HEAD" in stamp.facts:
        now |= surroundings.versions(root)
    for name in stamp.programs:
        now[f"program {name}"] = surroundings.program(root, name, os.environ)
    for name, (command, programs) in stamp.capabilities.items():
        now[f"capability {name}"] = answered_by(command, programs, os.environ)
    return now


def results_facts(root: str) -> str:
    """The cache of results as a file: who writes to it, prunes it or damages it changes this."""
    log = f"{root}/{_DATABASE}-wal"
    unwritten = os.path.getsize(log) if os.path.exists(log) else 0  # noqa: PTH110, PTH202
    return f"{facts(f'{root}/{_DATABASE}')} {unwritten}"


def _same_outputs(stamp: Stamp, root: str) -> bool:
    if not stamp.globs:
        return True
    from pathlib import Path

    return all(
        tuple(sorted(str(path) for path in Path(root).glob(pattern) if path.is_file())) == names
        for pattern, names in stamp.globs.items()
    )


def _come_or_gone(stamp: Stamp, root: str) -> set[str]:
    """Files that are inputs and were not there, or were and are not any more."""
    listed = project_files(root)
    if "\0".join(listed) == stamp.listing:
        return set()
    from harness.model.glob import matches

    other = set(listed) ^ set(stamp.listing.split("\0"))
    return {path for path in other if any(matches(path, one) for one in stamp.patterns)}


def hush() -> None:
    """Point the output at nothing: its reader left, and the exit stays quiet."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
