"""A scratch copy of a project that can be broken and mended, and stays warm in between.

One tree per project is kept and brought up to date before each use. What a build tool goes by are
the times of files, so a file that changes here in either direction gets a new time, and one that
does not change keeps its own. The project itself is only read.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import msgspec

from harness.errors import HostError
from harness.model.fault import Fault
from harness.system.contents import project_files
from harness.system.patch import PatchError, edited, parse_patch, patched

_SLOTS = 16


class _Seen(msgspec.Struct, array_like=True):
    """A file as it was copied: size and time of the original, and size and time of the copy."""

    size: int
    time: int
    copy_size: int
    copy_time: int


class Scratch:
    """One locked tree under `folder`. Use it as a context; the lock is what the context holds."""

    def __init__(self, folder: Path, root: Path) -> None:
        """Be ready to copy `root` into a tree below `folder`."""
        self._root = root
        self._folder = folder
        self._lock = -1
        self._slot = folder
        self._seen: dict[str, _Seen] = {}
        self._broken: set[str] = set()

    @property
    def tree(self) -> Path:
        """The root of the copy."""
        return self._slot / "tree"

    def __enter__(self) -> Scratch:
        """Lock the first tree that nobody uses. Raises `HostError`."""
        try:
            for number in range(_SLOTS):
                slot = self._folder / str(number)
                slot.mkdir(parents=True, exist_ok=True)
                lock = os.open(slot / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    os.close(lock)
                    continue
                self._lock, self._slot = lock, slot
                self._read()
                return self
        except OSError as error:
            raise HostError(
                f"{self._folder}: no scratch copy can be made there ({error.strerror})",
                next_step="free space, or set XDG_CACHE_HOME to a folder that can be written",
            ) from error
        raise HostError(
            f"{self._folder}: all {_SLOTS} scratch copies are in use",
            next_step="wait for the other proofs to end",
        )

    def __exit__(self, *_: object) -> None:
        """Mend the tree and give it back."""
        try:
            self.mend()
        finally:
            os.close(self._lock)

    def remove(self) -> None:
        """Remove the tree and all that is built in it."""
        shutil.rmtree(self.tree, ignore_errors=True)
        self._seen.clear()
        self._broken.clear()
        self._write()

    def sync(self, *, shared: Iterable[str], linked: Iterable[str]) -> None:
        """Make the tree hold what the project holds now. Raises `HostError`."""
        try:
            self.tree.mkdir(exist_ok=True)
            names = project_files(self._root)
            for name in set(self._seen) - set(names):
                (self.tree / name).unlink(missing_ok=True)
                del self._seen[name]
            for name in names:
                self._copy(name)
            for name in self._broken - set(names):
                (self.tree / name).unlink(missing_ok=True)
            self._broken.clear()
            for name in shared:
                self._share(name)
            for name in linked:
                source, target = self._root / name, self.tree / name
                if source.exists() and not target.is_symlink() and not target.exists():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.symlink_to(source, target_is_directory=True)
            self._history()
            self._write()
        except OSError as error:
            raise HostError(
                f"{error.filename or self.tree}: the scratch copy cannot be made"
                f" ({error.strerror})",
                next_step="free space, or set XDG_CACHE_HOME to another disk",
            ) from error

    def _copy(self, name: str) -> None:
        source, target = self._root / name, self.tree / name
        stat = source.lstat()
        seen = self._seen.get(name)
        try:
            copy = target.lstat()
        except FileNotFoundError:
            copy = None
        if (
            seen is not None
            and copy is not None
            and name not in self._broken
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
        self._seen[name] = _Seen(stat.st_size, stat.st_mtime_ns, copy.st_size, copy.st_mtime_ns)

    def _share(self, name: str) -> None:
        """Copy a build folder once, with its times; from then on the tree has its own."""
        source, target = self._root / name, self.tree / name
        if target.exists() or not source.is_dir():
            return
        partial = self._slot / "partial"
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(source, partial, symlinks=True, copy_function=_reflinked)
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.rename(target)

    def _history(self) -> None:
        """Give the tree the project's commits, so that what asks git is answered as there."""
        if not (self._root / ".git").exists():
            return
        if not (self.tree / ".git").exists():
            bare = self._slot / "clone"
            shutil.rmtree(bare, ignore_errors=True)
            _git("clone", "--quiet", "--shared", "--no-checkout", str(self._root), str(bare))
            (bare / ".git").rename(self.tree / ".git")
            shutil.rmtree(bare, ignore_errors=True)
        else:
            _git("-C", str(self.tree), "fetch", "--quiet", "--force", "--tags", "origin", "HEAD")
            _git("-C", str(self.tree), "update-ref", "--no-deref", "HEAD", "FETCH_HEAD")
        _git("-C", str(self.tree), "reset", "--quiet", "--mixed")

    def apply(self, fault: Fault) -> None:
        """Break the tree as the fault says. Raises `PatchError`; then nothing is broken."""
        changed: dict[str, bytes | None] = {}
        for edit in fault.edits:
            text = self._text(edit.file, changed)
            changed[edit.file] = edited(text, edit.find, edit.replace, edit.file).encode()
        for patch in parse_patch(fault.patch) if fault.patch else ():
            text = self._text(patch.old, changed) if patch.old else ""
            if not patch.old and (self._inside(patch.new)).exists():
                raise PatchError(f"{patch.new}: the patch makes a file that is there already")
            content = patched(text, patch)
            if patch.old and patch.old != patch.new:
                changed[patch.old] = None
            if patch.new:
                changed[patch.new] = content.encode()
        for name in changed:
            self._inside(name)
        # What is going to be broken is written down first: killed, the next use mends it.
        self._broken.update(changed)
        self._write()
        for name, data in changed.items():
            path = self.tree / name
            if data is None:
                path.unlink(missing_ok=True)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)

    def mend(self) -> None:
        """Undo the last fault; what changes back gets a new time."""
        if not self._broken:
            return
        for name in sorted(self._broken):
            path = self.tree / name
            if (self._root / name).exists():
                self._copy(name)
            else:
                path.unlink(missing_ok=True)
        self._broken.clear()
        self._write()

    def _inside(self, name: str) -> Path:
        """A path of the tree. Raises `PatchError` when a symbolic link leads out of it."""
        path = self.tree / name
        if path.is_symlink() or not path.parent.resolve().is_relative_to(self.tree.resolve()):
            raise PatchError(f"{name}: is a symbolic link, or behind one; break the file itself")
        return path

    def _text(self, name: str, changed: dict[str, bytes | None]) -> str:
        path = self._inside(name)
        try:
            data = changed[name] if name in changed else path.read_bytes()
        except FileNotFoundError:
            raise PatchError(f"{name}: there is no such file") from None
        except OSError as error:
            raise PatchError(f"{name}: cannot be read ({error.strerror})") from None
        try:
            return (data or b"").decode()
        except UnicodeDecodeError:
            raise PatchError(f"{name}: is no UTF-8 text") from None

    def _read(self) -> None:
        try:
            content = (self._slot / "files.json").read_bytes()
            self._seen, broken = msgspec.json.decode(
                content, type=tuple[dict[str, _Seen], list[str]]
            )
            self._broken = set(broken)
        except (OSError, msgspec.MsgspecError):
            # Not known what is in it: every file is compared, and strays go with the tree.
            if self.tree.exists():
                shutil.rmtree(self.tree)
            self._seen, self._broken = {}, set()

    def _write(self) -> None:
        partial = self._slot / "files.json.partial"
        partial.write_bytes(msgspec.json.encode((self._seen, sorted(self._broken))))
        partial.replace(self._slot / "files.json")


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


def _git(*arguments: str) -> None:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise HostError(f"the scratch copy gets no history: git {arguments[0]}: {done.stderr}")
