"""How each vendor's SDK asks its simulator here; every answer can be scripted."""

from __future__ import annotations

from typing import Any

import anthropic
import httpx2
import openai
from google import genai

from fixtures.providers.client import Simulator

MODEL = "gpt-4o-mini"
WEATHER_TOOL: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "unit": {"enum": ["celsius", "fahrenheit"]},
                "days": {"type": "integer"},
            },
            "required": ["city", "unit"],
        },
    },
}


CLAUDE = "claude-fable-5-2"
GEMINI = "gemini-2.5-flash"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WORDS = "naïve 日本語 🎈"


def say(client: openai.OpenAI, words: str, behaviour: str = "ok", **more: Any) -> Any:
    """One chat request with a scripted answer."""
    return client.chat.completions.create(
        model=f"{MODEL}~{behaviour}", messages=[{"role": "user", "content": words}], **more
    )


def text_of(stream: Any) -> str:
    """The words of a stream, read to its end."""
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)


def ask(client: anthropic.Anthropic, behaviour: str = "ok", **more: Any) -> Any:
    messages: Any = [{"role": "user", "content": WORDS}]
    headers = {"x-sim-behaviour": behaviour}
    wanted = {"model": CLAUDE, "max_tokens": 100, "messages": messages, **more}
    return client.messages.create(extra_headers=headers, **wanted)


def generate(client: genai.Client, behaviour: str = "ok", **config: Any) -> Any:
    options = {"headers": {"x-sim-behaviour": behaviour}}
    return client.models.generate_content(
        model=GEMINI, contents=WORDS, config={"http_options": options, **config}
    )


def stream(client: genai.Client, behaviour: str) -> Any:
    options: Any = {"headers": {"x-sim-behaviour": behaviour}}
    return client.models.generate_content_stream(
        model=GEMINI, contents=WORDS, config={"http_options": options}
    )


def chat(client: openai.AzureOpenAI, behaviour: str = "ok", words: str = WORDS, **more: Any) -> Any:
    return client.chat.completions.create(
        model="gpt-4o-mini",
        messages=[{"role": "user", "content": words}],
        extra_headers={"x-sim-behaviour": behaviour},
        **more,
    )


def raw_chat(
    simulator: Simulator, key: str, *, model: str = MODEL, stream: bool = False
) -> httpx2.Response:
    """One chat request without the SDK, to see the bytes."""
    body = {"model": model, "messages": [{"role": "user", "content": "hello"}], "stream": stream}
    return httpx2.post(
        f"{simulator.base_url}/chat/completions",
        json=body,
        headers={"authorization": f"Bearer {key}"},
        follow_redirects=False,
    )
