"""The same trivial work written for each tool: N tasks, each copying one file."""

from __future__ import annotations

from pathlib import Path

POLICY = """\
schema: 1
default: change
profiles:
  change:
    about: A benchmark.
    rules: { failed: block, deselected: ignore, reused: ignore, unproven: ignore }
"""


def write_sources(folder: Path) -> None:
    """The one file that is copied, and the folder it is copied into."""
    (folder / "out").mkdir(parents=True, exist_ok=True)
    (folder / "in.txt").write_text("x\n")


def clear_outputs(folder: Path) -> None:
    """Back to nothing done."""
    for path in (folder / "out").iterdir():
        path.unlink()


def write_shell(folder: Path, count: int) -> None:
    """A bare loop: the floor under every runner."""
    (folder / "run.sh").write_text(
        f"i=0; while [ $i -lt {count} ]; do cp in.txt out/$i; i=$((i+1)); done\n"
    )


def write_ninja(folder: Path, count: int) -> None:
    """One edge per task."""
    edges = "".join(f"build out/{index}: cp in.txt\n" for index in range(count))
    (folder / "build.ninja").write_text("rule cp\n  command = cp $in $out\n" + edges)


def write_make(folder: Path, count: int) -> None:
    """One rule per task."""
    targets = " ".join(f"out/{index}" for index in range(count))
    rules = "".join(f"out/{index}: in.txt\n\t@cp in.txt $@\n" for index in range(count))
    (folder / "Makefile").write_text(f"all: {targets}\n{rules}")


def write_just(folder: Path, count: int) -> None:
    """One recipe per task, all of them dependencies of the first."""
    names = " ".join(f"t{index}" for index in range(count))
    recipes = "".join(f"t{index}:\n    @cp in.txt out/{index}\n" for index in range(count))
    (folder / "justfile").write_text(f"all: {names}\n{recipes}")


def write_doit(folder: Path, count: int) -> None:
    """One sub-task per task, with its file dependency."""
    (folder / "dodo.py").write_text(
        "def task_copy():\n"
        f"    for index in range({count}):\n"
        "        yield {'name': str(index), 'actions': [['cp', 'in.txt', f'out/{index}']],\n"
        "               'file_dep': ['in.txt'], 'targets': [f'out/{index}']}\n"
    )


def write_nox(folder: Path, count: int) -> None:
    """One session that runs every task, without a virtual environment."""
    (folder / "noxfile.py").write_text(
        "import nox\n\n@nox.session(venv_backend='none')\ndef copy(session):\n"
        f"    for index in range({count}):\n"
        "        session.run('cp', 'in.txt', f'out/{index}', external=True, silent=True)\n"
    )


def write_ours(folder: Path, count: int) -> None:
    """One check per task."""
    checks = "".join(
        f"  - id: t{index}\n    title: Copy {index}\n    uses: command\n"
        f"    with: {{ run: [cp, in.txt, out/{index}] }}\n"
        for index in range(count)
    )
    (folder / "phases").mkdir(exist_ok=True)
    (folder / "phases" / "policy.yaml").write_text(POLICY)
    (folder / "phases" / "copies.yaml").write_text(
        "schema: 1\nphase: copies\ntitle: Copies\nabout: Does every copy succeed?\nchecks:\n"
        + checks
    )


def write_large(folder: Path, count: int) -> None:
    """Checks as people write them: several keys, a matrix now and then, needs."""
    (folder / "phases").mkdir(parents=True, exist_ok=True)
    (folder / "phases" / "policy.yaml").write_text(POLICY)
    per_file = 500
    for number in range(count // per_file):
        checks = "".join(
            f"  - id: check-{index}\n"
            f"    title: Claim number {index} holds\n"
            "    uses: command\n"
            f"    with: {{ run: ['true', --case, '{index}'] }}\n"
            "    inputs: [src/**, tests/**]\n"
            "    tags: [fast]\n"
            "    timeout-minutes: 5\n" + (f"    needs: [check-{index - 1}]\n" if index % 5 else "")
            for index in range(per_file)
        )
        (folder / "phases" / f"phase-{number:03}.yaml").write_text(
            f"schema: 1\nphase: phase-{number:03}\ntitle: Phase {number}\n"
            f"about: Does part {number} work?\nchecks:\n{checks}"
        )
