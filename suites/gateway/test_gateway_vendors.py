"""Every provider behind the gateway, asked in every API the gateway offers, by the vendors' SDKs.

Each simulated vendor refuses what the real one would, so an answer through the gateway proves the
translation both ways. The same claims hold for all of them: what was said, who said it, what was
used, and that half an answer never looks like a whole one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx2
import openai
import pytest

from fixtures.providers.client import Simulator
from suites.gateway.conftest import Unique
from suites.gateway.gateway_process import Gateway, serve

MODELS = {
    "openai": "gpt-4o-mini",
    "anthropic": "claude-fable-5-2",
    "google": "gemini-2.5-flash",
    "azure": "azure/gpt-4o-mini",
}
WORDS = "naïve 日本語 🎈"
ANSWER = f"Simulated answer to: {WORDS}"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E"
CONFIG = """
[providers.openai]
base_url = "{address}/openai/v1"
[providers.anthropic]
base_url = "{address}/anthropic/v1"
[providers.google]
base_url = "{address}/google/v1beta"
[providers.azure]
endpoint = "{address}/azure"
api_version = "2024-10-21"
region = "swedencentral"
[retry]
max_retries = 2
base_ms = 1
cap_ms = 5
[timeouts]
request_ms = 1500
stream_idle_ms = 700
[[additional_models]]
id = "gpt-4o-mini"
provider = "azure"
context_window = 128000
max_output_tokens = 16384
capability = 350
features = ["tools", "vision"]
price = {{ input = 165000000, cached_input = 83000000, output = 660000000, reasoning = 660000000 }}
"""

every_provider = pytest.mark.parametrize("provider", MODELS)
whole_or_streamed = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


@pytest.fixture(scope="module")
def gateway(simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("gateway")
    config = folder / "gateway.toml"
    config.write_text(CONFIG.format(address=simulator.address))
    with serve(folder, {}, f"--config={config}") as started:
        yield started


@pytest.fixture
def client(gateway: Gateway, unique: Unique) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        api_key=unique.key, base_url=gateway.base_url, max_retries=0, timeout=20
    ) as made:
        yield made


@pytest.fixture
def claude(gateway: Gateway, unique: Unique) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(
        api_key=unique.key, base_url=gateway.address, max_retries=0, timeout=20
    ) as made:
        yield made


def ask(client: openai.OpenAI, provider: str, words: Any = WORDS, **more: Any) -> Any:
    messages = [{"role": "system", "content": "be brief"}, {"role": "user", "content": words}]
    wanted = {"model": MODELS[provider], "messages": messages, **more}
    return client.chat.completions.create(**wanted)


def tell(claude: anthropic.Anthropic, provider: str, words: Any = WORDS, **more: Any) -> Any:
    messages = [{"role": "user", "content": words}]
    wanted = {"model": MODELS[provider], "max_tokens": 200, "messages": messages, **more}
    return claude.messages.create(**wanted)


def consume(answer: Any, *, stream: bool) -> None:
    """Reads a streamed answer to its end, where its error is."""
    if stream:
        list(answer)


def code_of(error: openai.APIError) -> Any:
    body: Any = error.body
    return body.get("code")


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


class TestEmbeddings:
    @pytest.mark.parametrize("encoding", ["float", "base64"])
    def test_googles_vectors_are_one_for_each_text(
        self, client: openai.OpenAI, encoding: Any
    ) -> None:
        made = client.embeddings.create(
            model="gemini-embedding-001", input=["one", "two"], encoding_format=encoding
        )
        assert [item.index for item in made.data] == [0, 1]
        assert made.data[0].embedding
        assert made.data[0].embedding != made.data[1].embedding
        assert made.usage.total_tokens > 0

    def test_model_that_makes_none_is_refused(self, client: openai.OpenAI) -> None:
        with pytest.raises(openai.BadRequestError, match="no embeddings"):
            client.embeddings.create(model=MODELS["anthropic"], input="x")


FAILURES = [
    ("bad_key", 1, 401, "auth.invalid", openai.AuthenticationError),
    ("quota_exhausted", 1, 429, "provider.rate_limited", openai.RateLimitError),
    ("rate_limited;retry_after_ms=9000", 1, 429, "provider.rate_limited", openai.RateLimitError),
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


class TestAnthropicClients:
    @every_provider
    def test_plain_answer(self, claude: anthropic.Anthropic, provider: str) -> None:
        answer = tell(claude, provider, system="be brief")
        assert [block.type for block in answer.content] == ["text"]
        assert answer.content[0].text == ANSWER
        assert (answer.stop_reason, answer.type, answer.role) == (
            "end_turn",
            "message",
            "assistant",
        )
        assert answer.usage.output_tokens == 8
        assert answer.usage.input_tokens > 6

    @every_provider
    def test_tokens_are_counted_before_they_are_sent(
        self, claude: anthropic.Anthropic, provider: str
    ) -> None:
        messages: Any = [{"role": "user", "content": WORDS}]
        counted = claude.messages.count_tokens(model=MODELS[provider], messages=messages)
        assert counted.input_tokens > 0
        assert (counted.input_tokens == 6) or provider != "anthropic"

    @every_provider
    def test_stream_accumulates_to_the_plain_answer(
        self, claude: anthropic.Anthropic, provider: str
    ) -> None:
        messages: Any = [{"role": "user", "content": WORDS}]
        with claude.messages.stream(
            model=MODELS[provider], max_tokens=200, messages=messages
        ) as opened:
            final = opened.get_final_message()
        assert final.content[0].text == ANSWER  # type: ignore[union-attr]
        assert final.stop_reason == "end_turn"
        assert (final.usage.input_tokens, final.usage.output_tokens) == (6, 8)

    @every_provider
    @whole_or_streamed
    def test_tool_call_and_its_result(
        self, claude: anthropic.Anthropic, provider: str, stream: bool
    ) -> None:
        tools: Any = [{"name": "weather", "input_schema": SCHEMA}]
        if stream:
            messages: Any = [{"role": "user", "content": WORDS}]
            with claude.messages.stream(
                model=MODELS[provider], max_tokens=200, messages=messages, tools=tools
            ) as opened:
                answer: Any = opened.get_final_message()
        else:
            answer = tell(claude, provider, tools=tools)
        call = answer.content[-1]
        assert (call.type, call.name, call.input) == ("tool_use", "weather", {"city": "example"})
        assert answer.stop_reason == "tool_use"
        used = {"type": "tool_use", "id": call.id, "name": "weather", "input": call.input}
        history = [
            {"role": "user", "content": WORDS},
            {"role": "assistant", "content": [used]},
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "sunny"}],
            },
        ]
        answered = tell(claude, provider, tools=tools, messages=history)
        assert "sunny" in answered.content[0].text

    @every_provider
    @pytest.mark.parametrize(
        ("behaviour", "error"),
        [
            ("bad_key", anthropic.AuthenticationError),
            ("quota_exhausted", anthropic.RateLimitError),
            ("overloaded", anthropic.InternalServerError),
        ],
    )
    def test_refusals_are_in_anthropics_words(
        self,
        claude: anthropic.Anthropic,
        simulator: Simulator,
        unique: Unique,
        provider: str,
        behaviour: str,
        error: type[anthropic.APIStatusError],
    ) -> None:
        simulator.queue(behaviour, times=4, match=unique.match)
        with pytest.raises(error) as refused:
            tell(claude, provider)
        body: Any = refused.value.body
        assert body["type"] == "error"
        assert body["error"]["provider"]["provider"] == provider

    @every_provider
    def test_broken_stream_is_an_error_never_a_success(
        self, claude: anthropic.Anthropic, simulator: Simulator, unique: Unique, provider: str
    ) -> None:
        simulator.queue("truncated;after=3", match=unique.match)
        with pytest.raises(anthropic.APIError, match="incomplete"):
            list(tell(claude, provider, stream=True))

    def test_anthropics_own_stream_passes_untouched(
        self, claude: anthropic.Anthropic, simulator: Simulator, unique: Unique
    ) -> None:
        messages: Any = [{"role": "user", "content": WORDS}]
        with claude.messages.stream(
            model=MODELS["anthropic"],
            max_tokens=2000,
            messages=messages,
            thinking={"type": "adaptive"},
        ) as opened:
            final = opened.get_final_message()
        assert [block.type for block in final.content] == ["thinking", "text"]
        (sent,) = simulator.requests(**unique.match)
        assert sent["headers"]["anthropic-version"] == claude.default_headers["anthropic-version"]


class TestWhoseKey:
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
