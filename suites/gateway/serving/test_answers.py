"""The gateway binary with a simulated OpenAI behind it, driven by OpenAI's own SDK, unmodified.

Whoever has a program that speaks to OpenAI changes one base URL; everything they rely on must
still hold, and what the vendor's SDK cannot see (a stream cut short) must become visible.
"""

from __future__ import annotations

import json
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pytest

from fixtures.providers.client import Simulator
from suites.gateway import builds
from suites.gateway.conftest import Unique
from suites.gateway.gateway_process import Gateway
from suites.gateway.serving.asking import MODEL, USER, VERSION, ask, raw, text_of


class TestWhatRuns:
    def test_every_face_tells_the_same_version(self, gateway: Gateway) -> None:
        health = gateway.get("/healthz")
        ready = gateway.get("/readyz")
        document = gateway.get("/openapi.json").json()

        assert (health.status_code, ready.status_code) == (200, 200)
        assert health.json()["status"] == "ok"
        assert health.json()["version"] == VERSION
        assert document["info"]["version"] == VERSION
        assert f'version="{VERSION}"' in gateway.get("/metrics").text
        assert builds.run_tool((str(builds.gateway()), "--version"), cwd=builds.ROOT).split() == [
            "convergio-gateway",
            VERSION,
        ]

    def test_openapi_document_names_every_endpoint(self, gateway: Gateway) -> None:
        paths = gateway.get("/openapi.json").json()["paths"]
        assert {"/v1/chat/completions", "/v1/models", "/healthz", "/readyz"} <= set(paths)

    def test_metrics_count_requests(self, gateway: Gateway, client: openai.OpenAI) -> None:
        def counted() -> float:
            return gateway.metric("convergio_http_requests_total", route="/v1/chat/completions")

        before = counted()
        ask(client)
        assert counted() == before + 1

    def test_log_is_json_and_knows_no_key(
        self, gateway: Gateway, client: openai.OpenAI, simulator: Simulator, unique: Unique
    ) -> None:
        ask(client)
        simulator.queue("echo_key", "echo_key;where=header", match=unique.match)
        with pytest.raises(openai.APIError):
            ask(client)
        ask(client)

        assert gateway.log_lines()
        assert unique.key not in gateway.log.read_text()
        assert unique.key not in gateway.get("/metrics").text


class TestAnswers:
    def test_plain_answer_is_the_providers(
        self, gateway: Gateway, client: openai.OpenAI, simulator: Simulator, unique: Unique
    ) -> None:
        answer = ask(client, "où est-il? 日本語 🎈")

        assert answer.choices[0].message.content == "Simulated answer to: où est-il? 日本語 🎈"
        assert answer.choices[0].finish_reason == "stop"
        assert answer.usage.total_tokens == answer.usage.prompt_tokens + 10
        (sent,) = simulator.requests(keys="plain", **unique.match)
        assert sent["key"] == unique.key
        assert sent["body"]["messages"][0]["content"] == "où est-il? 日本語 🎈"

    @pytest.mark.parametrize("stream", [False, True])
    def test_answer_says_who_gave_it(self, gateway: Gateway, unique: Unique, stream: bool) -> None:
        headers = raw(gateway, unique.key, stream=stream).headers

        assert headers["x-convergio-provider"] == "openai"
        assert headers["x-convergio-model"].startswith(MODEL)
        assert headers["x-convergio-credential-source"] == USER
        assert headers["x-convergio-route-reason"]
        assert headers["x-request-id"]

    def test_cost_is_in_nano_dollars(self, gateway: Gateway, unique: Unique) -> None:
        assert int(raw(gateway, unique.key).headers["x-convergio-cost-nano-usd"]) > 0

    def test_tools_and_parameters_pass_through(
        self, client: openai.OpenAI, simulator: Simulator, unique: Unique
    ) -> None:
        tool = {
            "type": "function",
            "function": {
                "name": "weather",
                "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
            },
        }

        answer = ask(client, tools=[tool], temperature=0.25, seed=7, metadata={"a": "b"})

        (call,) = answer.choices[0].message.tool_calls
        assert (call.function.name, json.loads(call.function.arguments)) == (
            "weather",
            {"city": "example"},
        )
        assert answer.choices[0].finish_reason == "tool_calls"
        (sent,) = simulator.requests(**unique.match)
        body = sent["body"]
        assert (body["tools"], body["temperature"], body["seed"]) == ([tool], 0.25, 7)
        assert body["metadata"] == {"a": "b"}

        streamed = list(ask(client, tools=[tool], stream=True))
        pieces = [
            piece.function.arguments or ""
            for chunk in streamed
            if chunk.choices
            for piece in chunk.choices[0].delta.tool_calls or []
        ]
        assert json.loads("".join(pieces)) == {"city": "example"}

    def test_models_are_listed(self, client: openai.OpenAI) -> None:
        assert MODEL in {model.id for model in client.models.list()}

    def test_concurrent_callers_get_their_own_answers(self, gateway: Gateway) -> None:
        def one(number: int) -> tuple[str, str]:
            with openai.OpenAI(
                api_key=f"sk-sim-{number:04}", base_url=gateway.base_url, max_retries=0
            ) as mine:
                words = f"caller {number}"
                plain = ask(mine, words).choices[0].message.content
                return plain, text_of(ask(mine, words, stream=True))

        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(one, range(48)))

        expected = [f"Simulated answer to: caller {number}" for number in range(48)]
        assert answers == [(words, words) for words in expected]

    def test_upstream_connections_are_reused(
        self, client: openai.OpenAI, simulator: Simulator, unique: Unique
    ) -> None:
        for _ in range(6):
            ask(client)
        used = {sent["connection"] for sent in simulator.requests(**unique.match)}
        assert len(used) < 6


class TestStreams:
    @pytest.mark.parametrize("shape", ["ok", "ok;fragment=1", "ok;crlf=1;comments=1;fragment=5"])
    def test_stream_joins_to_the_answer_however_upstream_cuts_it(
        self, client: openai.OpenAI, simulator: Simulator, unique: Unique, shape: str
    ) -> None:
        simulator.queue(shape, match=unique.match)
        words = "naïve 日本語 🎈"

        chunks = list(ask(client, words, stream=True, stream_options={"include_usage": True}))

        assert text_of(chunks) == f"Simulated answer to: {words}"
        assert chunks[-1].usage is not None
        assert chunks[-1].usage.completion_tokens == 8
        finishes = [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices]
        assert finishes[-1] == "stop"
        assert set(finishes[:-1]) == {None}

    def test_usage_nobody_asked_for_is_not_sent(self, client: openai.OpenAI) -> None:
        chunks = list(ask(client, stream=True))
        assert all(chunk.usage is None for chunk in chunks)
        assert all(chunk.choices for chunk in chunks)

    def test_whole_stream_ends_with_its_terminator(self, gateway: Gateway, unique: Unique) -> None:
        answer = raw(gateway, unique.key, stream=True)
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.text.endswith("data: [DONE]\n\n")

    def test_words_arrive_while_the_provider_still_speaks(
        self, client: openai.OpenAI, simulator: Simulator, unique: Unique
    ) -> None:
        simulator.queue("ok;drip_ms=100", match=unique.match)

        stream = ask(client, stream=True)
        next(stream)
        next(stream)

        (sent,) = simulator.requests(**unique.match)
        assert sent["outcome"] == "in_flight"
        stream.close()

    def test_no_delayed_acknowledgement_plateau(self, client: openai.OpenAI) -> None:
        # Nagle's algorithm against delayed acknowledgement costs 40 ms on every kept connection.
        took = []
        for _ in range(20):
            start = time.perf_counter()
            text_of(ask(client, stream=True))
            took.append(time.perf_counter() - start)
        assert min(took) < 0.035, f"median {statistics.median(took):.3f} s"

    @pytest.mark.parametrize(
        ("behaviour", "code"),
        [
            ("truncated;after=3", "provider.truncated"),
            ("truncated;after=0", "provider.truncated"),
            ("no_terminator", "provider.truncated"),
            ("dropped;after=3", "provider.truncated"),
            ("reset;after=3", "provider.truncated"),
            ("stream_error;after=3", "provider.unavailable"),
            ("invalid_utf8;after=3", "provider.unavailable"),
        ],
    )
    def test_broken_stream_is_an_error_never_a_success(
        self,
        gateway: Gateway,
        client: openai.OpenAI,
        simulator: Simulator,
        unique: Unique,
        behaviour: str,
        code: str,
    ) -> None:
        simulator.queue(behaviour, behaviour, match=unique.match)

        with pytest.raises(openai.APIError) as broken:
            list(ask(client, stream=True))

        assert isinstance(broken.value.body, dict)
        assert broken.value.body["code"] == code
        assert "[DONE]" not in raw(gateway, unique.key, stream=True).text

    def test_client_that_leaves_cancels_upstream(
        self, client: openai.OpenAI, simulator: Simulator, unique: Unique
    ) -> None:
        simulator.queue("ok;drip_ms=200", match=unique.match)

        stream = ask(client, stream=True)
        next(stream)
        stream.close()

        def left(_: Any) -> bool:
            (sent,) = simulator.requests(**unique.match)
            return bool(sent["outcome"] == "client_closed")

        simulator.wait_for(left)

    def test_client_that_leaves_before_the_answer_cancels_upstream(
        self, client: openai.OpenAI, simulator: Simulator, unique: Unique
    ) -> None:
        simulator.queue("stall", match=unique.match)

        with pytest.raises(openai.APITimeoutError):
            ask(client.with_options(timeout=0.3))

        def left(_: Any) -> bool:
            return [sent["outcome"] for sent in simulator.requests(**unique.match)] == [
                "client_closed"
            ]

        simulator.wait_for(left)
