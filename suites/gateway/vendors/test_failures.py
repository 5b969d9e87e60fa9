"""What a provider does wrong keeps its meaning, and half an answer never looks like a whole one."""

from __future__ import annotations

from typing import Any

import httpx2
import openai
import pytest

from fixtures.providers.client import Simulator
from suites.gateway.conftest import Unique
from suites.gateway.gateway_process import Gateway
from suites.gateway.vendors.asking import (
    ANSWER,
    MODELS,
    ask,
    code_of,
    consume,
    every_provider,
    whole_or_streamed,
)

FAILURES = [
    ("bad_key", 1, 401, "auth.invalid", openai.AuthenticationError),
    ("quota_exhausted", 1, 429, "provider.rate_limited", openai.RateLimitError),
    ("rate_limited;retry_after_ms=9000", 1, 429, "provider.rate_limited", openai.RateLimitError),
    ("daily_quota", 1, 429, "provider.rate_limited", openai.RateLimitError),
    ("spend_limit", 1, 429, "provider.rate_limited", openai.RateLimitError),
    ("overloaded", 3, 503, "provider.unavailable", openai.InternalServerError),
    ("server_error", 3, 503, "provider.unavailable", openai.InternalServerError),
    ("redirect", 1, 503, "provider.unavailable", openai.InternalServerError),
    ("html_error", 3, 503, "provider.unavailable", openai.InternalServerError),
]


class TestFailures:
    @every_provider
    @whole_or_streamed
    @pytest.mark.parametrize(
        ("behaviour", "calls", "status", "code", "error"), FAILURES, ids=[f[0] for f in FAILURES]
    )
    def test_failure_keeps_its_meaning(
        self,
        client: openai.OpenAI,
        simulator: Simulator,
        unique: Unique,
        provider: str,
        stream: bool,
        behaviour: str,
        calls: int,
        status: int,
        code: str,
        error: type[openai.APIStatusError],
    ) -> None:
        simulator.queue(behaviour, times=5, match=unique.match)
        with pytest.raises(error) as failed:
            consume(ask(client, provider, stream=stream), stream=stream)
        assert (failed.value.status_code, code_of(failed.value)) == (status, code)
        body: Any = failed.value.body
        assert body["provider"]["provider"] == provider
        assert len(simulator.requests(**unique.match)) == calls

    @pytest.mark.parametrize("provider", [name for name in MODELS if name != "azure"])
    @whole_or_streamed
    def test_answer_that_is_withheld_says_so(
        self,
        client: openai.OpenAI,
        simulator: Simulator,
        unique: Unique,
        provider: str,
        stream: bool,
    ) -> None:
        simulator.queue("content_filter", match=unique.match)
        answer = ask(client, provider, stream=stream)
        choices = [c.choices[0] for c in answer if c.choices] if stream else answer.choices
        assert choices[-1].finish_reason == "content_filter"

    @whole_or_streamed
    def test_azures_filter_refuses_the_request(
        self, client: openai.OpenAI, simulator: Simulator, unique: Unique, stream: bool
    ) -> None:
        simulator.queue("content_filter", match=unique.match)
        with pytest.raises(openai.BadRequestError) as refused:
            consume(ask(client, "azure", stream=stream), stream=stream)
        assert code_of(refused.value) == "request.invalid"
        body: Any = refused.value.body
        assert body["provider"]["code"] == "content_filter"
        assert len(simulator.requests(**unique.match)) == 1

    @every_provider
    def test_limit_that_passes_is_waited_for(
        self, client: openai.OpenAI, simulator: Simulator, unique: Unique, provider: str
    ) -> None:
        simulator.queue("rate_limited;retry_after_ms=10", match=unique.match)
        assert ask(client, provider).choices[0].message.content == ANSWER
        assert len(simulator.requests(**unique.match)) == 2

    @every_provider
    @pytest.mark.parametrize(
        ("behaviour", "code"),
        [
            ("truncated;after=3", "provider.truncated"),
            ("dropped;after=3", "provider.truncated"),
            ("reset;after=3", "provider.truncated"),
            ("stream_error;after=3", "provider.unavailable"),
            ("stall;after=3", "provider.timeout"),
        ],
    )
    def test_broken_stream_is_an_error_never_a_success(
        self,
        gateway: Gateway,
        client: openai.OpenAI,
        simulator: Simulator,
        unique: Unique,
        provider: str,
        behaviour: str,
        code: str,
    ) -> None:
        simulator.queue(behaviour, match=unique.match)
        seen: list[Any] = []
        with pytest.raises(openai.APIError) as broken:
            seen.extend(ask(client, provider, stream=True))
        assert seen, "what came before the break was passed on"
        assert code_of(broken.value) == code
        assert not any(c.choices[0].finish_reason for c in seen if c.choices)
        assert gateway.metric("convergio_answers_total", outcome=code, provider=provider) >= 1

    @pytest.mark.parametrize("provider", [name for name in MODELS if name != "google"])
    def test_everything_but_the_end_is_not_an_answer(
        self, client: openai.OpenAI, simulator: Simulator, unique: Unique, provider: str
    ) -> None:
        # Google's streams have no terminator: their last words are their end.
        simulator.queue("no_terminator", match=unique.match)
        with pytest.raises(openai.APIError) as broken:
            consume(ask(client, provider, stream=True), stream=True)
        assert code_of(broken.value) == "provider.truncated"

    @every_provider
    @pytest.mark.parametrize(
        ("behaviour", "code"),
        [
            ("truncated", "provider.truncated"),
            ("dropped", "provider.truncated"),
            ("not_json", "provider.truncated"),
            ("stall", "provider.timeout"),
        ],
    )
    def test_half_an_answer_is_never_a_success(
        self,
        client: openai.OpenAI,
        simulator: Simulator,
        unique: Unique,
        provider: str,
        behaviour: str,
        code: str,
    ) -> None:
        simulator.queue(behaviour, times=3, match=unique.match)
        with pytest.raises(openai.APIStatusError) as failed:
            ask(client, provider)
        assert code_of(failed.value) == code

    @every_provider
    def test_client_that_leaves_ends_the_providers_work(
        self, client: openai.OpenAI, simulator: Simulator, unique: Unique, provider: str
    ) -> None:
        simulator.queue("ok;drip_ms=60", match=unique.match)
        stream = ask(client, provider, stream=True)
        next(iter(stream))
        stream.close()

        def closed(_: object) -> bool:
            records = simulator.requests(**unique.match)
            return any(record["outcome"] == "client_closed" for record in records)

        simulator.wait_for(closed)

    @every_provider
    @pytest.mark.parametrize("where", ["body", "header", "stream"])
    def test_echoed_key_goes_no_further(
        self, gateway: Gateway, simulator: Simulator, unique: Unique, provider: str, where: str
    ) -> None:
        simulator.queue(f"echo_key;where={where}", times=4, match=unique.match)
        answer = httpx2.post(
            f"{gateway.base_url}/chat/completions",
            json={
                "model": MODELS[provider],
                "messages": [{"role": "user", "content": "hi"}],
                "stream": where == "stream",
            },
            headers={"authorization": f"Bearer {unique.key}"},
            timeout=20,
        )
        assert unique.key not in answer.text
        assert unique.key not in str(answer.headers)
        assert unique.key not in gateway.log.read_text()
        (sent, *_) = simulator.requests(keys="plain", **unique.match)
        assert sent["key"] == unique.key, "positive control: the key did go to the provider"
