"""One gateway with every provider simulated, and the vendors' SDKs as its clients."""

from __future__ import annotations

from collections.abc import Iterator

import anthropic
import openai
import pytest

from fixtures.providers.client import Simulator
from suites.gateway.conftest import Unique
from suites.gateway.gateway_process import Gateway, serve
from suites.gateway.vendors.asking import (
    CONFIG,
)


@pytest.fixture(scope="session")
def gateway(simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("gateway")
    config = folder / "gateway.toml"
    config.write_text(CONFIG.format(address=simulator.address))
    with serve(folder, {}, f"--config={config}") as started:
        yield started


@pytest.fixture
def client(gateway: Gateway, unique: Unique) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        api_key=unique.key, base_url=gateway.base_url, max_retries=0, timeout=20
    ) as made:
        yield made


@pytest.fixture
def claude(gateway: Gateway, unique: Unique) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(
        api_key=unique.key, base_url=gateway.address, max_retries=0, timeout=20
    ) as made:
        yield made
