"""Every provider behind the gateway, asked in Anthropic's API by Anthropic's SDK."""

from __future__ import annotations

from typing import Any

import anthropic
import pytest

from fixtures.providers.client import Simulator
from suites.gateway.conftest import Unique
from suites.gateway.vendors.asking import (
    ANSWER,
    MODELS,
    SCHEMA,
    WORDS,
    every_provider,
    tell,
    whole_or_streamed,
)


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
