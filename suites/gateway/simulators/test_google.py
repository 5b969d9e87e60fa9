"""The simulator is Google as far as Google's own SDK can tell."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from google import genai
from google.genai import errors

from fixtures.providers.client import Simulator
from fixtures.providers.google import MODELS
from suites.gateway.conftest import Unique
from suites.gateway.simulators.asking import (
    GEMINI,
    SCHEMA,
    WORDS,
    generate,
    stream,
)


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

    def test_models_come_in_pages(self, gemini: genai.Client) -> None:
        # The SDK follows the pages by itself.
        names = [model.name for model in gemini.models.list(config={"page_size": 1})]
        assert names == [f"models/{name}" for name in sorted(MODELS)]
        assert gemini.models.get(model=GEMINI).name == f"models/{GEMINI}"

    def test_each_text_has_a_vector_of_its_own(self, gemini: genai.Client) -> None:
        texts: Any = ["one", "two"]
        made = gemini.models.embed_content(
            model="gemini-embedding-001", contents=texts, config={"output_dimensionality": 16}
        )
        first, second = made.embeddings or []
        assert first.values != second.values
        assert len(first.values or []) == 16

    def test_a_whole_request_is_counted_with_its_instruction(
        self, simulator: Simulator, unique: Unique
    ) -> None:
        whole = {
            "contents": [{"role": "user", "parts": [{"text": WORDS}]}],
            "systemInstruction": {"parts": [{"text": "be brief"}]},
        }
        counted = httpx2.post(
            f"{simulator.address}/google/v1beta/models/{GEMINI}:countTokens",
            json={"generateContentRequest": whole},
            headers={"x-goog-api-key": unique.key},
        )
        assert counted.json() == {"totalTokens": 6 + 5}
