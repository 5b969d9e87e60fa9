"""The simulator is OpenAI as far as OpenAI's own SDK can tell.

Everything else in this suite believes the simulators, so they are held to the vendors' clients
first.
"""

from __future__ import annotations

import json
import typing
from typing import Any

import httpx2
import openai
import pytest
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming

from fixtures.providers.client import Simulator
from fixtures.providers.openai import EMBEDDERS, MODELS
from fixtures.providers.openai_requests import CHAT_PARAMETERS
from suites.gateway.simulators.asking import (
    MODEL,
    WEATHER_TOOL,
    raw_chat,
    say,
    text_of,
)


class TestHonestAnswers:
    def test_plain_answer_carries_words_snapshot_and_usage(self, client: openai.OpenAI) -> None:
        answer = say(client, "où est-il?")

        assert answer.choices[0].message.content == "Simulated answer to: où est-il?"
        assert answer.choices[0].finish_reason == "stop"
        assert answer.model == MODELS[MODEL]
        # What support asks for first; the SDK reads it from a header.
        assert answer._request_id.startswith("req_")
        # 10 characters are 3 tokens, a message costs 3 more; the answer has 31 characters.
        assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (6, 8)

    @pytest.mark.parametrize(
        "shape",
        ["ok", "ok;fragment=1", "ok;crlf=1", "ok;comments=1", "ok;fragment=3;crlf=1;comments=1"],
    )
    def test_stream_joins_to_the_plain_answer_however_it_is_cut(
        self, client: openai.OpenAI, shape: str
    ) -> None:
        words = "naïve 日本語 🎈"

        chunks = list(
            say(client, words, shape, stream=True, stream_options={"include_usage": True})
        )

        assert text_of(chunks) == f"Simulated answer to: {words}"
        assert [chunk.usage for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
        assert chunks[-1].choices == []
        assert chunks[-1].usage == say(client, words).usage
        assert chunks[-2].choices[0].finish_reason == "stop"

    def test_stream_sends_usage_only_when_asked(self, client: openai.OpenAI) -> None:
        assert all(chunk.usage is None for chunk in say(client, "hello", stream=True))

    def test_several_choices_and_a_limit(self, client: openai.OpenAI) -> None:
        answer = say(client, "hello", n=2, max_completion_tokens=3)

        assert [choice.message.content for choice in answer.choices] == ["Simulated an"] * 2
        assert {choice.finish_reason for choice in answer.choices} == {"length"}
        assert answer.usage.completion_tokens == 6

    def test_stop_sequence_ends_the_answer_before_it(self, client: openai.OpenAI) -> None:
        assert say(client, "hello", stop=" to:").choices[0].message.content == "Simulated answer"

    def test_tool_call_then_words_about_its_result(self, client: openai.OpenAI) -> None:
        first = say(client, "weather?", tools=[WEATHER_TOOL])
        call = first.choices[0].message.tool_calls[0]
        assert first.choices[0].finish_reason == "tool_calls"
        assert first.choices[0].message.content is None
        assert json.loads(call.function.arguments) == {"city": "example", "unit": "celsius"}

        second = client.chat.completions.create(
            model=MODEL,
            tools=[typing.cast("Any", WEATHER_TOOL)],
            messages=[
                {"role": "user", "content": "weather?"},
                first.choices[0].message.to_dict(),
                {"role": "tool", "tool_call_id": call.id, "content": "sunny"},
            ],
        )
        assert second.choices[0].message.content == "Simulated answer to: sunny"

    def test_streamed_tool_call_joins_to_the_plain_one(self, client: openai.OpenAI) -> None:
        with client.chat.completions.stream(
            model=MODEL,
            messages=[{"role": "user", "content": "weather?"}],
            tools=[typing.cast("Any", {**WEATHER_TOOL, "strict": False})],
        ) as stream:
            final = stream.get_final_completion()

        calls = final.choices[0].message.tool_calls
        assert calls is not None
        assert calls[0].function.name == "weather"
        assert json.loads(calls[0].function.arguments) == {"city": "example", "unit": "celsius"}

    def test_json_schema_answer_satisfies_its_schema(self, client: openai.OpenAI) -> None:
        schema = {"type": "object", "properties": {"ok": {"type": "boolean"}}}
        form = {"type": "json_schema", "json_schema": {"name": "verdict", "schema": schema}}

        answer = say(client, "well?", response_format=form)

        assert json.loads(answer.choices[0].message.content) == {"ok": True}

    def test_models_are_listed_and_found(self, client: openai.OpenAI) -> None:
        assert {model.id for model in client.models.list()} == {*MODELS, *EMBEDDERS}
        assert client.models.retrieve(MODEL).id == MODEL
        with pytest.raises(openai.NotFoundError) as refused:
            client.models.retrieve("gpt-0")
        assert refused.value.code == "model_not_found"

    def test_the_same_request_after_a_reset_gives_the_same_bytes(self) -> None:
        bodies = []
        for _ in range(2):
            with Simulator.start() as fresh:
                bodies.append(raw_chat(fresh, "sk-sim-same", stream=True).content)
        assert bodies[0] == bodies[1]

    def test_known_parameters_are_those_of_the_sdk(self) -> None:
        sdk = set(typing.get_type_hints(CompletionCreateParamsNonStreaming))
        assert sdk | {"stream"} == CHAT_PARAMETERS


class TestEmbeddings:
    def test_each_text_has_a_vector_of_its_own(self, client: openai.OpenAI) -> None:
        made = client.embeddings.create(model="text-embedding-3-small", input=["one", "two"])

        assert [item.index for item in made.data] == [0, 1]
        assert made.data[0].embedding != made.data[1].embedding
        assert made.model == "text-embedding-3-small"
        assert made.usage.prompt_tokens == made.usage.total_tokens == 2

    def test_packed_and_plain_vectors_are_the_same(self, client: openai.OpenAI) -> None:
        # The SDK asks for base64 unless told otherwise, and unpacks it.
        packed = client.embeddings.create(model="text-embedding-3-large", input="x", dimensions=64)
        plain = client.embeddings.create(
            model="text-embedding-3-large", input="x", dimensions=64, encoding_format="float"
        )
        assert len(plain.data[0].embedding) == 64
        assert packed.data[0].embedding == plain.data[0].embedding

    def test_tokens_are_an_input_too(self, client: openai.OpenAI) -> None:
        one = client.embeddings.create(model="text-embedding-ada-002", input=[1, 2, 3])
        two = client.embeddings.create(model="text-embedding-ada-002", input=[[1, 2], [3]])
        assert (len(one.data), len(two.data)) == (1, 2)
        assert one.usage.total_tokens == two.usage.total_tokens == 3

    @pytest.mark.parametrize(
        ("wanted", "status", "param"),
        [
            ({"input": []}, 400, "input"),
            ({"input": [""]}, 400, "input"),
            ({"dimensions": 0}, 400, "dimensions"),
            ({"model": "text-embedding-ada-002", "dimensions": 4}, 400, "dimensions"),
            ({"encoding_format": "int8"}, 400, "encoding_format"),
            ({"model": MODEL}, 403, None),
            ({"model": "no-such-model"}, 404, None),
        ],
    )
    def test_what_the_vendor_refuses(
        self, client: openai.OpenAI, wanted: dict[str, Any], status: int, param: str | None
    ) -> None:
        with pytest.raises(openai.APIStatusError) as refused:
            client.embeddings.create(**{"model": "text-embedding-3-small", "input": "x", **wanted})
        assert (refused.value.status_code, refused.value.param) == (status, param)

    def test_model_that_only_embeds_does_not_chat(self, client: openai.OpenAI) -> None:
        with pytest.raises(openai.NotFoundError, match="not a chat model"):
            client.chat.completions.create(
                model="text-embedding-3-small", messages=[{"role": "user", "content": "x"}]
            )


class TestRefusals:
    def test_missing_key(self, simulator: Simulator) -> None:
        answer = httpx2.post(f"{simulator.base_url}/chat/completions", json={})

        assert answer.status_code == 401
        assert answer.json()["error"]["code"] is None
        assert "You didn't provide an API key" in answer.json()["error"]["message"]

    def test_bad_key_is_masked_in_the_refusal(self, simulator: Simulator) -> None:
        key = "sk-other-0123456789-tail"
        with (
            openai.OpenAI(api_key=key, base_url=simulator.base_url) as stranger,
            pytest.raises(openai.AuthenticationError) as refused,
        ):
            say(stranger, "hello")

        assert refused.value.code == "invalid_api_key"
        assert key not in str(refused.value)
        assert "sk-other************tail" in str(refused.value)

    @pytest.mark.parametrize(
        ("change", "code", "parameter"),
        [
            ({"model": "gpt-0"}, "model_not_found", None),
            ({"messages": []}, "empty_array", "messages"),
            ({"messages": [{"content": "x"}]}, "invalid_type", "messages[0].role"),
            ({"n": 0}, "integer_below_min_value", "n"),
            ({"colour": "red"}, "unknown_parameter", "colour"),
        ],
    )
    def test_bad_request_names_its_parameter(
        self, client: openai.OpenAI, change: dict[str, Any], code: str, parameter: str | None
    ) -> None:
        body = {"model": MODEL, "messages": [{"role": "user", "content": "x"}], **change}
        with pytest.raises(openai.APIStatusError) as refused:
            client.post("/chat/completions", body=body, cast_to=object)
        assert (refused.value.code, refused.value.param) == (code, parameter)

    def test_unknown_path(self, client: openai.OpenAI) -> None:
        with pytest.raises(openai.NotFoundError, match=r"Invalid URL \(POST /v1/nowhere\)"):
            client.post("/nowhere", body={}, cast_to=object)
