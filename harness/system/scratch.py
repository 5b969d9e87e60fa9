"""Scratch copies of a project that can be broken and mended, and stay warm in between.

Each project has a folder of slots; a slot is one tree, its lock and what is known of its files.
Whoever uses a tree holds the lock. What is broken is written down before it is broken, so the next
use of a tree mends what a killed one left.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from harness.errors import HostError
from harness.model.fault import Fault
from harness.system.mirror import Mirror, Seen
from harness.system.patch import PatchError, changes

_SLOTS = 16
_DAY = 24 * 3600.0
_KEPT = 30 * _DAY
"""How long a tree that nobody uses is kept; building it again takes a few minutes."""
_EXTRA_KEPT = _DAY
"""The same for the trees that only proofs running side by side needed."""


class Scratch:
    """One locked tree under `folder`. Use it as a context; the lock is what the context holds."""

    def __init__(self, folder: Path, root: Path) -> None:
        """Be ready to copy `root` into a tree below `folder`."""
        self._root = root
        self._folder = folder
        self._lock = -1
        self._slot = folder
        self._mirror = Mirror(root, folder, {})
        self._broken: set[str] = set()
        self._saved: dict[str, tuple[bytes, int] | None] = {}
        self._strays: set[str] = set()

    @property
    def tree(self) -> Path:
        """The root of the copy."""
        return self._slot / "tree"

    @property
    def runs(self) -> Path:
        """Where runs in the tree keep their work files; emptied when the tree is next used."""
        return self._slot / "runs"

    def __enter__(self) -> Scratch:
        """Lock the first tree that nobody uses. Raises `HostError`."""
        try:
            for number in range(_SLOTS):
                slot = self._folder / str(number)
                slot.mkdir(parents=True, exist_ok=True)
                lock = _locked(slot)
                if lock is None:
                    continue
                self._lock, self._slot = lock, slot
                (self._folder / "root").write_text(str(self._root))
                self._read()
                shutil.rmtree(self.runs, ignore_errors=True)
                return self
        except OSError as error:
            raise _refused(self._folder, error) from error
        raise HostError(
            f"{self._folder}: all {_SLOTS} scratch copies are in use",
            next_step="wait for the other proofs to end",
        )

    def __exit__(self, *_: object) -> None:
        """Give the tree back; one that is broken is mended when it is next used."""
        os.close(self._lock)

    def sync(self, *, shared: Iterable[str], linked: Iterable[str]) -> None:
        """Make the tree hold what the project holds now. Raises `HostError`."""
        try:
            self._mirror.sync(shared=tuple(shared), linked=tuple(linked), distrusted=self._broken)
            self._broken.clear()
            self._saved.clear()
            self._write()
        except OSError as error:
            raise _refused(self._folder, error) from error

    def apply(self, fault: Fault) -> tuple[str, ...]:
        """Break the tree as the fault says; the files that differ now.

        Raises `PatchError` when it does not apply, and nothing is broken then; `HostError`.
        """
        changed = changes(fault, self._text)
        for name in changed:
            self._inside(name)
        try:
            self._strays = self._mirror.strays()
            # What is going to be broken is written down first: killed, the next use mends it.
            self._broken.update(changed)
            self._write()
            for name, data in changed.items():
                path = self.tree / name
                self._saved[name] = (
                    (path.read_bytes(), path.stat().st_mode & 0o7777) if path.exists() else None
                )
                if data is None:
                    path.unlink(missing_ok=True)
                else:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(data)
        except OSError as error:
            raise _refused(self._folder, error) from error
        return tuple(changed)

    def mend(self) -> None:
        """Undo the fault, and what its checks wrote; whatever changes back gets a new time.

        Raises `HostError`, also when a file has to be put back that is another one by now.
        """
        try:
            for name, saved in self._saved.items():
                path = self.tree / name
                if saved is None:
                    self._mirror.remove(name)
                    continue
                content, mode = saved
                if not path.is_file() or path.read_bytes() != content:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(content)
                    path.chmod(mode)
                self._mirror.note(name)
            self._saved.clear()
            self._mirror.restore()
            self._mirror.sweep(keep=self._strays)
            self._broken.clear()
            self._write()
        except OSError as error:
            raise _refused(self._folder, error) from error

    def _inside(self, name: str) -> Path:
        """A path of the tree. Raises `PatchError` when a symbolic link leads out of it."""
        path = self.tree / name
        if path.is_symlink() or not path.parent.resolve().is_relative_to(self.tree.resolve()):
            raise PatchError(f"{name}: is a symbolic link, or behind one; break the file itself")
        return path

    def _text(self, name: str) -> bytes | None:
        try:
            return self._inside(name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise PatchError(f"{name}: cannot be read ({error.strerror})") from None

    def _read(self) -> None:
        seen: dict[str, Seen] = {}
        try:
            content = (self._slot / "files.json").read_bytes()
            seen, broken = msgspec.json.decode(content, type=tuple[dict[str, Seen], list[str]])
            self._broken = set(broken)
        except (OSError, msgspec.MsgspecError):
            # Not known what is in it: it is made anew.
            if self.tree.exists():
                shutil.rmtree(self.tree)
            self._broken = set()
        self._mirror = Mirror(self._root, self.tree, seen)

    def _write(self) -> None:
        partial = self._slot / "files.json.partial"
        partial.write_bytes(msgspec.json.encode((self._mirror.seen, sorted(self._broken))))
        partial.replace(self._slot / "files.json")


def tidy(folder: Path, now: float | None = None) -> list[Path]:
    """Remove trees below `folder`, of any project, that nobody will miss; those removed.

    A tree goes when its project is gone or when it was not used for a month, and the second and
    further ones of a project after a day. One that is in use stays.
    """
    now = time.time() if now is None else now
    removed: list[Path] = []
    for slot in list(_slots(folder)):
        project = slot.parent / "root"
        try:
            gone = not Path(project.read_text()).is_dir()
            idle = now - (slot / "files.json").stat().st_mtime
        except OSError:
            gone, idle = False, now - slot.stat().st_mtime
        if not gone and idle < (_KEPT if slot.name == "0" else _EXTRA_KEPT):
            continue
        lock = _locked(slot)
        if lock is None:
            continue
        try:
            shutil.rmtree(slot, ignore_errors=True)
            if not any(slot.parent.glob("[0-9]*")):
                shutil.rmtree(slot.parent, ignore_errors=True)
            removed.append(slot)
        finally:
            os.close(lock)
    return removed


def _slots(folder: Path) -> Iterator[Path]:
    for slot in folder.glob("*/[0-9]*"):
        if (slot / "lock").exists():
            yield slot


def _locked(slot: Path) -> int | None:
    """The lock of a slot, or None when somebody has it."""
    lock = os.open(slot / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Whoever removed the slot meanwhile has removed this very file.
        if os.fstat(lock).st_ino == (slot / "lock").stat().st_ino:
            return lock
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(lock)
    return None


def _refused(folder: Path, error: OSError) -> HostError:
    return HostError(
        f"{error.filename or folder}: the scratch copy cannot be made ({error.strerror})",
        next_step="free space, or set XDG_CACHE_HOME to a folder on another disk",
    )
