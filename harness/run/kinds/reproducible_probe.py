"""The child of kind `reproducible-build`: builds, removes the products, builds again, compares.

    python -m harness.run.kinds.reproducible_probe '{"run": ["make"], "outputs": ["build/**/*"]}'

Exits 0 when both builds made the same bytes, 1 when not, 2 when a build failed or made nothing.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from harness.errors import CheckSetupError
from harness.model.result import Finding
from harness.run.kinds.globbing import matches
from harness.run.kinds.reproducible_build import (
    BROKEN,
    DIFFERENT,
    Builds,
    ReproducibleBuildOptions,
)

_BLOCK = 64


class _BrokenError(Exception):
    """Why there is nothing to compare."""


def _made(root: Path, options: ReproducibleBuildOptions) -> dict[str, Path]:
    return {name: root / name for glob in options.outputs for name in matches(root, glob)}


def _build(root: Path, options: ReproducibleBuildOptions, *, second: bool) -> float:
    """Build from nothing; the seconds it took. Raises `_BrokenError`."""
    for path in _made(root, options).values():
        path.unlink()
    variation = options.vary if second else {}
    began = time.monotonic()
    # Flushed first: what the build prints goes around our buffer.
    print(f"build {2 if second else 1} of 2", flush=True)  # noqa: T201
    try:
        done = subprocess.run(
            options.run,
            cwd=root / options.cwd,
            env={**os.environ, **options.env, **variation},
            check=False,
        )
    except OSError as error:
        raise _BrokenError(f"{options.run[0]} cannot be started ({error.strerror})") from error
    if done.returncode != 0:
        raise _BrokenError(f"build {2 if second else 1} of 2 ended with exit {done.returncode}")
    for glob in options.outputs:
        if not matches(root, glob):
            raise _BrokenError(f"the build made no {glob}")
    return time.monotonic() - began


def _difference(name: str, one: bytes, two: bytes) -> Finding:
    """Where two versions of a file part, with a little of either."""
    at = next(
        (index for index, (a, b) in enumerate(zip(one, two, strict=False)) if a != b),
        min(len(one), len(two)),
    )
    first, second = (
        text[max(0, at - 16) : at + _BLOCK].decode("utf-8", "backslashreplace")
        for text in (one, two)
    )
    return Finding(
        message=f"{name} differs between two builds from byte {at}: {first!r} and {second!r}",
        file=name,
        rule="reproducible",
    )


def _compare(
    root: Path, options: ReproducibleBuildOptions, kept: dict[str, bytes]
) -> list[Finding]:
    made = _made(root, options)
    found = [
        Finding(
            message=f"{name} was made by the {which} build only", file=name, rule="reproducible"
        )
        for names, which in (
            (kept.keys() - made.keys(), "first"),
            (made.keys() - kept.keys(), "second"),
        )
        for name in sorted(names)
    ]
    for name in sorted(kept.keys() & made.keys()):
        again = made[name].read_bytes()
        if hashlib.sha256(again).digest() != hashlib.sha256(kept[name]).digest():
            found.append(_difference(name, kept[name], again))
    return found


def main(arguments: list[str]) -> int:
    """Build what the first argument describes, twice."""
    root = Path.cwd()
    try:
        options = msgspec.json.decode(arguments[0], type=ReproducibleBuildOptions)
        seconds = [_build(root, options, second=False)]
        kept = {name: path.read_bytes() for name, path in _made(root, options).items()}
        seconds.append(_build(root, options, second=True))
        findings = _compare(root, options, kept)
    except (_BrokenError, CheckSetupError, msgspec.MsgspecError, OSError) as error:
        print(f"no two builds to compare: {error}", flush=True)  # noqa: T201
        return BROKEN
    for finding in findings:
        print(finding.message)  # noqa: T201
    if len(arguments) == 3 and arguments[1] == "--result":
        builds = Builds(
            files=len(kept),
            bytes=sum(map(len, kept.values())),
            seconds=[round(one, 1) for one in seconds],
            findings=findings,
        )
        Path(arguments[2]).write_bytes(msgspec.json.encode(builds))
    return DIFFERENT if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
