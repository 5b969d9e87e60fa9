"""Unified diffs and edits by anchor, applied to texts strictly: no fuzz, no guess. Pure.

A hunk must stand where its header says, or nowhere else than at one other place; what does not fit
is an error that names the file, the hunk and what stands there instead.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator

from harness.model.base import Record
from harness.model.fault import Fault

_HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_NOTHING = "/dev/null"
_NO_NEWLINE = "\\ No newline at end of file"


class PatchError(ValueError):
    """An edit or a hunk does not apply."""


class Hunk(Record, frozen=True):
    """One hunk: its header, the first line it stands at (from 1), the lines before and after.

    `open_before` and `open_after`: the file ends with them, without a line break.
    """

    header: str
    start: int
    before: tuple[str, ...]
    after: tuple[str, ...]
    open_before: bool = False
    open_after: bool = False


class FilePatch(Record, frozen=True):
    """The hunks of one file; `old` or `new` is empty when the file is made or removed."""

    old: str
    new: str
    hunks: tuple[Hunk, ...]


def changes(fault: Fault, read: Callable[[str], bytes | None]) -> dict[str, bytes | None]:
    """What the files that a fault touches hold afterwards, by path; None for a removed one.

    `read` gives a file's bytes, None where there is none. Raises `PatchError`.
    """
    changed: dict[str, bytes | None] = {}

    def text(name: str) -> str:
        data = changed[name] if name in changed else read(name)
        if data is None:
            raise PatchError(f"{name}: there is no such file")
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise PatchError(f"{name}: is no UTF-8 text") from None

    for edit in fault.edits:
        changed[edit.file] = edited(text(edit.file), edit.find, edit.replace, edit.file).encode()
    for patch in parse_patch(fault.patch) if fault.patch else ():
        if not patch.old:
            there = changed[patch.new] if patch.new in changed else read(patch.new)
            if there is not None:
                raise PatchError(f"{patch.new}: the patch makes a file that is there already")
        content = patched(text(patch.old) if patch.old else "", patch)
        if patch.old and patch.old != patch.new:
            changed[patch.old] = None
        if patch.new:
            changed[patch.new] = content.encode()
    return changed


def edited(text: str, find: str, replace: str, file: str) -> str:
    """The text with its one anchor replaced. Raises `PatchError`."""
    count = text.count(find)
    if count == 1:
        return text.replace(find, replace)
    if count:
        lines = [str(text[:at].count("\n") + 1) for at in _places(text, find)]
        raise PatchError(
            f"{file}: the text to find stands there {count} times"
            f" (lines {', '.join(lines[:5])}): {_shown(find)}; take more around it"
        )
    first = next((line.strip() for line in find.splitlines() if line.strip()), find)
    near = _nearest(first, text)
    raise PatchError(f"{file}: the text to find does not stand there: {_shown(find)}{near}")


def _places(text: str, find: str) -> Iterator[int]:
    at = text.find(find)
    while at >= 0:
        yield at
        at = text.find(find, at + 1)


def _shown(text: str) -> str:
    first = next((line.strip() for line in text.splitlines() if line.strip()), text)
    return repr(first if len(first) <= 100 else first[:97] + "...")


def _nearest(line: str, text: str) -> str:
    stripped = {one.strip(): number for number, one in enumerate(text.splitlines(), 1)}
    found = difflib.get_close_matches(line, list(stripped), n=2, cutoff=0.4)
    if not found and stripped:
        # A few words of a long line are no close match of it, yet they may be what was meant.
        shared = {one: _shared(line, one) for one in stripped}
        best = max(shared, key=shared.__getitem__)
        found = [best] if shared[best] * 3 >= len(line) else []
    return "".join(f"; near it, line {stripped[one]}: {_shown(one)}" for one in found)


def _shared(one: str, other: str) -> int:
    blocks = difflib.SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks if block.size > 1)


def parse_patch(patch: str) -> tuple[FilePatch, ...]:
    """The files of a unified diff. Raises `PatchError` for what is none."""
    lines = patch.splitlines()
    files: list[FilePatch] = []
    at = 0
    while at < len(lines):
        if not lines[at].startswith("--- "):
            if lines[at].startswith("@@"):
                raise PatchError(f"line {at + 1} of the patch: a hunk without a file before it")
            at += 1
            continue
        if at + 1 >= len(lines) or not lines[at + 1].startswith("+++ "):
            raise PatchError(f"line {at + 1} of the patch: --- without +++ after it")
        old, new = _path(lines[at]), _path(lines[at + 1])
        at += 2
        hunks: list[Hunk] = []
        while at < len(lines) and lines[at].startswith("@@"):
            hunk, at = _hunk(lines, at)
            hunks.append(hunk)
        if not hunks:
            raise PatchError(f"{new or old}: the patch has no hunk for it")
        files.append(FilePatch(old=old, new=new, hunks=tuple(hunks)))
    if not files:
        raise PatchError("the patch names no file")
    return tuple(files)


def _path(line: str) -> str:
    path = line[4:].split("\t", maxsplit=1)[0].strip()
    if path == _NOTHING:
        return ""
    return path[2:] if path[:2] in ("a/", "b/") else path


def _hunk(lines: list[str], at: int) -> tuple[Hunk, int]:
    header = lines[at]
    match = _HUNK.match(header)
    if match is None:
        raise PatchError(f"line {at + 1} of the patch: no hunk header: {header!r}")
    old, new = int(match[2] or "1"), int(match[4] or "1")
    before: list[str] = []
    after: list[str] = []
    ends: set[str] = set()
    last = ""
    at += 1
    while at < len(lines):
        sign, rest = lines[at][:1] or " ", lines[at][1:]
        if lines[at] == _NO_NEWLINE:
            ends.add(last)
        elif (len(before) == old and len(after) == new) or sign not in " -+":
            break
        if sign in " -":
            before.append(rest)
        if sign in " +":
            after.append(rest)
        last = sign
        at += 1
    if len(before) != old or len(after) != new:
        raise PatchError(f"the hunk {header} holds other numbers of lines than it says")
    hunk = Hunk(
        header=header,
        start=int(match[1]),
        before=tuple(before),
        after=tuple(after),
        open_before=bool(ends & {" ", "-"}),
        open_after=bool(ends & {" ", "+"}),
    )
    return hunk, at


def patched(text: str, patch: FilePatch) -> str:
    """The text with the hunks applied, in their order. Raises `PatchError` naming the hunk."""
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.split(newline)
    shift = 0
    for number, hunk in enumerate(patch.hunks, 1):
        size = len(hunk.before)
        wanted = max(0, hunk.start - (1 if size else 0) + shift)
        place = _find(lines, list(hunk.before), wanted)
        if place is None:
            there = "\n".join(f"  {line}" for line in lines[wanted : wanted + min(size, 8)])
            raise PatchError(
                f"{patch.old or patch.new}: hunk {number} of {len(patch.hunks)}, {hunk.header}"
                f" does not apply; from line {wanted + 1} stands\n{there or '  nothing'}"
            )
        lines[place : place + size] = hunk.after
        if hunk.open_after and not hunk.open_before and lines[-1] == "":
            del lines[-1]
        elif hunk.open_before and not hunk.open_after:
            lines.append("")
        shift += len(hunk.after) - size + (place - wanted)
    return newline.join(lines)


def _find(lines: list[str], block: list[str], wanted: int) -> int | None:
    """Where the block stands: at its place, or at the only other one."""
    if not block or lines[wanted : wanted + len(block)] == block:
        return min(wanted, len(lines))
    places = [at for at in range(len(lines)) if lines[at : at + len(block)] == block]
    return places[0] if len(places) == 1 else None
