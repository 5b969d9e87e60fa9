"""The vendors' SDKs as shipped, but for retries: each test asks for the ones it wants."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest
from google import genai

from fixtures.providers.client import Simulator
from suites.gateway.conftest import Unique


@pytest.fixture
def client(simulator: Simulator, unique: Unique) -> Iterator[openai.OpenAI]:
    """The vendor's SDK as shipped, but for retries: each test asks for the ones it wants."""
    with openai.OpenAI(
        api_key=unique.key, base_url=simulator.base_url, max_retries=0, timeout=10
    ) as made:
        yield made


@pytest.fixture
def claude(simulator: Simulator, unique: Unique) -> Iterator[anthropic.Anthropic]:
    base = f"{simulator.address}/anthropic"
    with anthropic.Anthropic(
        api_key=unique.key, base_url=base, max_retries=0, timeout=10
    ) as client:
        yield client


@pytest.fixture
def gemini(simulator: Simulator, unique: Unique) -> Iterator[genai.Client]:
    options: Any = {"base_url": f"{simulator.address}/google"}
    client = genai.Client(api_key=unique.key, http_options=options)
    yield client
    client.close()


@pytest.fixture
def azure(simulator: Simulator, unique: Unique) -> Iterator[openai.AzureOpenAI]:
    with openai.AzureOpenAI(
        api_key=unique.key,
        azure_endpoint=f"{simulator.address}/azure",
        api_version="2024-10-21",
        max_retries=0,
        timeout=10,
    ) as client:
        yield client
