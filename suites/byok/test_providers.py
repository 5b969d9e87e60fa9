"""Check 4, all providers tested: each provider, in every way it can answer or fail, by the vendors'
own SDKs, with the key out of the vault.

For each cell: what the client saw, how often the provider was really asked, one usage event for
each of those attempts with tokens and a cost that exact fractions confirm, and one audit row.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import anthropic
import openai
import pytest

from fixtures.providers.client import Simulator
from fixtures.providers.completion import prompt_tokens, tokens_of
from suites.byok import prices
from suites.byok.people import ANSWER, MODELS, PROVIDERS, WORDS, Key, Person, World, ask, tell
from suites.byok.waiting import eventually

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
OPENAI_TOOL = {"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}
ANTHROPIC_TOOL = {"name": "weather", "input_schema": SCHEMA}
SENT = prompt_tokens([WORDS])
SAID = len(tokens_of(ANSWER))
OK = "ok"


@dataclass(frozen=True, kw_only=True, slots=True)
class Failing:
    """One way to fail: the script, how the client asks, what becomes of it."""

    name: str
    script: str
    stream: bool
    code: str
    status: int | None
    attempts: int
    charged: bool = False

    def __str__(self) -> str:
        return f"{self.name}-{'streamed' if self.stream else 'whole'}"


def _both(name: str, script: str, code: str, status: int, attempts: int) -> list[Failing]:
    return [
        Failing(
            name=name, script=script, stream=stream, code=code, status=status, attempts=attempts
        )
        for stream in (False, True)
    ]


# A failure before the first byte looks alike either way. After it there is no second attempt, and
# what came has been paid for.
FAILURES = [
    *_both("bad-key", "bad_key", "auth.invalid", 401, 1),
    *_both("limited", "rate_limited;retry_after_ms=9000", "provider.rate_limited", 429, 1),
    *_both("quota", "quota_exhausted", "provider.rate_limited", 429, 1),
    *_both("overload", "overloaded", "provider.unavailable", 503, 3),
    Failing(
        name="timeout",
        script="stall;after=3",
        stream=True,
        code="provider.timeout",
        status=None,
        attempts=1,
        charged=True,
    ),
    *(
        Failing(
            name=script,
            script=f"{script};after=3",
            stream=True,
            code="provider.truncated",
            status=None,
            attempts=1,
            charged=True,
        )
        for script in ("truncated", "reset")
    ),
]

every_provider = pytest.mark.parametrize("provider", PROVIDERS)
every_failure = pytest.mark.parametrize("failing", FAILURES, ids=str)


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Somebody with one key; everything recorded of them is of this test."""

    person: Person
    key: Key
    simulator: Simulator
    world: World

    @property
    def provider(self) -> str:
        return self.key.provider

    @property
    def model(self) -> str:
        return MODELS[self.provider].rpartition("/")[2]

    def sent(self) -> list[dict[str, Any]]:
        """The chats that the provider was really asked."""
        return [
            record
            for record in self.simulator.requests(**self.key.match)
            if record["operation"] not in {"models", "count_tokens"}
        ]

    def events(self, count: int) -> list[dict[str, Any]]:
        """The usage events in order, as soon as there are so many; never more."""
        found = eventually(
            self.person.api.events, lambda events: len(events) >= count, "usage events"
        )
        assert len(found) == count, found
        return sorted(found, key=lambda event: (event["request_id"], event["attempt"]))

    def queries(self) -> list[dict[str, Any]]:
        """What the audit log has of this person's questions."""
        rows = self.world.admin.audit(kind="query")
        return [row for row in rows if row["user"] == self.person.user]

    def account(self, *, attempts: int, tokens: dict[str, int] | None, outcome: str) -> None:
        """Holds what was recorded against what happened; `tokens` of the last attempt, when they
        are known exactly."""
        sent = self.sent()
        assert len(sent) == attempts, [record["behaviour"] for record in sent]
        events = self.events(attempts)
        assert len({event["request_id"] for event in events}) == 1
        assert [event["attempt"] for event in events] == list(range(1, attempts + 1))
        for event in events:
            assert (event["key"], event["key_version"]) == (self.key.id, 1)
            assert event["provider"] == self.provider
            assert event["credential_source"] == "user"
            assert event["latency_ms"] >= 0
            assert re.fullmatch("[0-9a-f]{64}", event["price_digest"])
            self.cost_is_exact(event)
        assert events[-1]["outcome"] == outcome
        if tokens is not None:
            last = events[-1]
            assert kinds(last) == {"cached": 0, "reasoning": 0, **tokens}
            assert last["estimated"] is False
        (query,) = self.queries()
        used = sum(sum(kinds(event).values()) for event in events)
        spent = sum(event["cost_nano_usd"] for event in events)
        assert (query["tokens"], query["cost_nano_usd"]) == (used, spent)
        assert query["request_id"] == events[0]["request_id"]
        assert query["model"].rpartition("/")[2].startswith(self.model.rpartition("-")[0])
        (total,) = self.person.api.usage("key")["data"]
        assert (total["group"], total["attempts"]) == (self.key.id, attempts)
        assert total["requests"] == 1
        assert total["cost_nano_usd"] == spent

    def cost_is_exact(self, event: dict[str, Any]) -> None:
        assert event["cost_nano_usd"] == prices.cost(self.provider, self.model, kinds(event))


def kinds(event: dict[str, Any]) -> dict[str, int]:
    return {kind: event[f"{kind}_tokens"] for kind in ("input", "cached", "output", "reasoning")}


@pytest.fixture
def caller(
    request: pytest.FixtureRequest, world: World, simulator: Simulator, provider: str
) -> Caller:
    person = world.hire()
    return Caller(person=person, key=person.bring(provider), simulator=simulator, world=world)


class TestAnswers:
    @every_provider
    def test_ok_with_openais_sdk(self, caller: Caller, provider: str) -> None:
        with caller.person.openai() as client:
            raw = client.chat.completions.with_raw_response.create(
                model=MODELS[provider], messages=[{"role": "user", "content": WORDS}]
            )
        answer = raw.parse()
        assert answer.choices[0].message.content == ANSWER
        assert answer.choices[0].finish_reason == "stop"
        assert raw.headers["x-convergio-provider"] == provider
        assert raw.headers["x-convergio-credential-source"] == "user"
        caller.account(attempts=1, tokens={"input": SENT, "output": SAID}, outcome=OK)
        (event,) = caller.events(1)
        assert int(raw.headers["x-convergio-cost-nano-usd"]) == event["cost_nano_usd"]
        assert event["request_id"] == raw.headers["x-convergio-request-id"]

    @every_provider
    def test_ok_with_anthropics_sdk(self, caller: Caller, provider: str) -> None:
        with caller.person.anthropic() as client:
            answer = tell(client, provider)
        assert [block.text for block in answer.content] == [ANSWER]
        assert (answer.usage.input_tokens, answer.usage.output_tokens) == (SENT, SAID)
        caller.account(attempts=1, tokens={"input": SENT, "output": SAID}, outcome=OK)

    @every_provider
    def test_stream_with_openais_sdk(self, caller: Caller, provider: str) -> None:
        with caller.person.openai() as client:
            chunks = list(ask(client, provider, stream=True))
        said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        assert said == ANSWER
        assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
        caller.account(attempts=1, tokens={"input": SENT, "output": SAID}, outcome=OK)
        (event,) = caller.events(1)
        assert 0 <= event["first_token_ms"] <= event["latency_ms"]

    @every_provider
    def test_stream_with_anthropics_sdk(self, caller: Caller, provider: str) -> None:
        messages: Any = [{"role": "user", "content": WORDS}]
        with (
            caller.person.anthropic() as client,
            client.messages.stream(
                model=MODELS[provider], max_tokens=200, messages=messages
            ) as opened,
        ):
            final = opened.get_final_message()
        assert [block.text for block in final.content] == [ANSWER]  # type: ignore[union-attr]
        caller.account(attempts=1, tokens={"input": SENT, "output": SAID}, outcome=OK)

    @every_provider
    def test_tools_with_openais_sdk(self, caller: Caller, provider: str) -> None:
        with caller.person.openai() as client:
            answer = ask(client, provider, tools=[OPENAI_TOOL])
        (call,) = answer.choices[0].message.tool_calls
        assert (call.function.name, json.loads(call.function.arguments)) == (
            "weather",
            {"city": "example"},
        )
        usage = answer.usage
        caller.account(
            attempts=1,
            tokens={"input": usage.prompt_tokens, "output": usage.completion_tokens},
            outcome=OK,
        )

    @every_provider
    def test_tools_with_anthropics_sdk(self, caller: Caller, provider: str) -> None:
        with caller.person.anthropic() as client:
            answer = tell(client, provider, tools=[ANTHROPIC_TOOL])
        assert answer.content[-1].input == {"city": "example"}
        assert answer.stop_reason == "tool_use"
        usage = answer.usage
        caller.account(
            attempts=1,
            tokens={"input": usage.input_tokens, "output": usage.output_tokens},
            outcome=OK,
        )

    @every_provider
    def test_a_limit_that_passes_is_waited_for_and_every_attempt_is_counted(
        self, caller: Caller, simulator: Simulator, provider: str
    ) -> None:
        simulator.queue("rate_limited;retry_after_ms=10", match=caller.key.match)
        with caller.person.openai() as client:
            assert ask(client, provider).choices[0].message.content == ANSWER
        caller.account(attempts=2, tokens={"input": SENT, "output": SAID}, outcome=OK)
        first, last = caller.events(2)
        assert first["outcome"] == "provider.rate_limited"
        assert (first["cost_nano_usd"], sum(kinds(first).values())) == (0, 0)
        assert last["cost_nano_usd"] > 0


def openai_code(error: openai.APIError) -> Any:
    body: Any = error.body
    return body.get("code")


class TestFailures:
    @every_provider
    @every_failure
    def test_with_openais_sdk(
        self, caller: Caller, simulator: Simulator, provider: str, failing: Failing
    ) -> None:
        simulator.queue(failing.script, times=9, match=caller.key.match)
        seen: list[Any] = []
        with caller.person.openai() as client, pytest.raises(openai.APIError) as failed:
            answer = ask(client, provider, stream=failing.stream)
            seen.extend(answer)
        assert openai_code(failed.value) == failing.code
        if failing.status is not None:
            assert isinstance(failed.value, openai.APIStatusError)
            assert failed.value.status_code == failing.status
        assert bool(seen) is failing.charged
        assert not any(chunk.choices[0].finish_reason for chunk in seen if chunk.choices)
        self.account(caller, failing)

    @every_provider
    @every_failure
    def test_with_anthropics_sdk(
        self, caller: Caller, simulator: Simulator, provider: str, failing: Failing
    ) -> None:
        simulator.queue(failing.script, times=9, match=caller.key.match)
        with caller.person.anthropic() as client, pytest.raises(anthropic.APIError) as failed:
            answer = tell(client, provider, stream=failing.stream)
            list(answer)
        if failing.status is not None:
            assert isinstance(failed.value, anthropic.APIStatusError)
        self.account(caller, failing)

    def account(self, caller: Caller, failing: Failing) -> None:
        caller.account(attempts=failing.attempts, tokens=None, outcome=failing.code)
        last = caller.events(failing.attempts)[-1]
        if failing.charged:
            assert last["estimated"] is True or provider_told(caller)
            assert last["cost_nano_usd"] > 0
            assert last["input_tokens"] > 0
            assert 0 < last["output_tokens"] <= SAID
        else:
            assert (last["cost_nano_usd"], sum(kinds(last).values())) == (0, 0)

    @every_provider
    def test_silence_before_the_first_byte_is_a_timeout(
        self, caller: Caller, simulator: Simulator, provider: str
    ) -> None:
        simulator.queue("stall", times=9, match=caller.key.match)
        with caller.person.openai() as client, pytest.raises(openai.APIStatusError) as failed:
            ask(client, provider)
        assert openai_code(failed.value) == "provider.timeout"
        attempts = len(caller.sent())
        caller.account(attempts=attempts, tokens=None, outcome="provider.timeout")

    @every_provider
    @pytest.mark.parametrize("script", ["truncated", "reset"])
    def test_half_an_answer_is_never_a_success(
        self, caller: Caller, simulator: Simulator, provider: str, script: str
    ) -> None:
        simulator.queue(script, times=9, match=caller.key.match)
        with caller.person.openai() as client, pytest.raises(openai.APIStatusError) as failed:
            ask(client, provider)
        code = openai_code(failed.value)
        assert code in {"provider.truncated", "provider.unavailable"}
        caller.account(attempts=len(caller.sent()), tokens=None, outcome=code)


def provider_told(caller: Caller) -> bool:
    """Anthropic and Google tell what was used while they stream; the others only at the end."""
    return caller.provider in {"anthropic", "google"}


Leave = Callable[[Person, str], None]


def leave_openai(person: Person, provider: str) -> None:
    with person.openai() as client:
        stream = ask(client, provider, stream=True)
        next(iter(stream))
        stream.close()


def leave_anthropic(person: Person, provider: str) -> None:
    with person.anthropic() as client:
        stream = tell(client, provider, stream=True)
        next(iter(stream))
        stream.close()


class TestCancelled:
    @every_provider
    @pytest.mark.parametrize("leave", [leave_openai, leave_anthropic], ids=["openai", "anthropic"])
    def test_a_client_that_leaves_ends_the_providers_work_and_is_charged_for_what_came(
        self, caller: Caller, simulator: Simulator, provider: str, leave: Leave
    ) -> None:
        simulator.queue("ok;drip_ms=80", match=caller.key.match)
        leave(caller.person, provider)
        simulator.wait_for(
            lambda _: any(record["outcome"] == "client_closed" for record in caller.sent())
        )
        caller.events(1)
        caller.account(attempts=1, tokens=None, outcome="cancelled")
        (event,) = caller.events(1)
        assert event["output_tokens"] <= SAID
        assert event["input_tokens"] > 0
