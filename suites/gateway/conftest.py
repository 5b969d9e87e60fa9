"""What the gateway suite shares: the simulator, and names no other test uses."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from fixtures.providers.client import Simulator
from suites.gateway import builds

# Building the library with its test entry points takes minutes the first time.
BUILD_SECONDS = 1800

# Panics are provoked here by the hundred. Naming the frames of one takes a debug build longer than
# the test, and nobody reads them: what a panic must leave behind is asserted.
os.environ["RUST_BACKTRACE"] = "0"


@dataclass(frozen=True, slots=True)
class Unique:
    """A key of this test alone, so that tests can share one simulator and run side by side."""

    key: str

    @property
    def match(self) -> dict[str, str]:
        return {"key": self.key}


@pytest.fixture
def unique() -> Unique:
    return Unique(key=f"sk-sim-{uuid4().hex}")


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    """One simulated OpenAI for the whole session (per xdist worker)."""
    with Simulator.start() as started:
        yield started


@pytest.fixture(scope="session")
def shipped_library() -> Iterator[None]:
    """The Python binding loads the library as shipped, or fails saying how to build it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONVERGIO_LIBRARY", str(builds.shared_library()))
        yield


@pytest.fixture(scope="session")
def fault_library() -> Path:
    """libconvergio with its test entry points, built now if need be."""
    return builds.fault_library()


@pytest.fixture
def program_environment(simulator: Simulator, unique: Unique) -> dict[str, str]:
    """What the C programs read from their environment."""
    return {
        "SIMULATOR_BASE_URL": simulator.base_url,
        "SIMULATOR_KEY": unique.key,
        "EXPECTED_VERSION": (builds.ROOT / "VERSION").read_text().strip(),
    }


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever may have to wait for a build gets the time for it; timeouts count fixtures too."""
    for item in items:
        may_build = {"fault_library", "compiled"} & set(getattr(item, "fixturenames", ()))
        if may_build and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(BUILD_SECONDS))
