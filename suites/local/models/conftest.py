"""One server of model files for the whole session; every test has files of its own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

from fixtures.models.client import File, ModelServer

SIZE = 200_003


@pytest.fixture(scope="session")
def server() -> Iterator[ModelServer]:
    with ModelServer.start() as started:
        yield started


@pytest.fixture(scope="session")
def seeds() -> Iterator[int]:
    return itertools.count(10, 10)


@pytest.fixture
def file(server: ModelServer, seeds: Iterator[int]) -> File:
    """A file that no other test asks for."""
    return server.file(seed=next(seeds), size=SIZE)


@pytest.fixture
def scripted(server: ModelServer, seeds: Iterator[int]) -> Callable[..., File]:
    """The same, with what is to happen to it."""

    def script(*faults: str, size: int = SIZE) -> File:
        made = server.file(seed=next(seeds), size=size)
        server.script(made, *faults)
        return made

    return script
