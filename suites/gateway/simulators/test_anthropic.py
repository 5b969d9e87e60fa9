"""The simulator is Anthropic as far as Anthropic's own SDK can tell."""

from __future__ import annotations

from typing import Any

import anthropic
import httpx2
import pytest

from fixtures.providers.anthropic import MODELS
from fixtures.providers.client import Simulator
from suites.gateway.conftest import Unique
from suites.gateway.simulators.asking import (
    CLAUDE,
    SCHEMA,
    WORDS,
    ask,
)


class TestAnthropic:
    def test_plain_answer_and_count_agree(self, claude: anthropic.Anthropic) -> None:
        answer = ask(claude)
        assert answer.content[0].text == f"Simulated answer to: {WORDS}"
        assert answer.stop_reason == "end_turn"
        counted = claude.messages.count_tokens(
            model=CLAUDE, messages=[{"role": "user", "content": WORDS}]
        )
        assert answer.usage.input_tokens == counted.input_tokens == 6

    @pytest.mark.parametrize("shape", ["ok", "ok;fragment=1", "ok;crlf=1"])
    def test_stream_accumulates_to_the_plain_answer(
        self, claude: anthropic.Anthropic, shape: str
    ) -> None:
        with claude.messages.stream(
            model=CLAUDE,
            max_tokens=2000,
            messages=[{"role": "user", "content": WORDS}],
            thinking={"type": "adaptive"},
            extra_headers={"x-sim-behaviour": shape},
        ) as opened:
            final = opened.get_final_message()
        assert [block.type for block in final.content] == ["thinking", "text"]
        assert final.content[0].signature  # type: ignore[union-attr]
        assert final.content[1].text == f"Simulated answer to: {WORDS}"  # type: ignore[union-attr]
        assert final.usage.output_tokens == 15

    def test_tool_call_plain_and_streamed(self, claude: anthropic.Anthropic) -> None:
        tools = [{"name": "weather", "input_schema": SCHEMA}]
        answer = ask(claude, tools=tools)
        assert (answer.stop_reason, answer.content[0].input) == ("tool_use", {"city": "example"})
        events = list(ask(claude, tools=tools, stream=True))
        pieces = [e.delta.partial_json for e in events if e.type == "content_block_delta"]
        assert "".join(pieces) == '{"city": "example"}'
        assert events[-1].type == "message_stop"

    @pytest.mark.parametrize("as_stream", [False, True])
    @pytest.mark.parametrize(
        ("behaviour", "status", "kind"),
        [
            ("bad_key", 401, "authentication_error"),
            ("rate_limited", 429, "rate_limit_error"),
            ("overloaded", 529, "overloaded_error"),
            ("server_error", 500, "api_error"),
        ],
    )
    def test_refusals(
        self,
        claude: anthropic.Anthropic,
        behaviour: str,
        status: int,
        kind: str,
        as_stream: bool,
    ) -> None:
        with pytest.raises(anthropic.APIStatusError) as refused:
            ask(claude, behaviour, stream=as_stream)
        body: Any = refused.value.body
        assert (refused.value.status_code, body["error"]["type"]) == (status, kind)
        assert body["request_id"] == refused.value.response.headers["request-id"]

    def test_error_in_the_stream(self, claude: anthropic.Anthropic) -> None:
        with pytest.raises(anthropic.APIStatusError, match="Overloaded"):
            list(ask(claude, "stream_error", stream=True))

    @pytest.mark.parametrize("version", [{}, {"anthropic-version": "2020-01-01"}])
    def test_version_is_required_and_known(
        self, simulator: Simulator, unique: Unique, version: dict[str, str]
    ) -> None:
        answer = httpx2.post(
            f"{simulator.address}/anthropic/v1/messages",
            json={},
            headers={"x-api-key": unique.key, **version},
        )
        assert answer.status_code == 400
        assert "anthropic-version" in answer.json()["error"]["message"]

    @pytest.mark.parametrize("setting", ["temperature", "top_p", "top_k"])
    def test_newer_version_has_no_sampling(self, claude: anthropic.Anthropic, setting: str) -> None:
        older = {"anthropic-version": "2023-06-01", "x-sim-behaviour": "ok"}
        wanted: Any = {"model": CLAUDE, "max_tokens": 9, "extra_body": {setting: 1}}
        messages: Any = [{"role": "user", "content": WORDS}]
        with pytest.raises(anthropic.BadRequestError, match=setting):
            claude.messages.create(messages=messages, **wanted)
        assert claude.messages.create(messages=messages, extra_headers=older, **wanted).content

    def test_models_come_in_pages(self, claude: anthropic.Anthropic) -> None:
        # The SDK follows the pages by itself.
        assert [model.id for model in claude.models.list(limit=1)] == sorted(MODELS)
        first = claude.models.list(limit=2)
        assert (first.has_more, [model.id for model in first.data]) == (True, sorted(MODELS)[:2])
        before = claude.models.list(limit=1, before_id=sorted(MODELS)[2])
        assert [model.id for model in before.data] == [sorted(MODELS)[1]]
        assert claude.models.retrieve(CLAUDE).id == CLAUDE
        with pytest.raises(anthropic.NotFoundError):
            claude.models.retrieve("claude-nobody")

    @pytest.mark.parametrize("wrong", [{"limit": 0}, {"limit": 1001}, {"after_id": "nobody"}])
    def test_pages_that_cannot_be_are_refused(
        self, claude: anthropic.Anthropic, wrong: dict[str, Any]
    ) -> None:
        with pytest.raises(anthropic.BadRequestError):
            claude.models.list(**wrong)

    def test_system_text_and_tool_results_are_counted(self, claude: anthropic.Anthropic) -> None:
        used: Any = {"type": "tool_use", "id": "t", "name": "weather", "input": {}}
        result: Any = {"type": "tool_result", "tool_use_id": "t", "content": "sunny and warm"}
        messages: Any = [
            {"role": "user", "content": WORDS},
            {"role": "assistant", "content": [used]},
            {"role": "user", "content": [result]},
        ]
        wanted: dict[str, Any] = {"model": CLAUDE, "system": "be brief", "messages": messages}
        counted = claude.messages.count_tokens(**wanted)
        answer = claude.messages.create(max_tokens=50, **wanted)
        assert counted.input_tokens == answer.usage.input_tokens == 6 + 5 + 3 + 7
