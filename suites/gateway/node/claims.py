"""What must hold of a gateway's answers to the Node SDKs, whosever key they are given with."""

from __future__ import annotations

import json

import pytest

from fixtures.sdks.client import Sdk
from suites.gateway.node.asking import PIXEL, Answers

REFUSALS = [
    ("bad-key", "AuthenticationError", 401, "auth.invalid"),
    ("bad-key-stream", "AuthenticationError", 401, "auth.invalid"),
    ("limited", "RateLimitError", 429, "provider.rate_limited"),
    ("spent", "RateLimitError", 429, "provider.rate_limited"),
    ("overloaded", "InternalServerError", 503, "provider.unavailable"),
]


class Claims:
    """Put to the answers of one SDK and one provider, which a subclass's `said` brings."""

    @pytest.mark.parametrize("question", ["plain", "stream", "limited-once"])
    def test_words_come_whole(self, said: Answers, question: str) -> None:
        answer = said[question]
        assert answer["ok"], answer
        end = "stop" if said.sdk is Sdk.OPENAI else "end_turn"
        assert (answer["text"], answer["finish"]) == (said.expected(question), end)
        assert (answer["pieces"] > 1) == (question == "stream")

    def test_usage_is_told(self, said: Answers) -> None:
        names = ("prompt_tokens", "completion_tokens")
        if said.sdk is Sdk.ANTHROPIC:
            names = ("input_tokens", "output_tokens")
        for question in ("plain", "stream"):
            usage = said[question]["usage"]
            assert tuple(usage[name] for name in names) == said.tokens(question)

    @pytest.mark.parametrize("question", ["tools", "tools-stream"])
    def test_tool_is_called_and_its_result_heard(self, said: Answers, question: str) -> None:
        answer = said[question]
        assert answer["ok"], answer
        assert answer["call"] == {"name": "weather", "arguments": {"city": "example"}}
        assert "sunny" in answer["text"]
        assert len(said.sent(question)) == 2

    def test_image_arrives(self, said: Answers) -> None:
        assert said["image"]["ok"], said["image"]
        (sent,) = said.sent("image")
        assert PIXEL in json.dumps(sent["body"])

    @pytest.mark.parametrize(("question", "error", "status", "code"), REFUSALS)
    def test_failure_keeps_its_meaning(
        self, said: Answers, question: str, error: str, status: int, code: str
    ) -> None:
        answer = said[question]
        if (said.sdk, status) == (Sdk.ANTHROPIC, 503):
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
    def test_broken_stream_is_an_error_never_a_success(
        self, said: Answers, question: str, code: str
    ) -> None:
        answer = said[question]
        assert not answer["ok"], answer
        assert answer["pieces"] > 0, "what came before the break was passed on"
        # The gateway's own code: the SDK was told, and did not just stumble.
        assert answer["code"] == code
