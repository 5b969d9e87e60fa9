"""Every run here must leave nothing alive and close what it opened."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from suites.harness.run.worlds import World
from suites.harness.system.children import children_of_this_process


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    children = set(children_of_this_process())
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    yield World(tmp_path)
    assert set(children_of_this_process()) <= children
    assert len(list(Path("/proc/self/fd").iterdir())) <= descriptors
