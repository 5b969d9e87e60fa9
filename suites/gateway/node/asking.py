"""The questions that every Node SDK is asked, whoever answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import pytest

from fixtures.providers.client import Simulator
from fixtures.providers.completion import prompt_tokens, reply_to, tokens_of
from fixtures.sdks.client import Question, Sdk, ask

# Whoever asks is going to make these claims; pytest then says what their assertions compared.
pytest.register_assert_rewrite("suites.gateway.node.claims")

WORDS = "naïve 日本語 🎈"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E"
AZURE_VERSION = "2024-10-21"

# Each question by its name: what the provider does, and how it is asked.
QUESTIONS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "plain": ("ok", {}),
    "stream": ("ok;fragment=3", {"stream": True}),
    "tools": ("ok", {"tools": True}),
    "tools-stream": ("ok", {"tools": True, "stream": True}),
    "image": ("ok", {"image": PIXEL}),
    "bad-key": ("bad_key", {}),
    "bad-key-stream": ("bad_key", {"stream": True}),
    "limited": ("rate_limited;retry_after_ms=9000", {}),
    "limited-once": ("rate_limited;retry_after_ms=5", {"retries": 2}),
    "spent": ("spend_limit", {}),
    "overloaded": ("overloaded", {}),
    "stream-error": ("stream_error;after=4", {"stream": True}),
    "dropped": ("dropped;after=4", {"stream": True}),
    "truncated": ("truncated;after=4", {"stream": True}),
}
LASTING = {"bad-key", "bad-key-stream", "limited", "spent", "overloaded"}
"""Where the provider does the same to every attempt."""


class Answers:
    """Every answer by the name of its question, and what the provider was sent for it.

    Each question has a word of its own, by which the provider's record tells it from the others.
    """

    def __init__(self, simulator: Simulator, sdk: Sdk) -> None:
        """Nothing asked yet."""
        self.sdk = sdk
        self._simulator = simulator
        self._marks = {name: uuid4().hex for name in QUESTIONS}
        self._said: dict[str, dict[str, Any]] = {}

    def ask(self, base_url: str, model: str, key: str, *, azure: bool = False) -> Answers:
        """Asks everything with one key."""
        for name, (behaviour, _) in QUESTIONS.items():
            times = 9 if name in LASTING else 1
            self._simulator.queue(behaviour, times=times, match={"contains": self._marks[name]})
        asked = [
            Question(name=name, key=key, model=model, words=self.words(name), **how)
            for name, (_, how) in QUESTIONS.items()
        ]
        version = AZURE_VERSION if azure else None
        self._said = ask(self.sdk, base_url, asked, azure_version=version)
        return self

    def __getitem__(self, name: str) -> dict[str, Any]:
        """What became of the question."""
        return self._said[name]

    def words(self, name: str) -> str:
        """The prompt."""
        return f"{WORDS} {self._marks[name]}"

    def expected(self, name: str) -> str:
        """The simulated model's answer to it."""
        return reply_to(self.words(name))

    def tokens(self, name: str) -> tuple[int, int]:
        """How many tokens the prompt has, and the answer."""
        return prompt_tokens([self.words(name)]), len(tokens_of(self.expected(name)))

    def sent(self, name: str) -> list[dict[str, Any]]:
        """The provider's record of the attempts."""
        return self._simulator.requests(contains=self._marks[name])
