"""The stock Node SDKs with a token of ours and a key out of the vault.

What the author of a program does: another base URL, a token, the model's name, and nothing else.
"""

from __future__ import annotations

from collections import Counter

import pytest

from fixtures.providers.client import Simulator
from fixtures.sdks.client import Sdk, lacking
from suites.byok.people import MODELS, PROVIDERS, Key, Person, World
from suites.byok.waiting import eventually
from suites.gateway.node.asking import QUESTIONS, Answers
from suites.gateway.node.claims import Claims


@pytest.fixture(scope="module", autouse=True)
def _node() -> None:
    if reason := lacking():
        pytest.skip(reason)


@pytest.fixture(scope="module", params=(Sdk.OPENAI, Sdk.ANTHROPIC))
def sdk(request: pytest.FixtureRequest) -> Sdk:
    return Sdk(request.param)


@pytest.fixture(scope="module", params=PROVIDERS)
def provider(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def program(world: World, sdk: Sdk, provider: str) -> tuple[Person, Key]:
    """Somebody with one key, whose program asks everything."""
    person = world.hire()
    return person, person.bring(provider)


@pytest.fixture(scope="module")
def said(simulator: Simulator, sdk: Sdk, provider: str, program: tuple[Person, Key]) -> Answers:
    person, _ = program
    base = f"{person.address}/v1" if sdk is Sdk.OPENAI else person.address
    return Answers(simulator, sdk).ask(base, MODELS[provider], person.token)


class TestOutOfTheVault(Claims):
    """The key is the gateway's to find; the program never sees it."""

    def test_the_provider_is_asked_with_the_key_and_never_with_the_token(
        self, said: Answers, simulator: Simulator, program: tuple[Person, Key]
    ) -> None:
        person, key = program
        sent = [record for name in QUESTIONS for record in said.sent(name)]
        assert sent
        plain = simulator.requests(keys="plain", **key.match)
        asked = [record for record in plain if record["operation"].startswith("chat")]
        assert len(asked) == len(sent)
        assert person.token not in str(plain)

    def test_every_attempt_is_an_event_of_the_key(
        self, said: Answers, program: tuple[Person, Key]
    ) -> None:
        person, key = program
        attempts = sum(len(said.sent(name)) for name in QUESTIONS)
        events = eventually(
            person.api.events, lambda events: len(events) >= attempts, "an event of each attempt"
        )
        assert len(events) == attempts
        outcomes = Counter(event["outcome"] for event in events)
        # The refused key, plain and streamed; a limit, the one that passed, the spent account.
        assert outcomes["auth.invalid"] == 2
        assert outcomes["provider.rate_limited"] == 3
        assert outcomes["provider.truncated"] == 2
        (total,) = person.api.usage("key")["data"]
        assert (total["group"], total["attempts"]) == (key.id, attempts)
        assert total["cost_nano_usd"] == sum(event["cost_nano_usd"] for event in events) > 0
