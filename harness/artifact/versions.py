"""Versions: the source, every place that declares one, and every built thing that is asked for its.

All are compared normalised, so `7.0.0-rc1` (SemVer) and `7.0.0rc1` (PEP 440) agree. A place that
cannot be read, or states nothing, is a disagreement: silence is never agreement.
"""

from __future__ import annotations

import ctypes
import json
import re
import subprocess
import tomllib
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from harness.model.base import Record
from harness.model.spec import DeclaredVersion, ObservedVersion, Versions

_ASK_SECONDS = 20.0
_ANSWER_BYTES = 4 * 1024 * 1024


class Row(Record, frozen=True):
    """One place: what it should say, what it says, and what is wrong when they differ."""

    name: str
    where: str
    declared: str
    found: str
    ok: bool
    message: str = ""
    file: str = ""
    line: int = 0


class Comparison(Record, frozen=True):
    """Every place, the source first. `agree` is false when any row is not ok."""

    agree: bool
    version: str
    rows: tuple[Row, ...]


class _UnreadableError(Exception):
    """A place that does not yield a version; the text says why and what to do."""


class _Stated(Record, frozen=True):
    found: str
    where: str
    line: int = 0


def compare(
    versions: Versions, root: Path, *, observed: bool, environ: Mapping[str, str]
) -> Comparison:
    """Read every declared place and, when `observed`, ask every built thing.

    `environ` is where running services are found (`RELEASE_MANAGER_SERVICE_<NAME>_URL`) and what
    asked programs inherit.
    """
    try:
        source = (root / versions.source).read_text("utf-8").strip()
        Version(source)
    except (OSError, UnicodeDecodeError, InvalidVersion) as error:
        row = Row(
            name="source",
            where=versions.source,
            declared="",
            found="",
            ok=False,
            message=f"the source of the version cannot be read: {error}",
            file=versions.source,
        )
        return Comparison(agree=False, version="", rows=(row,))
    rows = [
        Row(
            name="source",
            where=versions.source,
            declared=source,
            found=source,
            ok=True,
            file=versions.source,
            line=1,
        )
    ]
    for place in versions.declared:
        rows.extend(_declared_rows(place, source, root))
    if observed:
        rows.extend(_observed_row(thing, source, root, environ) for thing in versions.observed)
    return Comparison(agree=all(row.ok for row in rows), version=source, rows=tuple(rows))


def same_version(left: str, right: str) -> bool:
    """Whether two spellings mean one version. Text that is no version equals nothing."""
    try:
        return Version(left) == Version(right)
    except InvalidVersion:
        return False


def _row(name: str, stated: _Stated, source: str, file: str) -> Row:
    ok = same_version(stated.found, source)
    part = stated.where.removeprefix(file) if file and "(" in stated.where else ""
    return Row(
        name=name,
        where=stated.where,
        declared=source,
        found=stated.found,
        ok=ok,
        message="" if ok else f"{name}{part} says {stated.found}, the source says {source}",
        file=file,
        line=stated.line,
    )


def _broken(name: str, where: str, source: str, why: str, file: str = "") -> Row:
    return Row(name=name, where=where, declared=source, found="", ok=False, message=why, file=file)


def _declared_rows(place: DeclaredVersion, source: str, root: Path) -> list[Row]:
    where = place.file or place.git_tag
    try:
        stated = _read_declared(place, source, root)
    except _UnreadableError as error:
        return [_broken(place.name, where, source, str(error), place.file)]
    return [_row(place.name, one, source, place.file) for one in stated]


def _read_declared(place: DeclaredVersion, source: str, root: Path) -> list[_Stated]:
    if place.git_tag:
        return _read_tags(place.git_tag, source, root)
    path = root / place.file
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _UnreadableError(f"{place.file}: cannot be read ({error})") from error
    if place.cargo_lock:
        return _read_cargo_lock(text, place.file)
    if place.toml:
        try:
            data: Any = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise _UnreadableError(f"{place.file}: not TOML ({error})") from error
        found = _dig(data, place.toml, place.file)
        return [_Stated(found=found, where=place.file, line=_line_of(text, found))]
    if place.json:
        try:
            data = json.loads(text)
        except ValueError as error:
            raise _UnreadableError(f"{place.file}: not JSON ({error})") from error
        found = _dig(data, place.json, place.file)
        return [_Stated(found=found, where=place.file, line=_line_of(text, found))]
    match = re.search(place.regex, text, re.MULTILINE)
    if match is None:
        raise _UnreadableError(f"{place.file}: nothing matches {place.regex!r}")
    line = text.count("\n", 0, match.start(1)) + 1
    return [_Stated(found=match[1], where=f"{place.file}:{line}", line=line)]


def _read_cargo_lock(text: str, file: str) -> list[_Stated]:
    """Packages without a `source` are the workspace's own; each must say the version."""
    try:
        packages = tomllib.loads(text).get("package", [])
    except tomllib.TOMLDecodeError as error:
        raise _UnreadableError(f"{file}: not TOML ({error})") from error
    own = [package for package in packages if "source" not in package]
    if not own:
        raise _UnreadableError(f"{file}: no package of the workspace itself is in it")
    return [
        _Stated(
            found=str(package["version"]),
            where=f"{file} ({package['name']})",
            line=_line_of(text, f'name = "{package["name"]}"') + 1,
        )
        for package in own
    ]


def _read_tags(pattern: str, source: str, root: Path) -> list[_Stated]:
    done = subprocess.run(
        ["git", "-C", str(root), "tag", "--points-at", "HEAD"],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
        timeout=_ASK_SECONDS,
    )
    if done.returncode != 0:
        raise _UnreadableError(f"git: {done.stderr.strip() or 'cannot list the tags of HEAD'}")
    shape = re.compile(re.escape(pattern).replace(re.escape("{version}"), "(.+)"))
    tags = [match[1] for tag in done.stdout.split() if (match := shape.fullmatch(tag))]
    if not tags:
        return [_Stated(found=source, where=f"git (HEAD carries no {pattern} tag yet)")]
    return [_Stated(found=tag, where="git tag at HEAD") for tag in tags]


def _dig(data: Any, dotted: str, name: str) -> str:
    for key in dotted.split("."):
        if not isinstance(data, dict) or key not in data:
            raise _UnreadableError(f"{name}: there is no {dotted!r}")
        data = data[key]
    if not isinstance(data, str):
        raise _UnreadableError(f"{name}: {dotted!r} is not text")
    return data


def _line_of(text: str, needle: str) -> int:
    offset = text.find(needle)
    return text.count("\n", 0, offset) + 1 if offset >= 0 else 0


def _observed_row(
    thing: ObservedVersion, source: str, root: Path, environ: Mapping[str, str]
) -> Row:
    where = thing.library or thing.path or " ".join(thing.run)
    try:
        if thing.library:
            found = _ask_library(root / thing.library, thing.symbol)
        elif thing.service:
            found = _ask_service(thing, environ)
        else:
            found = _ask_program(thing, root, environ)
    except _UnreadableError as error:
        hint = f"; build it with `{thing.build}`" if thing.build else ""
        return _broken(thing.name, where, source, f"{error}{hint}")
    return _row(thing.name, _Stated(found=found, where=where), source, "")


def _ask_program(thing: ObservedVersion, root: Path, environ: Mapping[str, str]) -> str:
    try:
        done = subprocess.run(
            thing.run,
            cwd=root,
            env={**environ, **thing.env},
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=_ASK_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _UnreadableError(f"{thing.run[0]}: cannot be asked ({error})") from error
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        raise _UnreadableError(f"{thing.run[0]}: ended with {done.returncode}: {said[-1][:300]}")
    return _search(thing, done.stdout)


def _ask_library(path: Path, symbol: str) -> str:
    """Call `const char *symbol(void)`; this process is a check's own, so a crash is contained."""
    try:
        function = getattr(ctypes.CDLL(str(path)), symbol)
    except (OSError, AttributeError) as error:
        raise _UnreadableError(f"{path.name}: cannot be asked ({error})") from error
    function.argtypes = []
    function.restype = ctypes.c_char_p
    answer = function()
    if not answer:
        raise _UnreadableError(f"{path.name}: {symbol}() returned NULL")
    return str(answer.decode("utf-8", "replace"))


def _ask_service(thing: ObservedVersion, environ: Mapping[str, str]) -> str:
    variable = f"RELEASE_MANAGER_SERVICE_{thing.service.upper().replace('-', '_')}_URL"
    base = environ.get(variable, "")
    if not base:
        raise _UnreadableError(
            f"service {thing.service!r} is not running ({variable} is not set);"
            " ask through a check that lists it under `services:`"
        )
    try:
        with urllib.request.urlopen(base + thing.path, timeout=_ASK_SECONDS) as answer:  # noqa: S310 - our own loopback service
            text = answer.read(_ANSWER_BYTES).decode("utf-8", "replace")
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise _UnreadableError(f"{base}{thing.path}: no answer ({error})") from error
    return _search(thing, text)


def _search(thing: ObservedVersion, text: str) -> str:
    if thing.json:
        try:
            return _dig(json.loads(text), thing.json, thing.name)
        except ValueError as error:
            raise _UnreadableError(f"{thing.name}: the answer is not JSON ({error})") from error
    match = re.search(thing.regex, text)
    if match is None:
        raise _UnreadableError(f"{thing.name}: {text[:80]!r} does not match {thing.regex!r}")
    return match[1]
