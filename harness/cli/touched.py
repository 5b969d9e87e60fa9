"""`--affected`: the plan cut down to the checks that a change can touch."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.errors import HostError, UsageError
from harness.model.base import Record
from harness.plan.affected import affected
from harness.plan.selection import Narrowed

if TYPE_CHECKING:
    from harness.cli.workspace import Workspace
    from harness.model.plan import Plan


_SHOWN = 20


class Change(Record, frozen=True):
    """What differs from `base` (a commit), committed or not: paths relative to the project."""

    base: str
    paths: tuple[str, ...]


def touched(workspace: Workspace, plan: Plan, base: str) -> Narrowed:
    """The checks that the change since `base` can touch, and why; said on stderr with the rest.

    `""` as base is the upstream or main. Raises `UsageError` for a base that git does not know.
    """
    change = change_since(workspace.root, base)
    reasons = affected(plan, change.paths)
    left = [check.id for check in plan.checks if check.id not in reasons]
    say(
        f"since {change.base} {_differ(len(change.paths))}:"
        f" {len(reasons):,} of {len(plan.checks):,} checks affected"
    )
    for name, why in list(reasons.items())[:_SHOWN]:
        say(f"  {name}: {why}")
    if len(reasons) > _SHOWN:
        say(f"  and {len(reasons) - _SHOWN:,} more")
    if left:
        shown = ", ".join(left[:_SHOWN]) + (", ..." if len(left) > _SHOWN else "")
        say(f"left out, because no input, definition or dependency of theirs differs: {shown}")
    if not reasons:
        say("nothing was verified, and no run recorded")
    return Narrowed(words=f"what the change since {change.base} can touch", reasons=reasons)


def _differ(count: int) -> str:
    return "one file differs" if count == 1 else f"{count:,} files differ"


def say(text: str) -> None:
    """Tell a person, apart from what the command prints."""
    click.echo(text, err=True)


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
