"""A gateway with a simulated OpenAI behind it, and OpenAI's own SDK, unmodified."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest

from fixtures.providers.client import Simulator
from suites.gateway.conftest import Unique
from suites.gateway.gateway_process import Gateway, serve


@pytest.fixture(scope="session")
def gateway(simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway without a house key: whoever brings no key gets nothing."""
    folder = tmp_path_factory.mktemp("gateway")
    config = folder / "gateway.toml"
    config.write_text(
        f'[providers.openai]\nbase_url = "{simulator.base_url}"\n'
        "[retry]\nmax_retries = 2\nbase_ms = 1\ncap_ms = 5\n"
    )
    with serve(folder, {}, f"--config={config}") as started:
        yield started


@pytest.fixture
def client(gateway: Gateway, unique: Unique) -> Iterator[openai.OpenAI]:
    """The SDK with this test's own key; each test asks for the retries it wants."""
    with openai.OpenAI(
        api_key=unique.key, base_url=gateway.base_url, max_retries=0, timeout=20
    ) as made:
        yield made
