"""What the suite shares: one simulator, one gateway and one administrator for each xdist worker.

Tests keep apart by people: each makes the ones it needs, with keys and names of their own. A test
that stops, kills or tampers makes an installation for itself with `install`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fixtures.providers.client import Simulator
from suites.byok.installation import Installation
from suites.byok.people import Person, World

Install = Callable[..., Installation]


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    """One process with all four vendors."""
    with Simulator.start() as started:
        yield started


@pytest.fixture(scope="session")
def world(simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The gateway that most tests use, set up through the link it printed."""
    folder = tmp_path_factory.mktemp("world")
    installation = Installation(folder=folder, simulator=simulator.address)
    with installation.running() as running:
        admin = installation.administrator(running)
        yield World(installation=installation, running=running, admin=admin)


@pytest.fixture
def person(world: World) -> Person:
    """Somebody new with the role user, and no keys yet."""
    return world.hire()


@pytest.fixture
def install(simulator: Simulator, tmp_path: Path) -> Install:
    """Makes an installation that nobody started yet, in a folder of this test's."""
    made: list[Installation] = []

    def make(**more: Any) -> Installation:
        folder = tmp_path / f"installation-{len(made)}"
        folder.mkdir()
        made.append(Installation(folder=folder, simulator=simulator.address, **more))
        return made[-1]

    return make
