"""Each official client asks everything once, of a double that nobody else uses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from fixtures.ollama.clients.client import Client, Question, ask
from fixtures.providers.client import Simulator
from suites.local.ollama.asking import QUESTIONS

MODULE = "fixtures.ollama"


@dataclass(frozen=True, slots=True)
class Said:
    """What one client was answered, and what the double wrote down about it."""

    client: Client
    answers: dict[str, dict[str, Any]]
    record: list[dict[str, Any]]

    def __getitem__(self, name: str) -> dict[str, Any]:
        return self.answers[name]

    def result(self, name: str) -> dict[str, Any]:
        """The answer to a question that must have had one."""
        answer = self.answers[name]
        assert answer["ok"], answer
        found: dict[str, Any] = answer["result"]
        return found

    def pieces(self, name: str) -> list[dict[str, Any]]:
        """The stream that must have come to its end."""
        answer = self.answers[name]
        assert answer["ok"], answer
        found: list[dict[str, Any]] = answer["pieces"]
        return found


@pytest.fixture(scope="session", params=Client)
def said(request: pytest.FixtureRequest, node: None) -> Said:
    client = Client(request.param)
    with Simulator.start(module=MODULE) as double:
        answers = ask(client, double.address, _for(client))
        record = double.wait_for(lambda all_: all(one["outcome"] != "in_flight" for one in all_))
    return Said(client, answers, record)


@pytest.fixture(scope="module")
def double() -> Iterator[Simulator]:
    with Simulator.start(module=MODULE) as started:
        yield started


def _for(client: Client) -> list[Question]:
    """The questions in this client's own words: `from` is a word of Python's."""
    if client is Client.JAVASCRIPT:
        return list(QUESTIONS)
    return [
        replace(one, given={"from_" if key == "from" else key: one.given[key] for key in one.given})
        for one in QUESTIONS
    ]
