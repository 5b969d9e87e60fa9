"""`--affected`: the plan cut down to the checks that a change can touch."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import HostError, UsageError
from harness.model.base import Record
from harness.model.plan import Plan
from harness.plan.affected import affected

if TYPE_CHECKING:
    from harness.cli.workspace import Workspace


class Change(Record, frozen=True):
    """What differs from `base` (a commit), committed or not: paths relative to the project."""

    base: str
    paths: tuple[str, ...]


class Touched(Record, frozen=True):
    """Why each affected check is, by id, and how many checks the change cannot touch."""

    change: Change
    reasons: dict[str, str]
    left_out: int


def touched(workspace: Workspace, plan: Plan, base: str) -> Touched:
    """What the change since the merge base with `base` can touch; `""` is upstream or main."""
    change = change_since(workspace.root, base)
    reasons = affected(plan, change.paths)
    return Touched(change=change, reasons=reasons, left_out=len(plan.checks) - len(reasons))


def change_since(root: Path, base: str) -> Change:
    """Every path that differs. Raises `UsageError` for a base that git does not know."""
    for name in (
        [base] if base else ["@{upstream}", "origin/main", "main", "origin/master", "master"]
    ):
        if name.startswith("-"):
            raise UsageError(f"{name!r} is no commit", next_step="name a branch, tag or commit")
        code, out = _git(root, "merge-base", "HEAD", name)
        if code == 0:
            commit = out.decode().strip()
            break
    else:
        raise UsageError(
            f"git finds no common commit of HEAD and {base or 'an upstream or main branch'}",
            next_step="name a branch, tag or commit: --affected=BASE",
        )
    paths: set[str] = set()
    for arguments in (
        ("diff", "--name-only", "--no-renames", "--relative", "-z", commit, "--"),
        ("ls-files", "-z", "--others", "--exclude-standard"),
    ):
        code, out = _git(root, *arguments)
        if code != 0:
            raise HostError(f"git {arguments[0]} failed in {root}", next_step="run it by hand")
        paths.update(os.fsdecode(name) for name in out.split(b"\0") if name)
    return Change(base=commit[:12], paths=tuple(sorted(paths)))


def _git(root: Path, *arguments: str) -> tuple[int, bytes]:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, check=False, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise HostError(
            f"git cannot be asked what changed ({error})",
            next_step="install git, or verify without --affected",
        ) from error
    return done.returncode, done.stdout
