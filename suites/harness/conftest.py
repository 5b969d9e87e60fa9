"""What every suite of the harness shares: golden files, scrubbed here, updated on command."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says how busy the machine is, and nothing of what is tested.
settings.register_profile("suites", deadline=None)
settings.load_profile("suites")

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write what the code gives now as the golden files; review the diff before committing",
    )


def scrub(text: str) -> str:
    """The text without what may change from release to release: the version that wrote it."""
    return re.sub(r"\b\d+\.\d+\.\d+rc\d+\b", "<VERSION>", text)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, bytes], None]:
    """Compares bytes with the golden file of a name, or with `--update-golden` writes it."""

    def compare(name: str, actual: bytes) -> None:
        path, text = GOLDEN / name, scrub(actual.decode())
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
            return
        assert path.exists(), f"{path.name} is missing; write it with pytest --update-golden"
        assert text == path.read_text("utf-8"), f"{name} changed; pytest --update-golden if meant"

    return compare


@pytest.fixture(scope="session")
def templates() -> dict[str, str]:
    """The report templates, as the command line hands them over."""
    folder = Path(__file__).resolve().parents[2] / "reports" / "templates"
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in sorted(folder.rglob("*.*"))
    }
