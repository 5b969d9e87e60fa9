"""The tiny model is the same on every machine, and llama.cpp's real server runs it."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from fixtures.models.tiny import runtime, words
from fixtures.models.tiny.runtime import LlamaServer

DIGEST = "914650728aee1985cd71d6745fb6c920d65e7a97f37750e2a8436f228ae6bfe2"


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return runtime.build(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def installed() -> None:
    if runtime.find() is None:
        pytest.skip(
            f"capability_missing: llama-server is not installed; `{runtime.install_command()}`"
        )


@pytest.fixture(scope="module")
def server(installed: None, model: Path) -> Iterator[LlamaServer]:
    with LlamaServer.start(model, "--embeddings", "--pooling", "mean") as started:
        yield started


@pytest.fixture
def client(server: LlamaServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key="none", base_url=server.base_url, max_retries=0, timeout=30) as made:
        yield made


def chat(client: openai.OpenAI, text: str = "who are you?", **more: Any) -> Any:
    messages: Any = [{"role": "user", "content": text}]
    return client.chat.completions.create(model=words.NAME, messages=messages, **more)


def text_of(chunks: Any) -> str:
    return "".join(one.choices[0].delta.content or "" for one in chunks if one.choices)


def test_model_is_the_same_everywhere(model: Path) -> None:
    assert hashlib.sha256(model.read_bytes()).hexdigest() == DIGEST
    assert model.stat().st_size < 2_000_000


def test_every_letter_decides_the_next() -> None:
    chain, tokens = words.follows(), words.vocabulary()
    at, said = tokens.index(words.ASSISTANT), ""
    while tokens[at := chain[at][0]] != words.END:
        said += chr(at)
    assert said == words.ANSWER


class TestServer:
    def test_answer_whole_and_streamed(self, client: openai.OpenAI) -> None:
        whole = chat(client)
        assert whole.choices[0].message.content == words.ANSWER
        assert whole.choices[0].finish_reason == "stop"
        *chunks, last = chat(client, stream=True)
        assert text_of(chunks) == words.ANSWER
        assert last.choices[0].finish_reason == "stop"

    def test_temperature_does_not_change_it(self, client: openai.OpenAI) -> None:
        said = {
            chat(client, temperature=1.0, seed=seed).choices[0].message.content for seed in (1, 2)
        }
        assert said == {words.ANSWER}

    def test_stops_where_told(self, client: openai.OpenAI) -> None:
        assert chat(client, stop=["mod"]).choices[0].message.content == "tiny "
        cut = chat(client, max_tokens=4).choices[0]
        assert (cut.message.content, cut.finish_reason) == ("tiny", "length")

    def test_goes_on_as_long_as_wanted(self, client: openai.OpenAI) -> None:
        more = {"extra_body": {"ignore_eos": True}, "max_tokens": 10 + 6 * 5}
        assert chat(client, **more).choices[0].message.content == words.ANSWER + words.GOING_ON * 5

    def test_prompt_counts(self, client: openai.OpenAI) -> None:
        short, long = chat(client, "a").usage, chat(client, "a" * 50).usage
        assert long.prompt_tokens - short.prompt_tokens == 49

    def test_too_long_a_prompt_is_refused(self, client: openai.OpenAI) -> None:
        with pytest.raises(openai.BadRequestError) as refused:
            chat(client, "a" * (words.CONTEXT + 1))
        assert refused.value.type == "exceed_context_size_error"

    def test_vectors(self, client: openai.OpenAI) -> None:
        made = client.embeddings.create(
            model=words.NAME, input=["ab", "ab", "cd"], encoding_format="float"
        )
        first, same, other = (one.embedding for one in made.data)
        assert first == same != other

    def test_two_streams_at_once(self, server: LlamaServer, client: openai.OpenAI) -> None:
        met = threading.Barrier(2, timeout=30)
        said: list[str] = []

        def ask() -> None:
            stream = chat(client, stream=True, max_tokens=64, extra_body={"ignore_eos": True})
            opened = iter(stream)
            first = text_of([next(opened), next(opened)])
            # Both have begun before either goes on.
            met.wait()
            said.append(first + text_of(opened))

        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(said) == 2
        assert {len(one) for one in said} == {64}
        assert all(one.startswith(words.ANSWER + words.GOING_ON) for one in said)


def test_killed_in_mid_stream(installed: None, model: Path) -> None:
    with LlamaServer.start(model) as alone:
        body = {
            "messages": [{"role": "user", "content": "x"}],
            "stream": True,
            "ignore_eos": True,
            "max_tokens": 100_000,
        }
        came = b""
        url = f"{alone.base_url}/chat/completions"
        broken = (httpx2.RemoteProtocolError, httpx2.ReadError)
        streaming = httpx2.stream("POST", url, json=body, timeout=30)
        with pytest.raises(broken), streaming as answer:
            for part in answer.iter_bytes():
                came += part
                alone.kill()
        assert b'finish_reason":null' in came
        assert b"[DONE]" not in came
