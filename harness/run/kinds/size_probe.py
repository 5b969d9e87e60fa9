"""The child of kind `size-budget`: weighs, compares with the limits and with the last time.

    python -m harness.run.kinds.size_probe '{"folder": "build", "budgets": […]}'

Exits 0 when every budget holds, 1 when one does not, 2 when there is nothing to weigh.
"""

from __future__ import annotations

import hashlib
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from harness.errors import CheckSetupError
from harness.run.kinds.globbing import matches
from harness.run.kinds.size_budget import (
    CANNOT_WEIGH,
    Budget,
    SizeBudgetOptions,
    Weighed,
    Weights,
)
from harness.run.kinds.weighing import CannotWeighError, Weight, fetched, in_words, weigh

_SHOWN = 8
_ENCODINGS = ("raw", "gzip", "brotli")


class _Scale:
    """Weighs each file once, whatever the number of budgets it counts for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._seen: dict[tuple[Path, bool], Weight] = {}

    def weigh(self, path: Path, *, brotli: bool) -> Weight:
        key = (path, brotli)
        if key not in self._seen:
            self._seen[key] = weigh(path, brotli=brotli)
        return self._seen[key]

    def parts(self, budget: Budget) -> Iterator[tuple[str, list[Path]]]:
        """What is weighed together, by name. Raises `CannotWeighError` when there is nothing."""
        globs = budget.files or budget.pages
        found = {name: None for glob in globs for name in matches(self.folder, glob)}
        if not found:
            raise CannotWeighError(
                f"{self.folder}: nothing matches {' or '.join(globs)} (budget {budget.name!r});"
                " build first, or correct the globs"
            )
        if budget.pages:
            for name in found:
                page = self.folder / name
                yield f"{budget.name}: {name}", fetched(page, self.folder)
        elif budget.each:
            for name in found:
                yield f"{budget.name}: {name}", [self.folder / name]
        else:
            yield budget.name, [self.folder / name for name in found]


def _weighed(scale: _Scale, budget: Budget, before: dict[str, dict[str, int]]) -> Iterator[Weighed]:
    limits = budget.limits()
    brotli = "brotli" in limits
    for name, paths in scale.parts(budget):
        weights = {path: scale.weigh(path, brotli=brotli) for path in paths}
        sizes = {
            encoding: sum(getattr(weight, encoding) for weight in weights.values())
            for encoding in (_ENCODINGS if brotli else _ENCODINGS[:2])
        }
        over = [
            f"{in_words(sizes[encoding])} {encoding}, where {in_words(limit)} are allowed"
            for encoding, limit in limits.items()
            if sizes[encoding] > limit
        ]
        largest = sorted(weights, key=lambda path: -weights[path].raw)[:_SHOWN]
        heavy = ", ".join(
            f"{path.relative_to(scale.folder)} {in_words(weights[path].raw)}" for path in largest
        )
        said = ", ".join(f"{in_words(size)} {encoding}" for encoding, size in sizes.items())
        lines = [f"{said} in {len(paths)} files", _grown(sizes, before.get(name))]
        if over:
            over[-1] += f"; largest: {heavy}"
        lines.append(f"largest: {heavy}")
        yield Weighed(
            name=name,
            files=len(paths),
            sizes=sizes,
            over="; ".join(over),
            notes="\n".join(line for line in lines if line),
        )


def _grown(sizes: dict[str, int], before: dict[str, int] | None) -> str:
    """How the figures differ from the last time; empty when that is not known."""
    if before is None:
        return ""
    changes = [
        f"{sizes[encoding] - before[encoding]:+,} B {encoding}"
        for encoding in sizes
        if encoding in before and sizes[encoding] != before[encoding]
    ]
    return f"since the last time: {', '.join(changes)}" if changes else "as the last time"


class _Memory:
    """The figures of the last time, by check; lost or damaged, they are only not told of."""

    def __init__(self, root: Path, check: str) -> None:
        digest = hashlib.sha256(check.encode()).hexdigest()[:16]
        self._folder = root / ".release-manager"
        self._path = self._folder / "sizes" / f"{digest}.json"

    def read(self) -> dict[str, dict[str, int]]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, dict[str, int]])
        except (OSError, msgspec.MsgspecError):
            return {}

    def write(self, weighed: list[Weighed]) -> None:
        """Raises `OSError`."""
        if not self._folder.exists():
            self._folder.mkdir()
            (self._folder / ".gitignore").write_text("*\n")
        self._path.parent.mkdir(exist_ok=True)
        partial = self._path.with_suffix(f".{os.getpid()}")
        partial.write_bytes(msgspec.json.encode({one.name: one.sizes for one in weighed}))
        partial.replace(self._path)


def main(arguments: list[str]) -> int:
    """Weigh what the first argument describes."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # a file name may be anything
        sys.stdout.reconfigure(errors="backslashreplace")
    given = dict(zip(arguments[1::2], arguments[2::2], strict=True))
    memory = _Memory(Path.cwd(), given.get("--check", ""))
    try:
        options = msgspec.json.decode(arguments[0], type=SizeBudgetOptions)
        folder = (Path.cwd() / options.folder).resolve()
        if not folder.is_dir():
            raise CannotWeighError(f"{options.folder}: is not there; build first")
        scale, before = _Scale(folder), memory.read()
        weighed = [one for budget in options.budgets for one in _weighed(scale, budget, before)]
    except (msgspec.MsgspecError, CheckSetupError, CannotWeighError, OSError) as error:
        print(f"nothing can be said of sizes: {error}")  # noqa: T201
        return CANNOT_WEIGH
    for one in weighed:
        first, *rest = one.notes.splitlines()
        print(f"{one.name}: {first}{f' ({rest[0]})' if len(rest) > 1 else ''}")  # noqa: T201
        if one.over:
            print(f"  over: {one.over}")  # noqa: T201
    if "--result" in given:
        Path(given["--result"]).write_bytes(msgspec.json.encode(Weights(weighed)))
    if not any(one.over for one in weighed):
        memory.write(weighed)
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
