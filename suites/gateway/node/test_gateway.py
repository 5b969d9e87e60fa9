"""Every provider behind the gateway, asked by the Node SDKs of OpenAI and Anthropic, unmodified.

They change their base URL and the model's name, and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from fixtures.providers.client import Simulator
from fixtures.sdks.client import Sdk
from suites.gateway.gateway_process import Gateway, serve
from suites.gateway.node.asking import ANSWER, PIXEL, Answers, answers
from suites.gateway.vendors.asking import CONFIG, MODELS

SDKS = (Sdk.OPENAI, Sdk.ANTHROPIC)


@pytest.fixture(scope="module")
def gateway(simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("gateway")
    config = folder / "gateway.toml"
    config.write_text(CONFIG.format(address=simulator.address))
    with serve(folder, {}, f"--config={config}") as started:
        yield started


@pytest.fixture(scope="module", params=SDKS)
def sdk(request: pytest.FixtureRequest) -> Sdk:
    return Sdk(request.param)


@pytest.fixture(scope="module", params=MODELS)
def provider(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def said(simulator: Simulator, gateway: Gateway, sdk: Sdk, provider: str) -> Answers:
    base = gateway.base_url if sdk is Sdk.OPENAI else gateway.address
    return answers(simulator, sdk, base, MODELS[provider])


@pytest.mark.parametrize("question", ["plain", "stream", "limited-once"])
def test_words_come_whole(said: Answers, sdk: Sdk, question: str) -> None:
    answer = said[question]
    assert answer["ok"], answer
    end = "stop" if sdk is Sdk.OPENAI else "end_turn"
    assert (answer["text"], answer["finish"]) == (ANSWER, end)
    assert (answer["pieces"] > 1) == (question == "stream")


def test_usage_is_told(said: Answers, sdk: Sdk) -> None:
    names = ("prompt_tokens", "completion_tokens")
    if sdk is Sdk.ANTHROPIC:
        names = ("input_tokens", "output_tokens")
    for question in ("plain", "stream"):
        usage = said[question]["usage"]
        assert tuple(usage[name] for name in names) == (6, 8)


@pytest.mark.parametrize("question", ["tools", "tools-stream"])
def test_tool_is_called_and_its_result_heard(said: Answers, question: str) -> None:
    answer = said[question]
    assert answer["ok"], answer
    assert answer["call"] == {"name": "weather", "arguments": {"city": "example"}}
    assert "sunny" in answer["text"]
    assert len(said.sent(question)) == 2


def test_image_arrives(said: Answers) -> None:
    assert said["image"]["ok"], said["image"]
    (sent,) = said.sent("image")
    assert PIXEL in json.dumps(sent["body"])


REFUSALS = [
    ("bad-key", "AuthenticationError", 401, "auth.invalid"),
    ("bad-key-stream", "AuthenticationError", 401, "auth.invalid"),
    ("limited", "RateLimitError", 429, "provider.rate_limited"),
    ("spent", "RateLimitError", 429, "provider.rate_limited"),
    ("overloaded", "InternalServerError", 503, "provider.unavailable"),
]


@pytest.mark.parametrize(("question", "error", "status", "code"), REFUSALS)
def test_failure_keeps_its_meaning(
    said: Answers, sdk: Sdk, question: str, error: str, status: int, code: str
) -> None:
    answer = said[question]
    if (sdk, status) == (Sdk.ANTHROPIC, 503):
        error = "ServiceUnavailableError"  # a class of its own in this SDK
    assert (answer["ok"], answer["error"]) == (False, error)
    assert (answer["status"], answer["code"]) == (status, code)
    assert answer["retry_after"] == ("9" if question == "limited" else None)


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("stream-error", "provider.unavailable"),
        ("dropped", "provider.truncated"),
        ("truncated", "provider.truncated"),
    ],
)
def test_broken_stream_is_an_error_never_a_success(said: Answers, question: str, code: str) -> None:
    answer = said[question]
    assert not answer["ok"], answer
    assert answer["pieces"] > 0, "what came before the break was passed on"
    # The gateway's own code: the SDK was told, and did not just stumble.
    assert answer["code"] == code
