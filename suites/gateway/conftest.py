"""What the gateway suite shares: the simulator, and names no other test uses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import pytest

from fixtures.providers.client import Simulator


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
