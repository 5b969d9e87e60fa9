"""Limits that waiting does not cure, and answers withheld: each vendor says them in its own way."""

from __future__ import annotations

from typing import Any

import anthropic
import openai
import pytest
from google import genai
from google.genai import errors

from suites.gateway.simulators.asking import ask, chat, generate, say, stream

A_DAY = 8 * 3600


class TestSpent:
    def test_openai(self, client: openai.OpenAI) -> None:
        with pytest.raises(openai.RateLimitError) as refused:
            say(client, "x", "spend_limit")
        assert refused.value.code == "credit_balance_exhausted"
        assert "retry-after" not in refused.value.response.headers

    def test_azure(self, azure: openai.AzureOpenAI) -> None:
        with pytest.raises(openai.RateLimitError) as refused:
            chat(azure, "spend_limit")
        assert refused.value.response.headers["x-ms-region"] == "Sweden Central"
        assert "retry-after" not in refused.value.response.headers

    def test_anthropic_names_it_in_the_details(self, claude: anthropic.Anthropic) -> None:
        with pytest.raises(anthropic.RateLimitError) as refused:
            ask(claude, "spend_limit")
        body: Any = refused.value.body
        assert body["error"]["details"] == {"error_code": "enforced_spend_limit_reached"}
        assert "retry-after" not in refused.value.response.headers

    def test_google_wants_to_be_paid(self, gemini: genai.Client) -> None:
        with pytest.raises(errors.APIError) as refused:
            generate(gemini, "spend_limit")
        assert refused.value.code == 402


class TestQuotaOfADay:
    def test_openai_and_azure_ask_for_the_rest_of_it(
        self, client: openai.OpenAI, azure: openai.AzureOpenAI
    ) -> None:
        with pytest.raises(openai.RateLimitError, match="per day") as limited:
            say(client, "x", "daily_quota")
        assert limited.value.response.headers["retry-after"] == str(A_DAY)
        with pytest.raises(openai.RateLimitError, match=f"retry after {A_DAY} seconds"):
            chat(azure, "daily_quota")

    def test_anthropic_asks_for_the_rest_of_it(self, claude: anthropic.Anthropic) -> None:
        with pytest.raises(anthropic.RateLimitError, match="daily") as limited:
            ask(claude, "daily_quota")
        assert limited.value.response.headers["retry-after"] == str(A_DAY)

    def test_google_names_a_wait_that_does_not_help(self, gemini: genai.Client) -> None:
        with pytest.raises(errors.APIError) as limited:
            generate(gemini, "daily_quota;retry_after_ms=1500")
        quota, wait = limited.value.details["error"]["details"]
        assert "PerDay" in quota["violations"][0]["quotaId"]
        assert wait["retryDelay"] == "1.5s"


class TestWithheld:
    """The filter of each vendor; only Azure's is an error."""

    @pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
    def test_openai(self, client: openai.OpenAI, streamed: bool) -> None:
        answer = say(client, "x", "content_filter", stream=streamed)
        last = list(answer)[-1] if streamed else answer
        assert last.choices[0].finish_reason == "content_filter"

    @pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
    def test_azure(self, azure: openai.AzureOpenAI, streamed: bool) -> None:
        with pytest.raises(openai.BadRequestError) as refused:
            chat(azure, "content_filter", stream=streamed)
        assert refused.value.code == "content_filter"

    @pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
    def test_anthropic(self, claude: anthropic.Anthropic, streamed: bool) -> None:
        answer = ask(claude, "content_filter", stream=streamed)
        reason = list(answer)[-2].delta.stop_reason if streamed else answer.stop_reason
        assert reason == "refusal"

    @pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
    def test_google(self, gemini: genai.Client, streamed: bool) -> None:
        if streamed:
            (answer,) = stream(gemini, "content_filter")
        else:
            answer = generate(gemini, "content_filter")
        assert (answer.candidates, answer.prompt_feedback.block_reason) == (None, "SAFETY")
        assert answer.usage_metadata.total_token_count == 6
