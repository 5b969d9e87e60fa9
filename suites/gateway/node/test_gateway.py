"""Every provider behind the gateway, asked by the Node SDKs of OpenAI and Anthropic, unmodified.

They change their base URL and the model's name, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from fixtures.providers.client import Simulator
from fixtures.sdks.client import Sdk
from suites.gateway.gateway_process import Gateway, serve
from suites.gateway.node.asking import Answers
from suites.gateway.node.claims import Claims
from suites.gateway.vendors.asking import CONFIG, MODELS

SDKS = (Sdk.OPENAI, Sdk.ANTHROPIC)


@pytest.fixture(scope="module")
def gateway(simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("gateway")
    config = folder / "gateway.toml"
    config.write_text(CONFIG.format(address=simulator.address))
    with serve(folder, {}, f"--config={config}") as started:
        yield started


@pytest.fixture(scope="module", params=SDKS)
def sdk(request: pytest.FixtureRequest) -> Sdk:
    return Sdk(request.param)


@pytest.fixture(scope="module", params=MODELS)
def provider(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def said(simulator: Simulator, gateway: Gateway, sdk: Sdk, provider: str) -> Answers:
    base = gateway.base_url if sdk is Sdk.OPENAI else gateway.address
    return Answers(simulator, sdk).ask(base, MODELS[provider], f"sk-sim-{uuid4().hex}")


class TestPassedThrough(Claims):
    """The caller's own provider key goes along with each request."""
