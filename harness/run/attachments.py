"""Files a check leaves as evidence: named in what it prints, kept in the run's folder.

A line that is `[[ATTACHMENT|path]]` names one, as Jenkins and GitLab read it from JUnit files. What
a test printed is its own, what else a check printed the check's. Output can hold what others said,
so a name in it may reach only files of the project and of the run, no hidden ones, never through a
link that leads elsewhere; what is kept is a copy with secrets masked, bounded in size and number.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from msgspec.structs import replace

from harness.model.result import Attachment, Outcome, Output
from harness.run.work import folder_name

FOLDER = "attachments"
"""Where they are kept, below the run's folder."""
_SIGN = "[[ATTACHMENT|"
# Alone on its line: what stands in the midst of one is source, or somebody else's words.
_NAMED = re.compile(r"^[ \t]*\[\[ATTACHMENT\|([^\]\r\n]{1,4096})\]\][ \t]*$", re.MULTILINE)
_MOST = 50
_LARGEST = 16 * 1024 * 1024
_MOST_BYTES = 64 * 1024 * 1024
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_TYPES = {
    ".avif": "image/avif", ".gif": "image/gif", ".jpeg": "image/jpeg", ".jpg": "image/jpeg",
    ".png": "image/png", ".svg": "image/svg+xml", ".webp": "image/webp",
    ".har": "application/json", ".json": "application/json",
    ".csv": "text/csv", ".diff": "text/plain", ".html": "text/html", ".log": "text/plain",
    ".md": "text/markdown", ".patch": "text/plain", ".txt": "text/plain", ".xml": "text/xml",
    ".yaml": "text/plain", ".yml": "text/plain",
    ".gz": "application/gzip", ".pdf": "application/pdf", ".zip": "application/zip",
    ".mp4": "video/mp4", ".webm": "video/webm",
}  # fmt: skip
_OTHER = "application/octet-stream"


class _RefusedError(Exception):
    """Why a named file is not kept."""


class Attachments:
    """Keeps the files that outcomes name; why one is not kept is in `notes`, to be taken."""

    def __init__(self, root: Path, folder: Path, mask: Callable[[bytes], bytes]) -> None:
        """Read below `root` and `folder`, the run's, and keep in the latter."""
        self._root = root.resolve()
        self._folder = folder.resolve()
        self._mask = mask
        self.notes: list[str] = []

    def of(self, check_id: str, outcome: Outcome, output: Output) -> Outcome:
        """The outcome with what its tests and `output` name; unchanged when they name nothing."""
        speaking = [test for test in outcome.tests if _SIGN in test.output or _SIGN in test.message]
        if not speaking and _SIGN not in output.head and _SIGN not in output.tail:
            return outcome
        keeper = _Keeper(self._root, self._folder, self._mask, check_id)
        kept = {
            id(test): tuple(keeper.keep(_names(test.message, test.output))) for test in speaking
        }
        # A runner prints again what its failing tests printed: theirs is not the check's too.
        own = tuple(keeper.keep(_names(output.head, output.tail), again=False))
        self.notes.extend(f"{check_id}: {note}" for note in keeper.notes)
        return replace(
            outcome,
            tests=tuple(
                replace(test, attachments=(*test.attachments, *kept.get(id(test), ())))
                for test in outcome.tests
            ),
            attachments=(*outcome.attachments, *own),
        )


def _names(*texts: str) -> Iterator[str]:
    seen = set()
    for text in texts:
        for match in _NAMED.finditer(text):
            name = match[1].strip()
            if name and name not in seen:
                seen.add(name)
                yield name


class _Keeper:
    """Keeps the files of one check, within its bounds."""

    def __init__(
        self, root: Path, folder: Path, mask: Callable[[bytes], bytes], check_id: str
    ) -> None:
        self._root, self._folder, self._mask = root, folder, mask
        self._below = PurePosixPath(FOLDER, folder_name(check_id))
        self._known: dict[str, Attachment | None] = {}
        self._bytes = 0
        self.notes: list[str] = []

    def keep(self, names: Iterator[str], *, again: bool = True) -> Iterator[Attachment]:
        """What can be kept of the named files; `again` also what is kept already."""
        for name in names:
            if name in self._known:
                known = self._known[name]
                if again and known is not None:
                    yield known
                continue
            self._known[name] = None
            if len(self._known) > _MOST:
                if len(self._known) == _MOST + 1:
                    self.notes.append(f"only its first {_MOST} attachments are kept")
                continue
            try:
                kept = self._known[name] = self._one(name)
            except _RefusedError as error:
                self.notes.append(f"attachment {name} is not kept: {error}")
            except (OSError, ValueError, RuntimeError) as error:
                why = getattr(error, "strerror", None) or error
                self.notes.append(f"attachment {name} is not kept: {why}")
            else:
                yield kept

    def _one(self, name: str) -> Attachment:
        content = self._mask(self._read(name))
        self._bytes += len(content)
        digest = hashlib.sha256(content).hexdigest()
        plain = _UNSAFE.sub("_", PurePosixPath(name).name).strip("._")[-80:] or "file"
        path = self._below / f"{digest[:12]}-{plain}"
        target = self._folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        return Attachment(
            name=PurePosixPath(name).name,
            path=str(path),
            media_type=_TYPES.get(PurePosixPath(name).suffix.lower(), _OTHER),
            size=len(content),
            sha256=digest,
        )

    def _read(self, name: str) -> bytes:
        path = (self._root / name).resolve()
        if path.is_relative_to(self._folder):
            inside = path.relative_to(self._folder)
        elif path.is_relative_to(self._root):
            inside = path.relative_to(self._root)
        else:
            raise _RefusedError("it is neither in the project nor in the run's folder")
        if any(part.startswith(".") for part in inside.parts):
            raise _RefusedError("it is hidden")
        if not path.is_file():
            raise _RefusedError("there is no such file")
        size = path.stat().st_size
        if size > _LARGEST:
            raise _RefusedError(f"its {size:,} bytes are more than {_LARGEST:,}")
        if self._bytes + size > _MOST_BYTES:
            raise _RefusedError(f"the check's attachments would be more than {_MOST_BYTES:,} bytes")
        with path.open("rb") as opened:
            return opened.read(_LARGEST + 1)[:_LARGEST]
