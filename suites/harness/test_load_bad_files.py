"""Every mistake a definition file can hold, one file each, and exactly what is said about it.

`bad_files/FLAW.yaml` is a phase; a folder is a set of files of that flaw. What must be said
stands in `bad_files/messages.txt`. After a deliberate change, write it anew and read the diff:

    python -m suites.harness.test_load_bad_files
"""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import DefinitionError
from harness.load import load
from suites.harness.loading import CAPABILITIES, HEADER, KINDS, POLICY, SERVICES, problems_of

FOLDER = Path(__file__).parent / "bad_files"
MESSAGES = FOLDER / "messages.txt"
GOOD_PHASE = HEADER + b"  - { id: good, title: Good, uses: command, with: { run: [x] } }\n"


def flaws() -> dict[str, list[Path]]:
    """Flaw to its files."""
    found: dict[str, list[Path]] = {}
    for path in sorted([*FOLDER.rglob("*.yaml"), *FOLDER.rglob("*.yml")]):
        inside = path.relative_to(FOLDER)
        name = inside.with_suffix("") if path.parent == FOLDER else inside.parent
        found.setdefault(name.as_posix(), []).append(path)
    return found


def said_about(files: list[Path]) -> str:
    """The messages, one a line."""
    bytes_of = {f"phases/{path.name}": path.read_bytes() for path in files}
    if not any(path.stem == "policy" for path in files):
        bytes_of["phases/policy.yaml"] = POLICY
    if not any(path.stem == "services" for path in files):
        bytes_of["phases/services.yaml"] = SERVICES
    if all(path.stem in ("policy", "services", "waivers") for path in files):
        bytes_of["phases/good.yaml"] = GOOD_PHASE
    try:
        load(bytes_of, kinds=KINDS, capabilities=CAPABILITIES)
    except DefinitionError as error:
        return "\n".join(error.problems)
    return "nothing"


def recorded() -> dict[str, str]:
    """Flaw to the messages kept for it."""
    sections = MESSAGES.read_text("utf-8").split("== ")[1:]
    return {name: text.strip() for name, _, text in (one.partition("\n") for one in sections)}


def test_the_good_world_is_good() -> None:
    assert problems_of(good=GOOD_PHASE) == []


@pytest.mark.parametrize("flaw", flaws())
def test_bad_file_is_told_where_what_and_what_to_do(flaw: str) -> None:
    said = said_about(flaws()[flaw])
    assert said == recorded()[flaw]
    for line in said.splitlines():
        place, _, rest = line.partition(": ")
        file, row, column = place.rsplit(":", 2)
        assert file.startswith("phases/")
        assert int(row) >= 1
        assert int(column) >= 1
        assert "; " in rest


def test_no_message_is_kept_for_a_flaw_that_is_gone() -> None:
    assert set(recorded()) == set(flaws())


if __name__ == "__main__":
    MESSAGES.write_text(
        "".join(f"== {name}\n{said_about(files)}\n\n" for name, files in flaws().items()), "utf-8"
    )
