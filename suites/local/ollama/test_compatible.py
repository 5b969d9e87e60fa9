"""The double's `/v1` is Ollama's OpenAI-compatible API, driven by OpenAI's unmodified SDK."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import pytest

from fixtures.ollama.double import BUSY
from fixtures.providers.client import Simulator
from suites.local.ollama.asking import GEMMA, LLAMA, NOMIC, PIXEL, QWEN, SAID, TOOLS, WORDS


@pytest.fixture
def client(double: Simulator) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        api_key="ollama", base_url=double.base_url, max_retries=0, timeout=10
    ) as made:
        yield made


def chat(client: openai.OpenAI, model: str = LLAMA, content: Any = WORDS, **more: Any) -> Any:
    messages: Any = [{"role": "user", "content": content}]
    return client.chat.completions.create(model=model, messages=messages, **more)


class TestWords:
    def test_plain_and_streamed_agree(self, client: openai.OpenAI) -> None:
        whole = chat(client)
        chunks = list(chat(client, stream=True, stream_options={"include_usage": True}))
        words = "".join(one.choices[0].delta.content or "" for one in chunks if one.choices)
        assert whole.choices[0].message.content == words == SAID
        assert chunks[-1].usage == whole.usage
        assert [one.choices[0].finish_reason for one in chunks[:-1]].count("stop") == 1
        assert whole.system_fingerprint == "fp_ollama"

    def test_thinking_is_called_reasoning(self, client: openai.OpenAI) -> None:
        assert chat(client, QWEN).choices[0].message.model_extra["reasoning"]
        message = chat(client, QWEN, extra_body={"reasoning_effort": "none"}).choices[0].message
        assert "reasoning" not in message.model_extra
        deltas = [one.choices[0].delta for one in chat(client, QWEN, stream=True)]
        assert (deltas[0].role, bool(deltas[0].model_extra["reasoning"])) == ("assistant", True)

    def test_tool_call_ends_with_its_own_reason(self, client: openai.OpenAI) -> None:
        (choice,) = chat(client, tools=TOOLS).choices
        assert choice.finish_reason == "tool_calls"
        assert choice.message.tool_calls[0].function.arguments == '{"city":"example"}'
        *_, last = chat(client, tools=TOOLS, stream=True)
        assert last.choices[0].finish_reason == "tool_calls"

    def test_image_is_data_never_an_address(self, client: openai.OpenAI) -> None:
        picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
        text = {"type": "text", "text": WORDS}
        assert chat(client, GEMMA, [picture, text]).usage.prompt_tokens > 768
        elsewhere = {"type": "image_url", "image_url": {"url": "http://127.0.0.1:9/cat.png"}}
        with pytest.raises(openai.BadRequestError, match="not currently supported"):
            chat(client, GEMMA, [elsewhere])

    def test_completions_and_limits(self, client: openai.OpenAI) -> None:
        answer = client.completions.create(model=LLAMA, prompt=WORDS, max_tokens=2)
        assert answer.usage
        assert (answer.choices[0].finish_reason, answer.usage.completion_tokens) == ("length", 2)
        assert answer.choices[0].text == SAID[:8]
        pieces = client.completions.create(model=LLAMA, prompt=WORDS, stream=True)
        assert "".join(one.choices[0].text for one in pieces) == SAID

    def test_vectors_survive_packing(self, client: openai.OpenAI) -> None:
        packed = client.embeddings.create(model=NOMIC, input=["a", "b"])
        plain = client.embeddings.create(model=NOMIC, input=["a", "b"], encoding_format="float")
        for one, other in zip(packed.data, plain.data, strict=True):
            assert one.embedding == pytest.approx(other.embedding, abs=1e-6)

    def test_models(self, client: openai.OpenAI) -> None:
        listed = [model.id for model in client.models.list()]
        assert f"{NOMIC}:latest" in listed
        assert client.models.retrieve(LLAMA).owned_by == "library"


class TestFailures:
    @pytest.mark.parametrize(
        ("model", "status", "kind"),
        [
            ("nobody", 404, "not_found_error"),
            (f"{LLAMA}~overloaded", 503, "api_error"),
            (f"{LLAMA}~out_of_memory", 500, "api_error"),
        ],
    )
    @pytest.mark.parametrize("stream", [False, True])
    def test_refusal_is_in_openais_words(
        self, client: openai.OpenAI, model: str, status: int, kind: str, stream: bool
    ) -> None:
        with pytest.raises(openai.APIStatusError) as refused:
            chat(client, model, stream=stream)
        assert (refused.value.status_code, refused.value.type) == (status, kind)

    def test_failure_in_the_stream_is_swallowed(self, client: openai.OpenAI) -> None:
        """As by the real one: no error, no finish, no terminator, and an empty last chunk."""
        *_, last = chunks = list(chat(client, f"{LLAMA}~stream_error", stream=True))
        assert (last.model, last.choices[0].delta.content) == ("", "")
        assert all(one.choices[0].finish_reason is None for one in chunks)

    def test_no_messages(self, double: Simulator) -> None:
        answer = httpx2.post(f"{double.base_url}/chat/completions", json={"model": LLAMA})
        assert answer.status_code == 400
        assert answer.json()["error"]["message"] == "[] is too short - 'messages'"

    def test_queue_scripts_this_api_too(self, double: Simulator, client: openai.OpenAI) -> None:
        mark = base64.b32encode(b"only this test").decode()
        double.queue("overloaded", "ok", match={"operation": "v1.chat", "contains": mark})
        with pytest.raises(openai.InternalServerError, match=BUSY[:20]):
            chat(client, content=mark)
        assert chat(client, content=mark).choices[0].finish_reason == "stop"
