"""Every provider behind the gateway, asked in OpenAI's API by OpenAI's SDK.

Each simulated vendor refuses what the real one would, so an answer through the gateway proves the
translation both ways. The same claims hold for all of them: what was said, who said it, what was
used.
"""

from __future__ import annotations

import json
from typing import Any

import httpx2
import openai
import pytest

from fixtures.providers.client import Simulator
from suites.gateway.conftest import Unique
from suites.gateway.gateway_process import Gateway
from suites.gateway.vendors.asking import (
    ANSWER,
    EMBEDDERS,
    MODELS,
    PIXEL,
    SCHEMA,
    WORDS,
    ask,
    consume,
    every_provider,
    whole_or_streamed,
)


class TestOpenAiClients:
    @every_provider
    def test_plain_answer(self, gateway: Gateway, client: openai.OpenAI, provider: str) -> None:
        raw = client.chat.completions.with_raw_response.create(
            model=MODELS[provider], messages=[{"role": "user", "content": WORDS}]
        )
        answer = raw.parse()
        assert answer.choices[0].message.content == ANSWER
        assert answer.choices[0].finish_reason == "stop"
        assert answer.object == "chat.completion"
        usage = answer.usage
        assert usage is not None
        assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (6, 8, 14)
        assert raw.headers["x-convergio-provider"] == provider
        assert raw.headers["x-convergio-credential-source"] == "user"
        assert int(raw.headers["x-convergio-cost-nano-usd"]) > 0

    @every_provider
    @pytest.mark.parametrize("shape", ["ok", "ok;fragment=3", "ok;crlf=1", "ok;comments=1"])
    def test_stream_adds_up_and_ends_well(
        self,
        client: openai.OpenAI,
        simulator: Simulator,
        unique: Unique,
        provider: str,
        shape: str,
    ) -> None:
        simulator.queue(shape, match=unique.match)
        asked = ask(client, provider, stream=True, stream_options={"include_usage": True})
        chunks = [chunk for chunk in asked if chunk.choices or chunk.usage]
        text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
        assert text == ANSWER
        ends = [c.choices[0].finish_reason for c in chunks if c.choices]
        assert [end for end in ends if end] == ["stop"]
        assert chunks[-1].usage is not None
        assert chunks[-1].usage.completion_tokens == 8
        assert {chunk.object for chunk in chunks} == {"chat.completion.chunk"}

    @every_provider
    @whole_or_streamed
    def test_tool_call_and_its_result(
        self, client: openai.OpenAI, provider: str, stream: bool
    ) -> None:
        function = {"name": "weather", "parameters": SCHEMA}
        tools = [{"type": "function", "function": function}]
        asked = ask(client, provider, tools=tools, stream=stream)
        if stream:
            chunks = [chunk for chunk in asked if chunk.choices]
            calls = [c for chunk in chunks for c in chunk.choices[0].delta.tool_calls or []]
            identity, name = calls[0].id, calls[0].function.name
            arguments = "".join(call.function.arguments or "" for call in calls)
            finish = chunks[-1].choices[0].finish_reason
        else:
            (call,) = asked.choices[0].message.tool_calls
            identity, name = call.id, call.function.name
            arguments, finish = call.function.arguments, asked.choices[0].finish_reason
        assert (name, json.loads(arguments), finish) == (
            "weather",
            {"city": "example"},
            "tool_calls",
        )

        made = {
            "id": identity,
            "type": "function",
            "function": {"name": name, "arguments": arguments},
        }
        history = [
            {"role": "user", "content": WORDS},
            {"role": "assistant", "content": None, "tool_calls": [made]},
            {"role": "tool", "tool_call_id": identity, "content": "sunny"},
        ]
        answered = ask(client, provider, tools=tools, messages=history)
        assert "sunny" in answered.choices[0].message.content

    @every_provider
    def test_image_arrives(
        self, client: openai.OpenAI, simulator: Simulator, unique: Unique, provider: str
    ) -> None:
        image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
        ask(client, provider, [{"type": "text", "text": "what is it?"}, image])
        (sent,) = simulator.requests(**unique.match)
        said = json.dumps(sent["body"])
        assert PIXEL in said
        assert "image/png" in said

    @every_provider
    def test_settings_arrive(self, client: openai.OpenAI, provider: str) -> None:
        answer = ask(client, provider, max_tokens=2, temperature=0.5, top_p=0.9)
        assert answer.choices[0].finish_reason == "length"
        assert answer.usage.completion_tokens == 2
        stopped = ask(client, provider, stop=["answer"])
        assert stopped.choices[0].message.content == "Simulated "

    @pytest.mark.parametrize("field", ["logprobs", "novelty"])
    @pytest.mark.parametrize("provider", ["anthropic", "google"])
    def test_what_cannot_be_carried_is_refused_by_name(
        self, client: openai.OpenAI, provider: str, field: str
    ) -> None:
        with pytest.raises(openai.BadRequestError) as refused:
            ask(client, provider, extra_body={field: True})
        assert refused.value.param == field


class TestUsage:
    """Cached and reasoning tokens, which every vendor counts in another place."""

    @every_provider
    @whole_or_streamed
    def test_kinds_of_tokens_are_told_apart(
        self,
        client: openai.OpenAI,
        simulator: Simulator,
        unique: Unique,
        provider: str,
        stream: bool,
    ) -> None:
        spent = "ok;usage=input:100,cached:40,output:20,reasoning:5"
        simulator.queue(spent, match=unique.match)
        more = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
        answer = ask(client, provider, **more)
        usage = list(answer)[-1].usage if stream else answer.usage
        assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (140, 25, 165)
        assert usage.prompt_tokens_details.cached_tokens == 40
        assert usage.completion_tokens_details.reasoning_tokens == 5

    @every_provider
    def test_cached_tokens_cost_less(
        self, client: openai.OpenAI, simulator: Simulator, unique: Unique, provider: str
    ) -> None:
        costs = []
        for spent in ("input:1000", "input:0,cached:1000"):
            simulator.queue(f"ok;usage={spent},output:0", match=unique.match)
            raw = client.chat.completions.with_raw_response.create(
                model=MODELS[provider], messages=[{"role": "user", "content": WORDS}]
            )
            costs.append(int(raw.headers["x-convergio-cost-nano-usd"]))
        assert 0 < costs[1] < costs[0]


class TestEmbeddings:
    @pytest.mark.parametrize("provider", EMBEDDERS)
    @pytest.mark.parametrize("encoding", ["float", "base64"])
    def test_vectors_are_one_for_each_text(
        self, client: openai.OpenAI, provider: str, encoding: Any
    ) -> None:
        made = client.embeddings.create(
            model=EMBEDDERS[provider], input=["one", "two"], encoding_format=encoding
        )
        assert [item.index for item in made.data] == [0, 1]
        assert made.data[0].embedding
        assert made.data[0].embedding != made.data[1].embedding
        assert made.usage.total_tokens > 0

    def test_model_that_makes_none_is_refused(self, client: openai.OpenAI) -> None:
        with pytest.raises(openai.BadRequestError, match="no embeddings"):
            client.embeddings.create(model=MODELS["anthropic"], input="x")


class TestWhoseKey:
    @every_provider
    @whole_or_streamed
    def test_key_travels_in_one_header_and_nowhere_else(
        self,
        client: openai.OpenAI,
        simulator: Simulator,
        unique: Unique,
        provider: str,
        stream: bool,
    ) -> None:
        consume(ask(client, provider, stream=stream), stream=stream)
        (sent,) = simulator.requests(keys="plain", **unique.match)
        assert [value.count(unique.key) for value in sent["headers"].values()].count(1) == 1
        elsewhere = [sent[part] for part in ("path", "query", "body")]
        assert unique.key not in json.dumps(elsewhere), "a key in an address is in every log"

    def test_nothing_is_sent_without_a_key(self, gateway: Gateway) -> None:
        for path, body in [
            ("chat/completions", {}),
            ("messages", {"max_tokens": 9}),
        ]:
            answer = httpx2.post(
                f"{gateway.base_url}/{path}",
                json={
                    "model": MODELS["google"],
                    "messages": [{"role": "user", "content": "x"}],
                    **body,
                },
                timeout=20,
            )
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, "byok.missing_key")

    def test_a_key_of_one_provider_is_never_routed_to_another(
        self, gateway: Gateway, simulator: Simulator, unique: Unique
    ) -> None:
        body = {"model": "auto", "messages": [{"role": "user", "content": "hi"}]}
        headers = {"authorization": f"Bearer {unique.key}"}
        chat = httpx2.post(f"{gateway.base_url}/chat/completions", json=body, headers=headers)
        told = httpx2.post(
            f"{gateway.base_url}/messages", json={**body, "max_tokens": 9}, headers=headers
        )
        assert chat.headers["x-convergio-provider"] == "openai"
        assert told.headers["x-convergio-provider"] == "anthropic"
        assert len(simulator.requests(**unique.match)) == 2

    def test_models_of_every_provider_are_listed_by_a_name_that_finds_them(
        self, gateway: Gateway
    ) -> None:
        listed = gateway.get("/v1/models").json()["data"]
        names = {model["id"]: model["owned_by"] for model in listed}
        assert names["claude-fable-5-2"] == "anthropic"
        assert names["gemini-2.5-flash"] == "google"
        assert names["azure/gpt-4o-mini"] == "azure"
        for name, owner in names.items():
            found = gateway.get(f"/v1/models/{name}").json()
            assert (found["id"], found["owned_by"]) == (name, owner)
