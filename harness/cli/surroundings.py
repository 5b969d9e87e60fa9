"""What results depend on beside their inputs: this program, its interpreter, tools, the machine.

Each fact is text that differs when the thing does. Imports nothing of ours but what imports nothing
itself: whether an earlier decision stands is asked before anything else is loaded.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable, Mapping

from harness import __version__
from harness.model.variables import relevant
from harness.system.identity import find

DEFINITIONS = ("phases", "fixtures/faults")
"""Folders that definition files stand in."""
_VERSIONS = ("phases/versions.yaml", "phases/versions.yml")


def tools() -> dict[str, str]:
    """This program and what it runs on, as they are part of every key."""
    return {
        "release-manager": f"{__version__} {_own_files()}",
        "python": f"{sys.version} {sys.executable}",
        "python packages": _packages(),
    }


def program(root: str, name: str, environ: Mapping[str, str]) -> str:
    """Where a program is found and which file that is, by size and time of its contents."""
    found = f"{root}/{name}" if "/" in name else find(name, environ.get("PATH", os.defpath))
    if found is None:
        return "not found"
    real = os.path.realpath(found)
    try:
        status = os.stat(real)  # noqa: PTH116 - pathlib would be loaded for it
    except OSError:
        return "not found"
    return f"{real} {status.st_size} {status.st_mtime_ns}"


def versions(root: str) -> dict[str, str]:
    """What a comparison of versions reads whatever its inputs say: what to compare, and tags."""
    return {
        "places of versions": " ".join(_digest_of_file(f"{root}/{one}") for one in _VERSIONS),
        "tags of HEAD": _tags(root),
    }


def machine() -> str:
    """What a plan is told of this machine, and who runs it."""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return f"{' '.join(os.uname())} {cpus} {pages} {os.geteuid()}"


def variables(environ: Mapping[str, str], named_too: Iterable[str]) -> str:
    """The variables that matter to tools, those named, and those that hold secrets: one digest."""
    named = relevant(environ)
    named |= {name: environ[name] for name in named_too if name in environ}
    # What is recorded is masked by these values; nothing else of them matters.
    named |= {name: environ[name] for name in environ if may_be_secret(name)}
    return _digest("\0".join(f"{name}={named[name]}" for name in sorted(named)))


def definition_files(root: str) -> list[str]:
    """The paths of all definition files, relative to the project, sorted."""
    found = []
    for folder in DEFINITIONS:
        try:
            names = os.listdir(f"{root}/{folder}")  # noqa: PTH208 - pathlib would be loaded for it
        except OSError:
            continue
        found += [f"{folder}/{name}" for name in names if name.endswith((".yaml", ".yml"))]
    return sorted(found)


def may_be_secret(name: str) -> bool:
    """Whatever masking takes for secret by its name, and more; without compiling its patterns."""
    text = name.lower()
    return text.endswith(_SECRET_ENDS) or any(one in text for one in _SECRET)


_SECRET = (
    "secret",
    "token",
    "passw",
    "passphrase",
    "credential",
    "cookie",
    "bearer",
    "key",
    "webhook",
)
_SECRET_ENDS = ("_pat", "_pwd", "_auth", "_headers")


def _own_files() -> str:
    """This program's own modules, by size and time: another reading of results is another key."""
    lines: list[str] = []
    pending = [os.path.dirname(os.path.dirname(os.path.realpath(__file__)))]  # noqa: PTH120
    while pending:
        with os.scandir(pending.pop()) as scan:
            for entry in scan:
                if entry.is_dir():
                    pending.append(entry.path)
                elif entry.name.endswith(".py"):
                    status = entry.stat()
                    lines.append(f"{entry.path} {status.st_size} {status.st_mtime_ns}")
    return _digest("\n".join(sorted(lines)))[:16]


def _packages() -> str:
    """What is installed beside this interpreter, as one digest of names and versions."""
    names: list[str] = []
    for folder in sys.path:
        if folder.endswith(("site-packages", "dist-packages")):
            try:
                found = os.listdir(folder)  # noqa: PTH208 - pathlib would be loaded for it
            except OSError:
                continue
            names += [name for name in found if name.endswith((".dist-info", ".pth"))]
    return _digest("\n".join(sorted(names)))[:16]


def _tags(root: str) -> str:
    import subprocess

    try:
        done = subprocess.run(
            ["git", "-C", root, "tag", "--points-at", "HEAD"],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=30,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"unknown: {error}"
    return " ".join(done.stdout.split()) if done.returncode == 0 else done.stderr.strip()


def _digest_of_file(path: str) -> str:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - pathlib would be loaded for it
            return hashlib.file_digest(file, "sha256").hexdigest()[:32]
    except OSError:
        return ""


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
