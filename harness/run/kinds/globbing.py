"""Files of the project that a glob matches."""

from __future__ import annotations

from pathlib import Path

from harness.errors import CheckSetupError


def matches(root: Path, glob: str) -> list[str]:
    """Paths relative to `root`, sorted; folders are not matched.

    Raises `CheckSetupError` for a glob that is absolute or leaves the project.
    """
    if glob.startswith("/") or ".." in Path(glob).parts:
        raise CheckSetupError(
            f"{glob!r} leaves the project", next_step="write globs relative to the root"
        )
    try:
        return sorted(
            path.relative_to(root).as_posix() for path in root.glob(glob) if path.is_file()
        )
    except ValueError as error:
        raise CheckSetupError(f"{glob!r} is not a glob ({error})") from error
