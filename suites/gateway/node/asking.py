"""The questions that every Node SDK is asked, whoever answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from fixtures.providers.client import Simulator
from fixtures.sdks.client import Question, Sdk, ask

WORDS = "naïve 日本語 🎈"
ANSWER = f"Simulated answer to: {WORDS}"
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
    """Every answer by the name of its question, and what the provider was sent for it."""

    def __init__(self, simulator: Simulator, said: Mapping[str, Any], keys: Mapping[str, str]):
        self._simulator = simulator
        self._said = said
        self._keys = keys

    def __getitem__(self, name: str) -> dict[str, Any]:
        answer: dict[str, Any] = self._said[name]
        return answer

    def sent(self, name: str) -> list[dict[str, Any]]:
        """The provider's record of the attempts."""
        return self._simulator.requests(key=self._keys[name])


def answers(
    simulator: Simulator, sdk: Sdk, base_url: str, model: str, *, azure: bool = False
) -> Answers:
    """Asks everything; each question has a key of its own, by which the provider knows it."""
    keys = {name: f"sk-sim-{uuid4().hex}" for name in QUESTIONS}
    for name, (behaviour, _) in QUESTIONS.items():
        times = 9 if name in LASTING else 1
        simulator.queue(behaviour, times=times, match={"key": keys[name]})
    asked = [
        Question(name=name, key=keys[name], model=model, words=WORDS, **how)
        for name, (_, how) in QUESTIONS.items()
    ]
    version = AZURE_VERSION if azure else None
    return Answers(simulator, ask(sdk, base_url, asked, azure_version=version), keys)
