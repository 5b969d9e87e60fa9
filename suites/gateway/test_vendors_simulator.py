"""Anthropic, Google and Azure, simulated: what their own SDKs make of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from google import genai
from google.genai import errors

from fixtures.providers.azure import BLOCKED
from fixtures.providers.client import Simulator
from suites.gateway.conftest import Unique

CLAUDE = "claude-fable-5-2"
GEMINI = "gemini-2.5-flash"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WORDS = "naïve 日本語 🎈"


@pytest.fixture
def claude(simulator: Simulator, unique: Unique) -> Iterator[anthropic.Anthropic]:
    base = f"{simulator.address}/anthropic"
    with anthropic.Anthropic(
        api_key=unique.key, base_url=base, max_retries=0, timeout=10
    ) as client:
        yield client


@pytest.fixture
def gemini(simulator: Simulator, unique: Unique) -> Iterator[genai.Client]:
    options: Any = {"base_url": f"{simulator.address}/google"}
    client = genai.Client(api_key=unique.key, http_options=options)
    yield client
    client.close()


@pytest.fixture
def azure(simulator: Simulator, unique: Unique) -> Iterator[openai.AzureOpenAI]:
    with openai.AzureOpenAI(
        api_key=unique.key,
        azure_endpoint=f"{simulator.address}/azure",
        api_version="2024-10-21",
        max_retries=0,
        timeout=10,
    ) as client:
        yield client


def ask(client: anthropic.Anthropic, behaviour: str = "ok", **more: Any) -> Any:
    messages: Any = [{"role": "user", "content": WORDS}]
    headers = {"x-sim-behaviour": behaviour}
    wanted = {"model": CLAUDE, "max_tokens": 100, "messages": messages, **more}
    return client.messages.create(extra_headers=headers, **wanted)


def generate(client: genai.Client, behaviour: str = "ok", **config: Any) -> Any:
    options = {"headers": {"x-sim-behaviour": behaviour}}
    return client.models.generate_content(
        model=GEMINI, contents=WORDS, config={"http_options": options, **config}
    )


def stream(client: genai.Client, behaviour: str) -> Any:
    options: Any = {"headers": {"x-sim-behaviour": behaviour}}
    return client.models.generate_content_stream(
        model=GEMINI, contents=WORDS, config={"http_options": options}
    )


def chat(client: openai.AzureOpenAI, behaviour: str = "ok", words: str = WORDS, **more: Any) -> Any:
    return client.chat.completions.create(
        model="gpt-4o-mini",
        messages=[{"role": "user", "content": words}],
        extra_headers={"x-sim-behaviour": behaviour},
        **more,
    )


class TestAnthropic:
    def test_plain_answer_and_count_agree(self, claude: anthropic.Anthropic) -> None:
        answer = ask(claude)
        assert answer.content[0].text == f"Simulated answer to: {WORDS}"
        assert answer.stop_reason == "end_turn"
        counted = claude.messages.count_tokens(
            model=CLAUDE, messages=[{"role": "user", "content": WORDS}]
        )
        assert answer.usage.input_tokens == counted.input_tokens == 6

    @pytest.mark.parametrize("shape", ["ok", "ok;fragment=1", "ok;crlf=1"])
    def test_stream_accumulates_to_the_plain_answer(
        self, claude: anthropic.Anthropic, shape: str
    ) -> None:
        with claude.messages.stream(
            model=CLAUDE,
            max_tokens=2000,
            messages=[{"role": "user", "content": WORDS}],
            thinking={"type": "adaptive"},
            extra_headers={"x-sim-behaviour": shape},
        ) as opened:
            final = opened.get_final_message()
        assert [block.type for block in final.content] == ["thinking", "text"]
        assert final.content[0].signature  # type: ignore[union-attr]
        assert final.content[1].text == f"Simulated answer to: {WORDS}"  # type: ignore[union-attr]
        assert final.usage.output_tokens == 15

    def test_tool_call_plain_and_streamed(self, claude: anthropic.Anthropic) -> None:
        tools = [{"name": "weather", "input_schema": SCHEMA}]
        answer = ask(claude, tools=tools)
        assert (answer.stop_reason, answer.content[0].input) == ("tool_use", {"city": "example"})
        events = list(ask(claude, tools=tools, stream=True))
        pieces = [e.delta.partial_json for e in events if e.type == "content_block_delta"]
        assert "".join(pieces) == '{"city": "example"}'
        assert events[-1].type == "message_stop"

    @pytest.mark.parametrize("as_stream", [False, True])
    @pytest.mark.parametrize(
        ("behaviour", "status", "kind"),
        [
            ("bad_key", 401, "authentication_error"),
            ("rate_limited", 429, "rate_limit_error"),
            ("overloaded", 529, "overloaded_error"),
            ("server_error", 500, "api_error"),
        ],
    )
    def test_refusals(
        self,
        claude: anthropic.Anthropic,
        behaviour: str,
        status: int,
        kind: str,
        as_stream: bool,
    ) -> None:
        with pytest.raises(anthropic.APIStatusError) as refused:
            ask(claude, behaviour, stream=as_stream)
        body: Any = refused.value.body
        assert (refused.value.status_code, body["error"]["type"]) == (status, kind)
        assert body["request_id"] == refused.value.response.headers["request-id"]

    def test_error_in_the_stream(self, claude: anthropic.Anthropic) -> None:
        with pytest.raises(anthropic.APIStatusError, match="Overloaded"):
            list(ask(claude, "stream_error", stream=True))

    def test_version_header_is_required(self, simulator: Simulator, unique: Unique) -> None:
        answer = httpx2.post(
            f"{simulator.address}/anthropic/v1/messages",
            json={},
            headers={"x-api-key": unique.key},
        )
        assert answer.status_code == 400
        assert "anthropic-version" in answer.json()["error"]["message"]


class TestGoogle:
    def test_plain_answer_and_count_agree(self, gemini: genai.Client) -> None:
        answer = generate(gemini)
        assert answer.text == f"Simulated answer to: {WORDS}"
        counted = gemini.models.count_tokens(model=GEMINI, contents=WORDS)
        assert answer.usage_metadata.prompt_token_count == counted.total_tokens == 6

    @pytest.mark.parametrize("shape", ["ok", "ok;fragment=1", "ok;crlf=1"])
    def test_stream_joins_to_the_plain_answer(self, gemini: genai.Client, shape: str) -> None:
        chunks = list(stream(gemini, shape))
        assert "".join(c.text or "" for c in chunks) == f"Simulated answer to: {WORDS}"
        assert chunks[-1].candidates[0].finish_reason == "STOP"
        assert chunks[-1].usage_metadata.candidates_token_count == 8

    def test_tool_call(self, gemini: genai.Client) -> None:
        declared = [{"name": "weather", "parameters_json_schema": SCHEMA}]
        answer = generate(gemini, tools=[{"function_declarations": declared}])
        assert answer.function_calls[0].args == {"city": "example"}

    @pytest.mark.parametrize(
        ("behaviour", "code", "status"),
        [
            ("bad_key", 400, "INVALID_ARGUMENT"),
            ("rate_limited", 429, "RESOURCE_EXHAUSTED"),
            ("overloaded", 503, "UNAVAILABLE"),
        ],
    )
    def test_refusals(self, gemini: genai.Client, behaviour: str, code: int, status: str) -> None:
        with pytest.raises(errors.APIError) as refused:
            generate(gemini, behaviour)
        assert (refused.value.code, refused.value.status) == (code, status)

    def test_error_in_the_stream(self, gemini: genai.Client) -> None:
        with pytest.raises(errors.APIError, match="overloaded"):
            list(stream(gemini, "stream_error"))

    def test_models_are_listed(self, gemini: genai.Client) -> None:
        assert f"models/{GEMINI}" in {model.name for model in gemini.models.list()}


class TestAzure:
    def test_plain_answer_carries_filter_notes(self, azure: openai.AzureOpenAI) -> None:
        answer = chat(azure)
        assert answer.choices[0].message.content == f"Simulated answer to: {WORDS}"
        assert answer.to_dict()["prompt_filter_results"][0]["prompt_index"] == 0

    def test_stream_opens_without_choices(self, azure: openai.AzureOpenAI) -> None:
        first, *rest = chat(azure, stream=True)
        assert (first.choices, "prompt_filter_results" in first.to_dict()) == ([], True)
        text = "".join(c.choices[0].delta.content or "" for c in rest)
        assert text == f"Simulated answer to: {WORDS}"

    def test_bad_key_and_filter(self, azure: openai.AzureOpenAI) -> None:
        with pytest.raises(openai.AuthenticationError) as denied:
            chat(azure, "bad_key")
        assert denied.value.code == "401"
        with pytest.raises(openai.BadRequestError) as filtered:
            chat(azure, words=BLOCKED)
        assert filtered.value.code == "content_filter"

    def test_limit_says_its_seconds(self, azure: openai.AzureOpenAI) -> None:
        with pytest.raises(openai.RateLimitError, match="retry after 2 seconds") as limited:
            chat(azure, "rate_limited;retry_after_ms=1500")
        assert limited.value.response.headers["retry-after-ms"] == "1500"

    def test_version_is_needed_but_not_on_v1(self, simulator: Simulator, unique: Unique) -> None:
        base, headers = f"{simulator.address}/azure/openai", {"api-key": unique.key}
        body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "x"}]}
        deployed = f"{base}/deployments/gpt-4o-mini/chat/completions"
        assert httpx2.post(deployed, json=body, headers=headers).status_code == 404
        plain = httpx2.post(f"{base}/v1/chat/completions", json=body, headers=headers)
        assert plain.status_code == 200
