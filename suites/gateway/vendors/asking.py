"""How the vendors' SDKs ask the gateway here, and what the simulated vendors then say."""

from __future__ import annotations

from typing import Any

import anthropic
import openai
import pytest

MODELS = {
    "openai": "gpt-4o-mini",
    "anthropic": "claude-fable-5-2",
    "google": "gemini-2.5-flash",
    "azure": "azure/gpt-4o-mini",
}
EMBEDDERS = {
    "openai": "text-embedding-3-small",
    "google": "gemini-embedding-001",
    "azure": "azure/text-embedding-3-small",
}
WORDS = "naïve 日本語 🎈"
ANSWER = f"Simulated answer to: {WORDS}"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E"
CONFIG = """
[providers.openai]
base_url = "{address}/openai/v1"
[providers.anthropic]
base_url = "{address}/anthropic/v1"
[providers.google]
base_url = "{address}/google/v1beta"
[providers.azure]
endpoint = "{address}/azure"
api_version = "2024-10-21"
region = "swedencentral"
[retry]
max_retries = 2
base_ms = 1
cap_ms = 5
[timeouts]
request_ms = 1500
stream_idle_ms = 700
[[additional_models]]
id = "gpt-4o-mini"
provider = "azure"
context_window = 128000
max_output_tokens = 16384
capability = 350
features = ["tools", "vision"]
price = {{ input = 165000000, cached_input = 83000000, output = 660000000, reasoning = 660000000 }}
[[additional_models]]
id = "text-embedding-3-small"
provider = "azure"
serves = "embeddings"
context_window = 8192
max_output_tokens = 1
capability = 0
price = {{ input = 22000000, cached_input = 22000000, output = 0, reasoning = 0 }}
"""

every_provider = pytest.mark.parametrize("provider", MODELS)
whole_or_streamed = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


def ask(client: openai.OpenAI, provider: str, words: Any = WORDS, **more: Any) -> Any:
    messages = [{"role": "system", "content": "be brief"}, {"role": "user", "content": words}]
    wanted = {"model": MODELS[provider], "messages": messages, **more}
    return client.chat.completions.create(**wanted)


def tell(claude: anthropic.Anthropic, provider: str, words: Any = WORDS, **more: Any) -> Any:
    messages = [{"role": "user", "content": words}]
    wanted = {"model": MODELS[provider], "max_tokens": 200, "messages": messages, **more}
    return claude.messages.create(**wanted)


def consume(answer: Any, *, stream: bool) -> None:
    """Reads a streamed answer to its end, where its error is."""
    if stream:
        list(answer)


def code_of(error: openai.APIError) -> Any:
    body: Any = error.body
    return body.get("code")
