"""What kinds that run on Node share: the project's own programs, the browser, texts.

Nothing is downloaded here: a runner is the one that the project's lock file has pinned and that is
installed beside its tests, so that `npx` never gets to fetch another.
"""

from __future__ import annotations

import re
from pathlib import Path

from harness.errors import CheckSetupError
from harness.model.ports import CheckContext
from harness.system.capture import plain_text
from harness.system.probe import browser

_OUTPUT_LIMIT = 16 * 1024
_MESSAGE_LIMIT = 500
SCRIPTS = Path(__file__).with_name("node")
"""Where the parts of kinds are that Node runs."""
RESULTS_VARIABLE = "RELEASE_MANAGER_RESULTS"
QUIET = {"NO_COLOR": "1", "FORCE_COLOR": "0", "CI": "1"}
"""No colours, no questions, no watching; runners refuse a forgotten `.only` then, too."""


def own_program(context: CheckContext, cwd: str, name: str) -> str:
    """The path of a program that the project's packages bring, from `cwd` up to the root.

    Raises `CheckSetupError` when it is not installed.
    """
    return str(_installed(context, cwd, f".bin/{name}", name))


def own_package(context: CheckContext, cwd: str, name: str) -> Path:
    """The folder of a package that is installed for `cwd`. Raises `CheckSetupError`."""
    return _installed(context, cwd, name, name)


def _installed(context: CheckContext, cwd: str, path: str, name: str) -> Path:
    folder = context.root / cwd
    if not (folder / "package.json").is_file():
        raise CheckSetupError(
            f"{cwd} has no package.json", next_step="correct `cwd` in the phase file"
        )
    # Workspaces keep their packages in a folder above their own.
    for place in (folder, *folder.parents):
        found = place / "node_modules" / path
        if found.exists():
            return found
        if place == context.root:
            break
    raise CheckSetupError(
        f"{name} is not installed in {cwd}/node_modules",
        next_step=f"run `npm ci` in {cwd}, and have {name} in its package.json",
    )


def browser_environment() -> dict[str, str]:
    """Where the system's Chromium is, under the names that tools look for; empty without one."""
    path = browser()
    return {"CHROME_PATH": path, "CHROMIUM_PATH": path} if path else {}


def one_line(text: str) -> str:
    """The first line that says something, without colours, bounded."""
    plain = plain_text(text.encode("utf-8", "replace"))
    for line in plain.splitlines():
        if line.strip():
            return line.strip()[:_MESSAGE_LIMIT]
    return ""


def told(text: str) -> str:
    """A short text on one line: its paragraphs joined, bounded."""
    plain = plain_text(text.encode("utf-8", "replace"))
    return re.sub(r"\s*\n\s*", " | ", plain.strip())[:_MESSAGE_LIMIT]


def bounded(*parts: str) -> str:
    """Texts below each other as a record's output: both ends of what is too long."""
    whole = "\n".join(part.strip("\n") for part in parts if part.strip())
    text = plain_text(whole.encode("utf-8", "replace"))
    if len(text) <= _OUTPUT_LIMIT:
        return text
    half = _OUTPUT_LIMIT // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half:,} characters not kept ...]\n{text[-half:]}"


def below(root: Path, path: str) -> str:
    """A path as the project says it: relative to the root where it is inside."""
    try:
        return Path(path).relative_to(root).as_posix()
    except ValueError:
        return path
