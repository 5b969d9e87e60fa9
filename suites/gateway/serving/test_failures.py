"""What goes wrong before the gateway, in it and behind it, and what the caller is told."""

from __future__ import annotations

import httpx2
import openai
import pytest

from fixtures.providers.client import Simulator
from suites.gateway.conftest import Unique
from suites.gateway.gateway_process import Gateway
from suites.gateway.serving.asking import ask, raw


class TestFailures:
    @pytest.mark.parametrize("stream", [False, True])
    def test_bad_key_is_the_callers(
        self, client: openai.OpenAI, simulator: Simulator, unique: Unique, stream: bool
    ) -> None:
        simulator.queue("bad_key", match=unique.match)

        with pytest.raises(openai.AuthenticationError) as refused:
            ask(client, stream=stream)

        assert refused.value.code == "auth.invalid"
        assert len(simulator.requests(**unique.match)) == 1

    def test_missing_key_never_reaches_the_provider(
        self, gateway: Gateway, simulator: Simulator
    ) -> None:
        before = simulator.stats()["requests"]

        refused = raw(gateway, None)

        assert refused.status_code == 401
        assert refused.json()["error"]["code"] == "byok.missing_key"
        assert simulator.stats()["requests"] == before

    def test_short_limit_is_waited_out(
        self, client: openai.OpenAI, simulator: Simulator, unique: Unique
    ) -> None:
        simulator.queue("rate_limited;retry_after_ms=5", match=unique.match)

        assert ask(client).choices[0].finish_reason == "stop"

        assert [sent["status"] for sent in simulator.requests(**unique.match)] == [429, 200]

    def test_lasting_limit_is_passed_on_with_its_hint(
        self, client: openai.OpenAI, simulator: Simulator, unique: Unique
    ) -> None:
        simulator.queue("rate_limited;retry_after_ms=120000", times=9, match=unique.match)

        with pytest.raises(openai.RateLimitError) as refused:
            ask(client)

        assert refused.value.code == "provider.rate_limited"
        assert refused.value.response.headers["retry-after"] == "120"

    def test_empty_account_is_not_retried_by_anybody(
        self, client: openai.OpenAI, simulator: Simulator, unique: Unique
    ) -> None:
        simulator.queue("quota_exhausted", times=9, match=unique.match)

        with pytest.raises(openai.RateLimitError):
            ask(client.with_options(max_retries=2))

        assert len(simulator.requests(**unique.match)) == 1

    @pytest.mark.parametrize(
        "behaviour", ["overloaded", "server_error", "html_error", "invalid_utf8"]
    )
    def test_provider_that_fails_is_unavailable(
        self, client: openai.OpenAI, simulator: Simulator, unique: Unique, behaviour: str
    ) -> None:
        simulator.queue(behaviour, times=9, match=unique.match)

        with pytest.raises(openai.InternalServerError) as refused:
            ask(client)

        assert refused.value.code == "provider.unavailable"

    @pytest.mark.parametrize(
        "behaviour", ["truncated", "dropped", "reset", "not_json", "empty_body"]
    )
    def test_half_a_plain_answer_is_an_error(
        self, client: openai.OpenAI, simulator: Simulator, unique: Unique, behaviour: str
    ) -> None:
        simulator.queue(behaviour, times=9, match=unique.match)

        with pytest.raises(openai.InternalServerError) as refused:
            ask(client)

        assert refused.value.code == "provider.truncated"

    def test_hostile_provider_cannot_show_the_key_to_the_caller(
        self, gateway: Gateway, simulator: Simulator, unique: Unique
    ) -> None:
        for stream, where in ((False, "body"), (False, "header"), (True, "stream")):
            simulator.queue(f"echo_key;where={where}", match=unique.match)
            answer = raw(gateway, unique.key, stream=stream)
            assert unique.key not in answer.text, where
            assert unique.key not in str(answer.headers.multi_items()), where

    def test_redirect_is_never_followed(
        self, client: openai.OpenAI, simulator: Simulator, unique: Unique
    ) -> None:
        with Simulator.start() as elsewhere:
            target = f"{elsewhere.base_url}/chat/completions"
            simulator.queue(f"redirect;location={target}", times=9, match=unique.match)

            with pytest.raises(openai.APIStatusError):
                ask(client)

            assert elsewhere.requests() == []

    @pytest.mark.parametrize(
        "body",
        [b"", b"{", b"[]", b"\xff\xfe", b'{"model": 7, "messages": []}', b'{"messages": []}'],
    )
    def test_malformed_request_is_the_callers_fault(
        self, gateway: Gateway, unique: Unique, simulator: Simulator, body: bytes
    ) -> None:
        refused = httpx2.post(
            f"{gateway.base_url}/chat/completions",
            content=body,
            headers={
                "authorization": f"Bearer {unique.key}",
                "content-type": "application/json",
            },
        )

        assert refused.status_code == 400
        assert refused.json()["error"]["code"] == "request.invalid"
        assert simulator.requests(**unique.match) == []

    def test_huge_request_is_refused(self, gateway: Gateway, unique: Unique) -> None:
        huge = b'{"model": "' + b"x" * (17 * 1024 * 1024) + b'"}'
        refused = httpx2.post(
            f"{gateway.base_url}/chat/completions",
            content=huge,
            headers={"authorization": f"Bearer {unique.key}"},
            timeout=20,
        )
        assert refused.status_code == 413
        assert refused.json()["error"]["code"] == "request.invalid"

    def test_unknown_path_answers_in_the_same_shape(self, gateway: Gateway) -> None:
        refused = gateway.get("/v1/nowhere")
        assert refused.status_code == 404
        assert refused.json()["error"]["message"]
