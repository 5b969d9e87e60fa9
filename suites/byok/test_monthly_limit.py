"""A key's monthly limit: told of, then held to, whichever provider and however many ask at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pytest

from fixtures.providers.client import Simulator
from suites.byok.people import PROVIDERS, Person, ask

# What an answer of at most that many tokens may cost is far more than the simulated ones do.
MOST_TOKENS = 200


def limit(person: Person, key: str, nanos: int | None) -> dict[str, Any]:
    answer = person.api.call("PATCH", f"/api/v1/keys/{key}", {"monthly_limit_nano_usd": nanos})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def one_call(person: Person, provider: str) -> openai.APIStatusError | None:
    """A question; the refusal, when that is what came."""
    with person.openai() as client:
        try:
            ask(client, provider, max_tokens=MOST_TOKENS)
        except openai.APIStatusError as refused:
            return refused
    return None


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_limit_of_nothing_lets_nothing_through(
    person: Person, provider: str, simulator: Simulator
) -> None:
    key = person.bring(provider)
    limit(person, key.id, 0)
    refused = one_call(person, provider)
    assert refused is not None
    assert (refused.status_code, refused.code) == (402, "budget.exceeded")
    assert key.name in refused.message
    assert simulator.requests(**key.match) == [], "the provider was called"

    limit(person, key.id, None)
    assert one_call(person, provider) is None


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_was_spent_is_what_usage_says_and_the_rest_is_left(
    person: Person, provider: str
) -> None:
    key = person.bring(provider)
    most = 10_000_000_000
    limit(person, key.id, most)
    for _ in range(3):
        assert one_call(person, provider) is None
    shown = person.api.key(key.id)
    spent = sum(event["cost_nano_usd"] for event in person.api.events())
    assert spent > 0
    assert shown["month"]["cost_nano_usd"] == spent
    assert shown["month"]["left_nano_usd"] == most - spent
    assert shown["month"]["level"] == "normal"


def test_together_they_never_pass_it(person: Person) -> None:
    key = person.bring("openai")
    assert one_call(person, "openai") is None
    cost = person.api.key(key.id)["month"]["cost_nano_usd"]
    # Room for three more as they are, and for one at a time as it might be.
    most = 4 * cost + 200_000
    limit(person, key.id, most)
    with ThreadPoolExecutor(8) as pool:
        ended = list(pool.map(lambda _: one_call(person, "openai"), range(24)))
    refused = [one for one in ended if one is not None]
    assert {one.code for one in refused} <= {"budget.exceeded"}
    shown = person.api.key(key.id)["month"]
    assert shown["cost_nano_usd"] == cost * (1 + len(ended) - len(refused))
    assert shown["cost_nano_usd"] <= most
    assert shown["left_nano_usd"] == most - shown["cost_nano_usd"], "something stays held"
