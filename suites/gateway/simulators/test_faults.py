"""A simulator breaks exactly as told, and not otherwise."""

from __future__ import annotations

import json

import openai
import pytest

from fixtures.providers.client import Simulator
from suites.gateway.conftest import Unique
from suites.gateway.simulators.asking import (
    MODEL,
    raw_chat,
    say,
    text_of,
)


class TestScriptedFaults:
    @pytest.mark.parametrize("stream", [False, True])
    @pytest.mark.parametrize(
        ("behaviour", "error", "code"),
        [
            ("bad_key", openai.AuthenticationError, "invalid_api_key"),
            ("rate_limited", openai.RateLimitError, "rate_limit_exceeded"),
            ("quota_exhausted", openai.RateLimitError, "insufficient_quota"),
            ("overloaded", openai.InternalServerError, None),
            ("server_error", openai.InternalServerError, None),
            ("html_error", openai.InternalServerError, None),
        ],
    )
    def test_refusal_in_the_vendors_words(
        self,
        client: openai.OpenAI,
        behaviour: str,
        error: type[openai.APIStatusError],
        code: str | None,
        stream: bool,
    ) -> None:
        with pytest.raises(error) as refused:
            say(client, "hello", behaviour, stream=stream)
        assert refused.value.code == code

    def test_rate_limit_headers_agree_with_each_other(self, client: openai.OpenAI) -> None:
        with pytest.raises(openai.RateLimitError) as refused:
            say(client, "hello", "rate_limited;retry_after_ms=1500")

        headers = refused.value.response.headers
        assert (headers["retry-after-ms"], headers["retry-after"]) == ("1500", "2")
        assert headers["x-ratelimit-remaining-requests"] == "0"
        assert headers["x-ratelimit-reset-requests"] == "1500ms"

    def test_sdk_retries_through_a_queued_limit(
        self, client: openai.OpenAI, simulator: Simulator, unique: Unique
    ) -> None:
        simulator.queue("rate_limited;retry_after_ms=1", "overloaded", match=unique.match)

        patient = client.with_options(max_retries=2)
        answer = patient.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": "hello"}]
        )

        assert answer.choices[0].finish_reason == "stop"
        assert [sent["status"] for sent in simulator.requests(**unique.match)] == [429, 503, 200]

    @pytest.mark.parametrize(
        ("behaviour", "error"),
        [
            ("stream_error", openai.APIError),
            ("dropped", openai.APIConnectionError),
            ("reset", openai.APIConnectionError),
            ("stall", openai.APITimeoutError),
            ("invalid_utf8", UnicodeDecodeError),
        ],
    )
    def test_stream_breaks_after_what_was_promised(
        self, client: openai.OpenAI, behaviour: str, error: type[Exception]
    ) -> None:
        seen: list[str | None] = []
        brief = client.with_options(timeout=0.5)
        with pytest.raises(error):
            seen.extend(
                chunk.choices[0].delta.content
                for chunk in say(brief, "hello", f"{behaviour};after=3", stream=True)
            )
        assert seen == ["", "Simu", "late"]

    def test_clean_early_end_looks_like_success_to_the_sdk(self, client: openai.OpenAI) -> None:
        # This is why the gateway must look for the terminator itself.
        chunks = list(say(client, "hello", "truncated;after=3", stream=True))

        assert text_of(chunks) == "Simulate"
        assert [chunk.choices[0].finish_reason for chunk in chunks] == [None] * 3

    def test_missing_terminator_withholds_only_the_terminator(
        self, simulator: Simulator, unique: Unique
    ) -> None:
        whole = raw_chat(simulator, unique.key, stream=True).text
        cut = raw_chat(simulator, unique.key, model=f"{MODEL}~no_terminator", stream=True).text

        assert whole.endswith("data: [DONE]\n\n")
        assert "[DONE]" not in cut
        assert '"finish_reason":"stop"' in cut
        assert whole.count("data:") == cut.count("data:") + 1

    @pytest.mark.parametrize(
        ("behaviour", "error"),
        [
            ("truncated", openai.APIConnectionError),
            ("dropped", openai.APIConnectionError),
            ("reset", openai.APIConnectionError),
            ("reset;after=0", openai.APIConnectionError),
            ("stall", openai.APITimeoutError),
            ("stream_error", openai.InternalServerError),
            ("not_json", json.JSONDecodeError),
            ("empty_body", json.JSONDecodeError),
            ("invalid_utf8", UnicodeDecodeError),
        ],
    )
    def test_plain_answer_breaks(
        self, client: openai.OpenAI, behaviour: str, error: type[Exception]
    ) -> None:
        with pytest.raises(error):
            say(client.with_options(timeout=0.5), "hello", behaviour)

    def test_delay_and_drip_take_the_time_they_say(self, client: openai.OpenAI) -> None:
        with pytest.raises(openai.APITimeoutError):
            say(client.with_options(timeout=0.1), "hello", "ok;delay_ms=400")

        answer = say(client, "hello", "ok;drip_ms=5", stream=True)
        assert text_of(answer) == "Simulated answer to: hello"

    @pytest.mark.parametrize("where", ["body", "header", "stream"])
    def test_hostile_vendor_shows_the_key(
        self, simulator: Simulator, unique: Unique, where: str
    ) -> None:
        model = f"{MODEL}~echo_key;where={where}"

        answer = raw_chat(simulator, unique.key, model=model, stream=where == "stream")

        assert unique.key in answer.text + str(answer.headers)

    def test_redirect_goes_where_it_is_told(self, simulator: Simulator, unique: Unique) -> None:
        target = "http://127.0.0.1:9/v1/elsewhere"

        answer = raw_chat(simulator, unique.key, model=f"{MODEL}~redirect;location={target}")

        assert (answer.status_code, answer.headers["location"]) == (307, target)

    def test_typo_is_refused_and_names_what_is_known(self, client: openai.OpenAI) -> None:
        with pytest.raises(openai.BadRequestError, match=r"'resett' is unknown; known are ok, bad"):
            say(client, "hello", "resett")

    def test_header_decides_before_model_name_and_queue(
        self, client: openai.OpenAI, simulator: Simulator, unique: Unique
    ) -> None:
        simulator.queue("server_error", match=unique.match)

        with pytest.raises(openai.InternalServerError) as refused:
            say(client, "x", "bad_key", extra_headers={"x-sim-behaviour": "overloaded"})
        assert refused.value.status_code == 503
        with pytest.raises(openai.AuthenticationError):
            say(client, "x", "bad_key")
        with pytest.raises(openai.InternalServerError) as refused:
            client.models.list()
        assert refused.value.status_code == 500
        client.models.list()
