"""Every mistake a file of faults can hold, one file each, and exactly what is said about it.

`bad_faults/FLAW.yaml` is a file of faults; a folder is a set of files of that flaw, in which
`p.yaml` is the phase. What must be said stands in `bad_faults/messages.txt`. After a deliberate
change, write it anew and read the diff:

    python -m suites.harness.test_fault_bad_files
"""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import DefinitionError
from harness.load import load
from suites.harness.loading import CAPABILITIES, KINDS, POLICY, SERVICES

FOLDER = Path(__file__).parent / "bad_faults"
MESSAGES = FOLDER / "messages.txt"
PHASE = b"""\
schema: 1
phase: p
title: P
about: Good?
checks:
  - { id: unit, title: Unit, uses: command, with: { run: [x] }, must-catch: [one] }
  - { id: grid, title: Grid, uses: command, with: { run: [x] }, strategy: { matrix: { os: [a, b] } } }
"""  # noqa: E501 - as wide as it is written
GOOD = b"""\
schema: 1
share: [target]
link: [.venv]
env: { LEVEL: "0" }
faults:
  - id: one
    title: A fault
    edits: [{ file: a.c, find: x, replace: y }]
    expect: [{ check: p/unit, test: 'test_*' }]
"""


def flaws() -> dict[str, list[Path]]:
    """Flaw to its files."""
    found: dict[str, list[Path]] = {}
    for path in sorted(FOLDER.rglob("*.yaml")):
        inside = path.relative_to(FOLDER)
        name = inside.with_suffix("") if path.parent == FOLDER else inside.parent
        found.setdefault(name.as_posix(), []).append(path)
    return found


def said(faults: dict[str, bytes], phase: bytes = PHASE) -> str:
    """The messages, one a line."""
    files = {
        "phases/p.yaml": phase, "phases/policy.yaml": POLICY, "phases/services.yaml": SERVICES,
    }  # fmt: skip
    try:
        load(files, kinds=KINDS, capabilities=CAPABILITIES, faults=faults)
    except DefinitionError as error:
        return "\n".join(error.problems)
    return "nothing"


def said_about(files: list[Path]) -> str:
    faults = {f"fixtures/faults/{one.name}": one.read_bytes() for one in files if one.stem != "p"}
    phases = [one.read_bytes() for one in files if one.stem == "p"]
    return said(faults, *phases)


def recorded() -> dict[str, str]:
    """Flaw to the messages kept for it."""
    sections = MESSAGES.read_text("utf-8").split("== ")[1:]
    return {name: text.strip() for name, _, text in (one.partition("\n") for one in sections)}


def test_the_good_file_is_good() -> None:
    assert said({"fixtures/faults/good.yaml": GOOD}) == "nothing"


@pytest.mark.parametrize("flaw", flaws())
def test_bad_fault_is_told_where_what_and_what_to_do(flaw: str) -> None:
    words = said_about(flaws()[flaw])
    assert words == recorded()[flaw]
    for line in words.splitlines():
        place, _, rest = line.partition(": ")
        file, row, column = place.rsplit(":", 2)
        assert file.startswith(("fixtures/faults/", "phases/p.yaml"))
        assert int(row) >= 1
        assert int(column) >= 1
        assert "; " in rest


def test_no_message_is_kept_for_a_flaw_that_is_gone() -> None:
    assert set(recorded()) == set(flaws())


if __name__ == "__main__":
    MESSAGES.write_text(
        "".join(f"== {name}\n{said_about(files)}\n\n" for name, files in flaws().items()), "utf-8"
    )
