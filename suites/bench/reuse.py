"""Projects where every task has an input of its own, so that one of many can change."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from suites.bench.projects import POLICY

_PER_FILE = 500


def write_inputs(folder: Path, count: int) -> None:
    """One input file per task, and the folder their copies go to."""
    for name in ("in", "out"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for index in range(count):
        (folder / f"in/{index}").write_text(f"{index}\n")


def touch(folder: Path, index: int, text: str) -> None:
    """Change what one input holds."""
    (folder / f"in/{index}").write_text(text)


def made_at(folder: Path, index: int) -> float:
    """When a copy was made, in seconds since 1970: its task had been chosen and had run by then."""
    return (folder / f"out/{index}").stat().st_mtime


def decided_at(folder: Path) -> float:
    """When the newest run had been decided, in seconds since 1970: its id says so."""
    name = (folder / "reports/latest").readlink().name
    moment = datetime.strptime(name[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return moment.timestamp() + int(name[17:20], 16) / 1000


def write_ours(folder: Path, count: int) -> None:
    """One check per task, with its input."""
    (folder / "phases").mkdir(parents=True, exist_ok=True)
    (folder / "phases/policy.yaml").write_text(POLICY)
    for start in range(0, count, _PER_FILE):
        checks = "".join(
            f"  - id: copy-{index}\n    title: Copy {index}\n    uses: command\n"
            f"    with: {{ run: [cp, in/{index}, out/{index}] }}\n    inputs: [in/{index}]\n"
            for index in range(start, min(start + _PER_FILE, count))
        )
        (folder / f"phases/part-{start:06}.yaml").write_text(
            f"schema: 1\nphase: part-{start:06}\ntitle: Part {start}\nabout: Copies?\n"
            f"checks:\n{checks}"
        )


def write_ninja(folder: Path, count: int) -> None:
    """One edge per task, with its input."""
    edges = "".join(f"build out/{index}: copy in/{index}\n" for index in range(count))
    (folder / "build.ninja").write_text(f"rule copy\n  command = cp $in $out\n{edges}")


def write_make(folder: Path, count: int) -> None:
    """One rule per task, with its input."""
    names = " ".join(f"out/{index}" for index in range(count))
    rules = "".join(f"out/{index}: in/{index}\n\tcp $< $@\n" for index in range(count))
    (folder / "Makefile").write_text(f"all: {names}\n{rules}")


def write_doit(folder: Path, count: int) -> None:
    """One sub-task per task, with its file dependency."""
    (folder / "dodo.py").write_text(
        "def task_copy():\n"
        f"    for index in range({count}):\n"
        "        yield {'name': str(index), 'actions': [['cp', f'in/{index}', f'out/{index}']],\n"
        "               'file_dep': [f'in/{index}'], 'targets': [f'out/{index}']}\n"
    )
