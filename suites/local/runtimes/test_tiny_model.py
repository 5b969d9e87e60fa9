"""The tiny model is the same on every machine, and real runtimes run it alike."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from fixtures.models.tiny import runtime, words
from fixtures.models.tiny.running import Running

DIGEST = "914650728aee1985cd71d6745fb6c920d65e7a97f37750e2a8436f228ae6bfe2"
END = words.vocabulary().index(words.END)
# Forbids the end of the answer, in the words that both runtimes know.
GOING_ON = {"logit_bias": {str(END): -100}}


@dataclass(frozen=True, slots=True)
class Runtime:
    """A runtime: what the host lacks for it, the model it wants, its server."""

    lacking: Callable[[], str]
    model: Callable[[Path], Path]
    server: Callable[..., AbstractContextManager[Running]]


RUNTIMES = {
    "llama.cpp": Runtime(runtime.lacking_llama, runtime.gguf, runtime.llama_server),
    "mlx": Runtime(runtime.lacking_mlx, runtime.mlx_folder, runtime.mlx_server),
}


@pytest.fixture(scope="module", params=RUNTIMES)
def chosen(request: pytest.FixtureRequest) -> Runtime:
    found = RUNTIMES[request.param]
    if reason := found.lacking():
        pytest.skip(reason)
    return found


@pytest.fixture(scope="module")
def model(chosen: Runtime, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return chosen.model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def server(chosen: Runtime, model: Path) -> Iterator[Running]:
    with chosen.server(model) as started:
        yield started


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """llama.cpp's server as one that makes vectors, too."""
    if reason := runtime.lacking_llama():
        pytest.skip(reason)
    model = runtime.gguf(tmp_path_factory.mktemp("llama"))
    with runtime.llama_server(model, "--embeddings", "--pooling", "mean") as started:
        yield started


@pytest.fixture
def client(server: Running) -> Iterator[openai.OpenAI]:
    with connected(server) as made:
        yield made


def connected(server: Running) -> openai.OpenAI:
    return openai.OpenAI(api_key="none", base_url=server.base_url, max_retries=0, timeout=30)


def chat(client: openai.OpenAI, text: str = "who are you?", **more: Any) -> Any:
    messages: Any = [{"role": "user", "content": text}]
    # Each runtime knows the model that it was started with by this name.
    return client.chat.completions.create(model="default_model", messages=messages, **more)


def text_of(chunks: Any) -> str:
    return "".join(one.choices[0].delta.content or "" for one in chunks if one.choices)


def test_model_is_the_same_everywhere(tmp_path: Path) -> None:
    model = runtime.gguf(tmp_path)
    assert hashlib.sha256(model.read_bytes()).hexdigest() == DIGEST
    assert model.stat().st_size < 2_000_000


def test_every_letter_decides_the_next() -> None:
    chain, tokens = words.follows(), words.vocabulary()
    at, said = tokens.index(words.ASSISTANT), ""
    while tokens[at := chain[at][0]] != words.END:
        said += chr(at)
    assert said == words.ANSWER


class TestEveryRuntime:
    def test_answer_whole_and_streamed(self, client: openai.OpenAI) -> None:
        whole = chat(client)
        assert whole.choices[0].message.content == words.ANSWER
        assert whole.choices[0].finish_reason == "stop"
        chunks = list(chat(client, stream=True))
        assert text_of(chunks) == words.ANSWER
        ends = [one.choices[0].finish_reason for one in chunks if one.choices]
        assert ends == [None] * (len(ends) - 1) + ["stop"]

    def test_temperature_does_not_change_it(self, client: openai.OpenAI) -> None:
        assert chat(client, temperature=1.0, seed=1).choices[0].message.content == words.ANSWER

    def test_stops_where_told(self, client: openai.OpenAI) -> None:
        assert chat(client, stop=["mod"]).choices[0].message.content == "tiny "
        cut = chat(client, max_tokens=4).choices[0]
        assert (cut.message.content, cut.finish_reason) == ("tiny", "length")

    def test_goes_on_as_long_as_wanted(self, client: openai.OpenAI) -> None:
        said = chat(client, **GOING_ON, max_tokens=10 + 6 * 5).choices[0]
        assert said.message.content == words.ANSWER + words.GOING_ON * 5

    def test_prompt_counts(self, client: openai.OpenAI) -> None:
        short, long = chat(client, "a").usage, chat(client, "a" * 50).usage
        assert long.prompt_tokens - short.prompt_tokens == 49

    def test_two_streams_at_once_both_come_whole(self, client: openai.OpenAI) -> None:
        met = threading.Barrier(2, timeout=30)
        said: list[str] = []

        def ask() -> None:
            opened = iter(chat(client, stream=True, max_tokens=64, **GOING_ON))
            first = text_of([next(opened), next(opened)])
            # Both have begun before either goes on.
            met.wait()
            said.append(first + text_of(opened))

        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert said == [(words.ANSWER + words.GOING_ON * 9)] * 2

    def test_killed_in_mid_stream(self, chosen: Runtime, model: Path) -> None:
        """An error only where the body has a length or chunks; MLX's ends as if all were said."""
        body = {
            "messages": [{"role": "user", "content": "x"}],
            "stream": True,
            "max_tokens": 100_000,
            **GOING_ON,
        }
        came, noticed, chunked = b"", False, False
        with chosen.server(model) as alone:
            url = f"{alone.base_url}/chat/completions"
            try:
                with httpx2.stream("POST", url, json=body, timeout=30) as answer:
                    chunked = answer.headers.get("transfer-encoding") == "chunked"
                    for part in answer.iter_bytes():
                        came += part
                        # MLX's begins with comments.
                        if b"delta" in came:
                            alone.kill()
            except (httpx2.RemoteProtocolError, httpx2.ReadError):
                noticed = True
        assert noticed == chunked
        # What tells everywhere: neither a reason to finish nor a terminator.
        assert b"delta" in came
        assert b"[DONE]" not in came
        assert not re.search(rb'"finish_reason": ?"', came)


class TestLlama:
    """What only llama.cpp's server does."""

    def test_too_long_a_prompt_is_refused(self, embedder: Running) -> None:
        with connected(embedder) as client, pytest.raises(openai.BadRequestError) as refused:
            chat(client, "a" * (words.CONTEXT + 1))
        assert refused.value.type == "exceed_context_size_error"

    def test_vectors(self, embedder: Running) -> None:
        with connected(embedder) as client:
            made = client.embeddings.create(
                model=words.NAME, input=["ab", "ab", "cd"], encoding_format="float"
            )
        first, same, other = (one.embedding for one in made.data)
        assert first == same != other
