"""The simulator is OpenAI as far as OpenAI's own SDK can tell, and breaks exactly as told.

Everything else in this suite believes the simulator, so it is held to the vendor's client first.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming

from fixtures.providers.behaviour import Behaviour, BehaviourError, Name, parse
from fixtures.providers.client import ROOT, Simulator
from fixtures.providers.openai import MODELS, PARAMETERS
from suites.gateway.conftest import Unique

MODEL = "gpt-4o-mini"
WEATHER_TOOL: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "unit": {"enum": ["celsius", "fahrenheit"]},
                "days": {"type": "integer"},
            },
            "required": ["city", "unit"],
        },
    },
}


@pytest.fixture
def client(simulator: Simulator, unique: Unique) -> Iterator[openai.OpenAI]:
    """The vendor's SDK as shipped, but for retries: each test asks for the ones it wants."""
    with openai.OpenAI(
        api_key=unique.key, base_url=simulator.base_url, max_retries=0, timeout=10
    ) as made:
        yield made


def say(client: openai.OpenAI, words: str, behaviour: str = "ok", **more: Any) -> Any:
    """One chat request with a scripted answer."""
    return client.chat.completions.create(
        model=f"{MODEL}~{behaviour}", messages=[{"role": "user", "content": words}], **more
    )


def text_of(stream: Any) -> str:
    """The words of a stream, read to its end."""
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)


class TestHonestAnswers:
    def test_plain_answer_carries_words_snapshot_and_usage(self, client: openai.OpenAI) -> None:
        answer = say(client, "où est-il?")

        assert answer.choices[0].message.content == "Simulated answer to: où est-il?"
        assert answer.choices[0].finish_reason == "stop"
        assert answer.model == MODELS[MODEL]
        # What support asks for first; the SDK reads it from a header.
        assert answer._request_id.startswith("req_")
        # 10 characters are 3 tokens, a message costs 3 more; the answer has 31 characters.
        assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (6, 8)

    @pytest.mark.parametrize(
        "shape",
        ["ok", "ok;fragment=1", "ok;crlf=1", "ok;comments=1", "ok;fragment=3;crlf=1;comments=1"],
    )
    def test_stream_joins_to_the_plain_answer_however_it_is_cut(
        self, client: openai.OpenAI, shape: str
    ) -> None:
        words = "naïve 日本語 🎈"

        chunks = list(
            say(client, words, shape, stream=True, stream_options={"include_usage": True})
        )

        assert text_of(chunks) == f"Simulated answer to: {words}"
        assert [chunk.usage for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
        assert chunks[-1].choices == []
        assert chunks[-1].usage == say(client, words).usage
        assert chunks[-2].choices[0].finish_reason == "stop"

    def test_stream_sends_usage_only_when_asked(self, client: openai.OpenAI) -> None:
        assert all(chunk.usage is None for chunk in say(client, "hello", stream=True))

    def test_several_choices_and_a_limit(self, client: openai.OpenAI) -> None:
        answer = say(client, "hello", n=2, max_completion_tokens=3)

        assert [choice.message.content for choice in answer.choices] == ["Simulated an"] * 2
        assert {choice.finish_reason for choice in answer.choices} == {"length"}
        assert answer.usage.completion_tokens == 6

    def test_stop_sequence_ends_the_answer_before_it(self, client: openai.OpenAI) -> None:
        assert say(client, "hello", stop=" to:").choices[0].message.content == "Simulated answer"

    def test_tool_call_then_words_about_its_result(self, client: openai.OpenAI) -> None:
        first = say(client, "weather?", tools=[WEATHER_TOOL])
        call = first.choices[0].message.tool_calls[0]
        assert first.choices[0].finish_reason == "tool_calls"
        assert first.choices[0].message.content is None
        assert json.loads(call.function.arguments) == {"city": "example", "unit": "celsius"}

        second = client.chat.completions.create(
            model=MODEL,
            tools=[typing.cast("Any", WEATHER_TOOL)],
            messages=[
                {"role": "user", "content": "weather?"},
                first.choices[0].message.to_dict(),
                {"role": "tool", "tool_call_id": call.id, "content": "sunny"},
            ],
        )
        assert second.choices[0].message.content == "Simulated answer to: sunny"

    def test_streamed_tool_call_joins_to_the_plain_one(self, client: openai.OpenAI) -> None:
        with client.chat.completions.stream(
            model=MODEL,
            messages=[{"role": "user", "content": "weather?"}],
            tools=[typing.cast("Any", {**WEATHER_TOOL, "strict": False})],
        ) as stream:
            final = stream.get_final_completion()

        calls = final.choices[0].message.tool_calls
        assert calls is not None
        assert calls[0].function.name == "weather"
        assert json.loads(calls[0].function.arguments) == {"city": "example", "unit": "celsius"}

    def test_json_schema_answer_satisfies_its_schema(self, client: openai.OpenAI) -> None:
        schema = {"type": "object", "properties": {"ok": {"type": "boolean"}}}
        form = {"type": "json_schema", "json_schema": {"name": "verdict", "schema": schema}}

        answer = say(client, "well?", response_format=form)

        assert json.loads(answer.choices[0].message.content) == {"ok": True}

    def test_models_are_listed_and_found(self, client: openai.OpenAI) -> None:
        assert {model.id for model in client.models.list()} == set(MODELS)
        assert client.models.retrieve(MODEL).id == MODEL
        with pytest.raises(openai.NotFoundError) as refused:
            client.models.retrieve("gpt-0")
        assert refused.value.code == "model_not_found"

    def test_the_same_request_after_a_reset_gives_the_same_bytes(self) -> None:
        bodies = []
        for _ in range(2):
            with Simulator.start() as fresh:
                bodies.append(raw_chat(fresh, "sk-sim-same", stream=True).content)
        assert bodies[0] == bodies[1]

    def test_known_parameters_are_those_of_the_sdk(self) -> None:
        sdk = set(typing.get_type_hints(CompletionCreateParamsNonStreaming))
        assert sdk | {"stream"} == PARAMETERS


class TestRefusals:
    def test_missing_key(self, simulator: Simulator) -> None:
        answer = httpx2.post(f"{simulator.base_url}/chat/completions", json={})

        assert answer.status_code == 401
        assert answer.json()["error"]["code"] is None
        assert "You didn't provide an API key" in answer.json()["error"]["message"]

    def test_bad_key_is_masked_in_the_refusal(self, simulator: Simulator) -> None:
        key = "sk-other-0123456789-tail"
        with (
            openai.OpenAI(api_key=key, base_url=simulator.base_url) as stranger,
            pytest.raises(openai.AuthenticationError) as refused,
        ):
            say(stranger, "hello")

        assert refused.value.code == "invalid_api_key"
        assert key not in str(refused.value)
        assert "sk-other************tail" in str(refused.value)

    @pytest.mark.parametrize(
        ("change", "code", "parameter"),
        [
            ({"model": "gpt-0"}, "model_not_found", None),
            ({"messages": []}, "empty_array", "messages"),
            ({"messages": [{"content": "x"}]}, "invalid_type", "messages[0].role"),
            ({"n": 0}, "integer_below_min_value", "n"),
            ({"colour": "red"}, "unknown_parameter", "colour"),
        ],
    )
    def test_bad_request_names_its_parameter(
        self, client: openai.OpenAI, change: dict[str, Any], code: str, parameter: str | None
    ) -> None:
        body = {"model": MODEL, "messages": [{"role": "user", "content": "x"}], **change}
        with pytest.raises(openai.APIStatusError) as refused:
            client.post("/chat/completions", body=body, cast_to=object)
        assert (refused.value.code, refused.value.param) == (code, parameter)

    def test_unknown_path(self, client: openai.OpenAI) -> None:
        with pytest.raises(openai.NotFoundError, match=r"Invalid URL \(POST /v1/nowhere\)"):
            client.post("/nowhere", body={}, cast_to=object)


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


class TestRecord:
    def test_keys_are_fingerprints_unless_asked_for(
        self, client: openai.OpenAI, simulator: Simulator, unique: Unique
    ) -> None:
        say(client, f"my key is {unique.key}", user=unique.key)

        assert unique.key not in json.dumps(simulator.requests())
        (plain,) = simulator.requests(keys="plain", **unique.match)
        assert plain["key"] == unique.key
        assert plain["headers"]["authorization"] == f"Bearer {unique.key}"
        assert plain["body"]["user"] == unique.key

    def test_client_that_leaves_is_recorded(
        self, client: openai.OpenAI, simulator: Simulator, unique: Unique
    ) -> None:
        stream = say(client, unique.key, "ok;drip_ms=50", stream=True)
        next(stream)
        stream.close()

        records = simulator.wait_for(
            lambda found: any(r["outcome"] == "client_closed" for r in found)
        )
        assert any(0 < record["frames_sent"] < 9 for record in records)

    def test_connections_and_concurrency_are_counted(self) -> None:
        with Simulator.start() as alone:
            with openai.OpenAI(api_key="sk-sim-one", base_url=alone.base_url) as client:
                say(client, "a")
                say(client, "b")
                barrier = threading.Barrier(4)
                threads = [
                    threading.Thread(
                        target=lambda: (barrier.wait(), say(client, "c", "ok;delay_ms=300"))
                    )
                    for _ in range(4)
                ]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
            first, second, *others = alone.requests()
            assert first["connection"] == second["connection"] == 1
            assert {other["connection"] for other in others} == {1, 2, 3, 4}
            assert alone.stats() == {
                "requests": 6,
                "in_flight": 0,
                "peak_in_flight": 4,
                "scripted": 0,
            }
            alone.reset()
            assert alone.requests() == []

    def test_control_refuses_what_it_does_not_know(self, simulator: Simulator) -> None:
        for body in ('{"behaviour": "ok", "tmes": 2}', '{"behaviour": "okay"}', "[1]", "nonsense"):
            answer = httpx2.post(f"{simulator.address}/_control/queue", content=body)
            assert answer.status_code == 400, body
            assert answer.json()["error"]
        assert httpx2.get(f"{simulator.address}/_control/requests?colour=red").status_code == 400


class TestProcess:
    def test_address_is_printed_and_written(self, tmp_path: Path) -> None:
        port_file = tmp_path / "port"
        with Simulator.start("--port-file", str(port_file)) as started:
            assert started.address == f"http://127.0.0.1:{port_file.read_text().strip()}"

    def test_only_loopback_is_served(self) -> None:
        command = [sys.executable, "-m", "fixtures.providers", "--host", "0.0.0.0"]
        refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30)
        assert refused.returncode == 2
        assert "0.0.0.0 is not a loopback address" in refused.stderr

    def test_it_ends_with_its_standard_input(self) -> None:
        command = [sys.executable, "-m", "fixtures.providers", "--until-eof"]
        ended = subprocess.run(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, timeout=30
        )
        assert ended.returncode == 0


class TestBehaviourLanguage:
    @pytest.mark.parametrize("name", list(Name))
    def test_what_is_written_reads_back(self, name: Name) -> None:
        behaviour = Behaviour(name=name, after=7, crlf=True, retry_after_ms=3)
        assert parse(str(behaviour)) == behaviour

    @pytest.mark.parametrize(
        "text",
        ["", "ok;", "ok;after", "ok;after=-1", "ok;after=x", "ok;crlf=yes", "ok;after=1;after=2"],
    )
    def test_malformed_text_is_refused(self, text: str) -> None:
        with pytest.raises(BehaviourError):
            parse(text)


def raw_chat(
    simulator: Simulator, key: str, *, model: str = MODEL, stream: bool = False
) -> httpx2.Response:
    """One chat request without the SDK, to see the bytes."""
    body = {"model": model, "messages": [{"role": "user", "content": "hello"}], "stream": stream}
    return httpx2.post(
        f"{simulator.base_url}/chat/completions",
        json=body,
        headers={"authorization": f"Bearer {key}"},
        follow_redirects=False,
    )
