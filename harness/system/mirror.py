"""A copy of a project's work tree that is brought up to date in place and stays warm.

What a build tool goes by are the times of files, so a file that changes here in either direction
gets a new time, and one that does not change keeps its own. The project itself is only read.
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from collections.abc import Collection
from pathlib import Path

import msgspec

from harness.errors import HostError
from harness.system.contents import project_files


class Seen(msgspec.Struct, array_like=True):
    """A file as it was copied: size and time of the original, and size and time of the copy."""

    size: int
    time: int
    copy_size: int
    copy_time: int


class Mirror:
    """One copy, `tree`, of the project at `root`. `seen` is what is known of each copied file."""

    def __init__(self, root: Path, tree: Path, seen: dict[str, Seen]) -> None:
        """Be ready to bring `tree` up to date."""
        self.tree = tree
        self.seen = seen
        self._root = root
        self._apart: tuple[str, ...] = ()

    def sync(
        self, *, shared: Collection[str], linked: Collection[str], distrusted: Collection[str]
    ) -> None:
        """Make the tree hold what the project holds now; look into the distrusted in any case.

        Raises `OSError` and `HostError`.
        """
        self.tree.mkdir(exist_ok=True)
        self._apart = (*shared, *linked)
        names = project_files(self._root)
        for name in (set(self.seen) | set(distrusted)) - set(names):
            self.remove(name)
            self.seen.pop(name, None)
        for name in names:
            self.copy(name, trust=name not in distrusted)
        for name in shared:
            self._share(name)
        for name in linked:
            source, target = self._root / name, self.tree / name
            if source.exists() and not target.is_symlink() and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.symlink_to(source, target_is_directory=True)
        self._history()
        self.sweep(keep=())

    def copy(self, name: str, *, trust: bool = True) -> None:
        """Make one file of the tree what it is in the project."""
        source, target = self._root / name, self.tree / name
        stat = source.lstat()
        seen = self.seen.get(name)
        try:
            copy = target.lstat()
        except FileNotFoundError:
            copy = None
        if (
            seen is not None
            and copy is not None
            and trust
            and (stat.st_size, stat.st_mtime_ns) == (seen.size, seen.time)
            and (copy.st_size, copy.st_mtime_ns) == (seen.copy_size, seen.copy_time)
            and copy.st_mode == stat.st_mode
        ):
            return
        if copy is None:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
        elif source.is_symlink() or target.is_symlink() or not _same(source, target):
            # Its time is now, whatever the original's: to a build tool it has changed here.
            target.unlink()
            shutil.copy(source, target, follow_symlinks=False)
        elif copy.st_mode != stat.st_mode:
            target.chmod(stat.st_mode & 0o7777)
        copy = target.lstat()
        self.seen[name] = Seen(stat.st_size, stat.st_mtime_ns, copy.st_size, copy.st_mtime_ns)

    def note(self, name: str) -> None:
        """The copy was put back by hand: from now on it is as it should be."""
        if (seen := self.seen.get(name)) is not None:
            copy = (self.tree / name).lstat()
            seen.copy_size, seen.copy_time = copy.st_size, copy.st_mtime_ns

    def restore(self) -> None:
        """Put back every copied file that something in the tree has written or removed.

        Raises `HostError` when its original is another one by now.
        """
        for name, seen in self.seen.items():
            try:
                copy = (self.tree / name).lstat()
            except FileNotFoundError:
                copy = None
            if copy is not None and (copy.st_size, copy.st_mtime_ns) == (
                seen.copy_size,
                seen.copy_time,
            ):
                continue
            source = self._root / name
            if not source.is_symlink() and not source.is_file():
                raise _changed(name)
            stat = source.lstat()
            if (stat.st_size, stat.st_mtime_ns) != (seen.size, seen.time):
                raise _changed(name)
            self.copy(name)

    def strays(self) -> set[str]:
        """Files of the tree that are neither copied, shared, linked nor ignored by git.

        Without git nobody can tell them from what a build left, so there are none.
        """
        if not (self.tree / ".git").exists():
            return set()
        return {
            name
            for name in project_files(self.tree)
            if name not in self.seen
            and not any(name == one or name.startswith(f"{one}/") for one in self._apart)
        }

    def sweep(self, *, keep: Collection[str]) -> None:
        """Remove the strays, but these."""
        for name in self.strays() - set(keep):
            self.remove(name)

    def remove(self, name: str) -> None:
        """Remove a file, and the folders that only it was in: git knows no empty ones either."""
        path = self.tree / name
        path.unlink(missing_ok=True)
        for folder in path.parents:
            if folder == self.tree or not folder.is_dir() or any(folder.iterdir()):
                return
            folder.rmdir()

    def _share(self, name: str) -> None:
        """Copy a build folder once, with its times; from then on the tree has its own."""
        source, target = self._root / name, self.tree / name
        if target.exists() or not source.is_dir():
            return
        partial = self.tree.parent / "partial"
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(source, partial, symlinks=True, copy_function=_reflinked)
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.rename(target)

    def _history(self) -> None:
        """Give the tree the project's commits, so that what asks git is answered as there."""
        if not (self._root / ".git").exists():
            return
        if not (self.tree / ".git").exists():
            bare = self.tree.parent / "clone"
            shutil.rmtree(bare, ignore_errors=True)
            _git("clone", "--quiet", "--shared", "--no-checkout", str(self._root), str(bare))
            (bare / ".git").rename(self.tree / ".git")
            shutil.rmtree(bare, ignore_errors=True)
        there = ("-C", str(self.tree))
        tags = "+refs/tags/*:refs/tags/*"
        if _git("-C", str(self._root), "rev-list", "--all", "--max-count=1"):
            _git(*there, "fetch", "--quiet", "--prune", "--no-tags", "origin", tags)
            _git(*there, "fetch", "--quiet", "--no-tags", "origin", "HEAD")
            _git(*there, "update-ref", "--no-deref", "HEAD", "FETCH_HEAD")
            _git(*there, "reset", "--quiet", "--mixed")


def _changed(name: str) -> HostError:
    return HostError(
        f"{name}: it changed in the project while faults were being proven",
        next_step="prove again; what was proven before that is kept",
    )


def _same(one: Path, other: Path) -> bool:
    return one.stat().st_size == other.stat().st_size and one.read_bytes() == other.read_bytes()


_FICLONE = 0x40049409
"""ioctl_ficlone(2): let a new file share another's blocks until one of them is written."""


def _reflinked(source: str, target: str) -> None:
    """Copy with times; on a file system that can, without copying a byte."""
    try:
        with Path(source).open("rb") as reader, Path(target).open("wb") as writer:
            fcntl.ioctl(writer, _FICLONE, reader.fileno())
    except OSError:
        shutil.copyfile(source, target)
    shutil.copystat(source, target)


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise HostError(
            f"the scratch copy gets no history: `git {' '.join(arguments)}`: {done.stderr.strip()}",
            next_step="see that `git fsck` finds nothing wrong with the project",
        )
    return done.stdout.strip()
