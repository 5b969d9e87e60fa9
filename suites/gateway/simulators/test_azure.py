"""The simulator is Azure as far as OpenAI's own SDK for it can tell."""

from __future__ import annotations

import httpx2
import openai
import pytest

from fixtures.providers.azure import BLOCKED
from fixtures.providers.client import Simulator
from fixtures.providers.openai import EMBEDDERS, MODELS
from suites.gateway.conftest import Unique
from suites.gateway.simulators.asking import (
    WORDS,
    chat,
)


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

    def test_deployment_makes_vectors(self, azure: openai.AzureOpenAI) -> None:
        made = azure.embeddings.create(model="text-embedding-3-small", input=["one", "two"])
        assert [item.index for item in made.data] == [0, 1]
        assert made.data[0].embedding != made.data[1].embedding
        with pytest.raises(openai.NotFoundError) as missing:
            azure.embeddings.create(model="nobody-deployed-it", input="x")
        assert missing.value.code == "DeploymentNotFound"

    def test_models_are_listed_and_found(self, azure: openai.AzureOpenAI) -> None:
        assert {*MODELS, *EMBEDDERS} == {model.id for model in azure.models.list()}
        assert azure.models.retrieve("gpt-4o").id == "gpt-4o"
