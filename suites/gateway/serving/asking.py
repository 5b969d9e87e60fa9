"""How OpenAI's SDK, and a program without one, ask the gateway here."""

from __future__ import annotations

import subprocess
from typing import Any

import httpx2
import openai

from suites.gateway import builds
from suites.gateway.gateway_process import Gateway

MODEL = "gpt-4o-mini"
VERSION = (builds.ROOT / "VERSION").read_text().strip()
USER = "user"


def ask(client: openai.OpenAI, words: str = "hello", **more: Any) -> Any:
    messages = [{"role": "user", "content": words}]
    return client.chat.completions.create(**{"model": MODEL, "messages": messages, **more})


def text_of(chunks: Any) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def raw(gateway: Gateway, key: str | None, *, stream: bool = False) -> httpx2.Response:
    """One chat request without the SDK, to see the bytes."""
    return httpx2.post(
        f"{gateway.base_url}/chat/completions",
        json={"model": MODEL, "messages": [{"role": "user", "content": "hi"}], "stream": stream},
        headers={"authorization": f"Bearer {key}"} if key else {},
        timeout=20,
    )


def start_badly(*arguments: str) -> str:
    """Starts a gateway that must refuse to; what it says on stderr."""
    refused = subprocess.run(
        [builds.gateway(), "serve", "--accounts=off", *arguments],
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert refused.returncode not in {0, 101}, refused.stderr
    assert "panicked" not in refused.stderr
    return refused.stderr
