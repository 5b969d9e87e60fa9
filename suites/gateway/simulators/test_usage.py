"""A test says what was used, and each vendor writes it where that vendor counts it."""

from __future__ import annotations

from typing import Any

import anthropic
import openai
import pytest
from google import genai

from fixtures.providers.usage import Usage, UsageError
from suites.gateway.simulators.asking import ask, chat, generate, say, stream

SPENT = "ok;usage=input:100,cached:40,written:8,output:20,reasoning:5"


class TestWhereEachVendorCounts:
    """Cached and reasoning tokens: a part of the whole, or beside it."""

    @pytest.mark.parametrize("vendor", ["openai", "azure"])
    @pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
    def test_openai_counts_them_in(
        self, client: openai.OpenAI, azure: openai.AzureOpenAI, vendor: str, streamed: bool
    ) -> None:
        more: dict[str, Any] = (
            {"stream": True, "stream_options": {"include_usage": True}} if streamed else {}
        )
        answer = (
            say(client, "x", SPENT, **more) if vendor == "openai" else chat(azure, SPENT, **more)
        )
        usage = list(answer)[-1].usage if streamed else answer.usage
        assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (148, 25, 173)
        assert usage.prompt_tokens_details.cached_tokens == 40
        assert usage.prompt_tokens_details.cache_write_tokens == 8
        assert usage.completion_tokens_details.reasoning_tokens == 5

    @pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
    def test_anthropic_counts_cached_ones_beside_the_input(
        self, claude: anthropic.Anthropic, streamed: bool
    ) -> None:
        if streamed:
            events = list(ask(claude, SPENT, stream=True))
            opened, closed = events[0].message.usage, events[-2].usage
        else:
            opened = closed = ask(claude, SPENT).usage
        assert (opened.input_tokens, opened.cache_read_input_tokens) == (100, 40)
        assert opened.cache_creation_input_tokens == 8
        assert opened.cache_creation.ephemeral_5m_input_tokens == 8
        assert (closed.output_tokens, closed.output_tokens_details.thinking_tokens) == (25, 5)

    @pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
    def test_google_counts_thoughts_beside_the_answer(
        self, gemini: genai.Client, streamed: bool
    ) -> None:
        answer = list(stream(gemini, SPENT))[-1] if streamed else generate(gemini, SPENT)
        usage = answer.usage_metadata
        assert (usage.prompt_token_count, usage.cached_content_token_count) == (148, 40)
        assert (usage.candidates_token_count, usage.thoughts_token_count) == (20, 5)
        assert usage.total_token_count == 173

    def test_thoughts_that_are_shown_are_counted(self, claude: anthropic.Anthropic) -> None:
        answer = ask(claude, max_tokens=2000, thinking={"type": "adaptive"})
        assert answer.usage.output_tokens_details.thinking_tokens == 7
        assert answer.usage.output_tokens == 15

    def test_embeddings_use_what_they_are_told(self, client: openai.OpenAI) -> None:
        made = client.embeddings.create(
            model="text-embedding-3-small",
            input="x",
            extra_headers={"x-sim-behaviour": "ok;usage=input:77"},
        )
        assert made.usage.total_tokens == 77


class TestRegions:
    def test_azure_says_where_it_ran(self, azure: openai.AzureOpenAI) -> None:
        raw = azure.chat.completions.with_raw_response.create(
            model="gpt-4o-mini~ok;region=East US", messages=[{"role": "user", "content": "x"}]
        )
        assert raw.headers["x-ms-region"] == "East US"

    def test_anthropic_says_where_it_ran(self, claude: anthropic.Anthropic) -> None:
        assert ask(claude, "ok;region=us").usage.inference_geo == "us"
        assert ask(claude).usage.inference_geo == "global"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not name:count"),
        ("cached", "not name:count"),
        ("tokens:4", "known names are input, cached, written, output, reasoning"),
        ("cached:-1", "whole number"),
        ("cached:1,cached:2", "twice"),
    ],
)
def test_misspelt_usage_is_refused(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        Usage.parse(text)


def test_usage_reads_back_as_it_is_written() -> None:
    usage = Usage(input=0, cached=3, written=1, output=9, reasoning=2)
    assert Usage.parse(str(usage)) == usage
