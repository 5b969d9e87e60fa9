"""The simulated vendors satisfy the vendors' own Node SDKs, unmodified.

What a vendor's Python SDK forgives its Node SDK may not, and the other way round.
"""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest

from fixtures.providers.client import Simulator
from fixtures.sdks.client import Sdk
from suites.gateway.node.asking import PIXEL, Answers

# Vendor -> SDK, base path, model.
SURFACES = {
    "openai": (Sdk.OPENAI, "openai/v1", "gpt-4o-mini"),
    "azure": (Sdk.OPENAI, "azure", "gpt-4o-mini"),
    "anthropic": (Sdk.ANTHROPIC, "anthropic", "claude-fable-5-2"),
    "google": (Sdk.GOOGLE, "google", "gemini-2.5-flash"),
}
ENDS = {"openai": "stop", "azure": "stop", "anthropic": "end_turn", "google": "STOP"}


@pytest.fixture(scope="module", params=SURFACES)
def vendor(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def said(simulator: Simulator, vendor: str) -> Answers:
    sdk, path, model = SURFACES[vendor]
    base = f"{simulator.address}/{path}"
    key = f"sk-sim-{uuid4().hex}"
    return Answers(simulator, sdk).ask(base, model, key, azure=vendor == "azure")


@pytest.mark.parametrize("question", ["plain", "stream"])
def test_words_come_whole(said: Answers, vendor: str, question: str) -> None:
    answer = said[question]
    assert answer["ok"], answer
    assert (answer["text"], answer["finish"]) == (said.expected(question), ENDS[vendor])
    assert (answer["pieces"] > 1) == (question == "stream")


def test_usage_is_told(said: Answers, vendor: str) -> None:
    for question in ("plain", "stream"):
        assert _tokens(vendor, said[question]["usage"]) == said.tokens(question)


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


@pytest.mark.parametrize("question", ["bad-key", "bad-key-stream"])
def test_refused_key_is_the_sdks_own_error(said: Answers, vendor: str, question: str) -> None:
    answer = said[question]
    assert not answer["ok"]
    names = {"google": "ApiError"}
    assert answer["error"] == names.get(vendor, "AuthenticationError")
    # Google calls a refused key a malformed request.
    assert answer["status"] == (400 if vendor == "google" else 401)


def test_limit_tells_how_long_to_wait(said: Answers, vendor: str) -> None:
    answer = said["limited"]
    assert (answer["ok"], answer["status"]) == (False, 429)
    if vendor == "google":
        assert '"retryDelay":"9s"' in answer["message"]
    else:
        assert (answer["error"], answer["retry_after"]) == ("RateLimitError", "9")


def test_limit_that_passes_is_tried_again_by_the_sdk(said: Answers, vendor: str) -> None:
    tries_again = vendor != "google"
    assert said["limited-once"]["ok"] == tries_again
    assert len(said.sent("limited-once")) == (2 if tries_again else 1)


def test_spent_account_is_told_from_a_limit(said: Answers, vendor: str) -> None:
    answer = said["spent"]
    assert answer["status"] == (402 if vendor == "google" else 429)
    assert answer["retry_after"] is None


def test_overload_keeps_its_status(said: Answers, vendor: str) -> None:
    assert said["overloaded"]["status"] == (529 if vendor == "anthropic" else 503)


@pytest.mark.parametrize("question", ["stream-error", "dropped"])
def test_failure_in_the_stream_reaches_the_caller(said: Answers, question: str) -> None:
    answer = said[question]
    assert not answer["ok"], answer
    assert answer["pieces"] > 0


def test_stream_that_just_ends_looks_like_success(said: Answers, vendor: str) -> None:
    """Why the gateway must notice: of the SDKs only Anthropic's accumulator does."""
    answer = said["truncated"]
    assert answer["text"] != said.expected("truncated")
    assert answer["ok"] == (vendor != "anthropic"), answer
    assert answer.get("finish") is None


def _tokens(vendor: str, usage: dict[str, Any]) -> tuple[int, int]:
    names = {
        "anthropic": ("input_tokens", "output_tokens"),
        "google": ("promptTokenCount", "candidatesTokenCount"),
    }
    first, second = names.get(vendor, ("prompt_tokens", "completion_tokens"))
    return usage[first], usage[second]
