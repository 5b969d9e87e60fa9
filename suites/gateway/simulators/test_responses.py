"""OpenAI's Responses API, simulated: what OpenAI's own SDK makes of it."""

from __future__ import annotations

from typing import Any

import openai
import pytest
from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming

from fixtures.providers.openai import MODELS
from fixtures.providers.openai_requests import RESPONSE_PARAMETERS
from suites.gateway.simulators.asking import MODEL, SCHEMA, WORDS

TOOL = {"type": "function", "name": "weather", "parameters": SCHEMA}


def respond(client: openai.OpenAI, behaviour: str = "ok", words: Any = WORDS, **more: Any) -> Any:
    return client.responses.create(model=f"{MODEL}~{behaviour}", input=words, **more)


def test_plain_answer_carries_words_snapshot_and_usage(client: openai.OpenAI) -> None:
    answer = respond(client, instructions="be brief")
    assert (answer.output_text, answer.status) == (f"Simulated answer to: {WORDS}", "completed")
    assert answer.model == MODELS[MODEL]
    usage = answer.usage
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (11, 8, 19)


@pytest.mark.parametrize("shape", ["ok", "ok;fragment=1", "ok;crlf=1", "ok;comments=1"])
def test_stream_accumulates_to_the_plain_answer(client: openai.OpenAI, shape: str) -> None:
    with client.responses.stream(model=f"{MODEL}~{shape}", input=WORDS) as opened:
        events = list(opened)
        final = opened.get_final_response()
    assert final.output_text == f"Simulated answer to: {WORDS}"
    assert final.usage is not None
    assert final.usage.output_tokens == 8
    numbers = [event.sequence_number for event in events]
    assert numbers == sorted(set(numbers)), "events are numbered in their order"
    assert events[-1].type == "response.completed"


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_tool_is_called_and_its_result_heard(client: openai.OpenAI, streamed: bool) -> None:
    wanted: dict[str, Any] = {"model": MODEL, "input": WORDS, "tools": [TOOL]}
    if streamed:
        with client.responses.stream(**wanted) as opened:
            answer: Any = opened.get_final_response()
    else:
        answer = client.responses.create(**wanted)
    (call,) = answer.output
    assert (call.type, call.name, call.arguments) == (
        "function_call",
        "weather",
        '{"city": "example"}',
    )
    made = {"type": "function_call", "call_id": call.call_id, "name": call.name, "arguments": "{}"}
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
    history = [{"role": "user", "content": WORDS}, made, result]
    assert "sunny" in respond(client, words=history, tools=[TOOL]).output_text


def test_kinds_of_tokens_stand_in_their_places(client: openai.OpenAI) -> None:
    usage = respond(client, "ok;usage=input:100,cached:40,output:20,reasoning:5").usage
    assert (usage.input_tokens, usage.input_tokens_details.cached_tokens) == (140, 40)
    assert (usage.output_tokens, usage.output_tokens_details.reasoning_tokens) == (25, 5)


def test_limit_and_filter_leave_it_incomplete(client: openai.OpenAI) -> None:
    cut = respond(client, max_output_tokens=2)
    assert (cut.status, cut.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    withheld = respond(client, "content_filter")
    assert (withheld.incomplete_details.reason, withheld.output) == ("content_filter", [])


@pytest.mark.parametrize(
    ("behaviour", "status"), [("bad_key", 401), ("rate_limited", 429), ("overloaded", 503)]
)
def test_refusals_are_those_of_the_other_api(
    client: openai.OpenAI, behaviour: str, status: int
) -> None:
    with pytest.raises(openai.APIStatusError) as refused:
        respond(client, behaviour)
    assert refused.value.status_code == status


def test_error_in_the_stream_is_an_event(client: openai.OpenAI) -> None:
    # The SDK raises for the error of a chat stream, and hands this one on.
    *_, last = respond(client, "stream_error;after=4", stream=True)
    assert (last.type, last.code) == ("error", "server_error")


def test_stream_that_just_ends_has_no_last_event(client: openai.OpenAI) -> None:
    events = list(respond(client, "truncated;after=6", stream=True))
    assert len(events) == 6
    assert events[-1].type != "response.completed"


@pytest.mark.parametrize("wanted", [{"input": []}, {"input": [{}]}, {"max_output_tokens": 0}])
def test_bad_request_names_its_parameter(client: openai.OpenAI, wanted: dict[str, Any]) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(**{"model": MODEL, "input": "x", **wanted})
    assert str(refused.value.param).startswith(next(iter(wanted)))


def test_azure_serves_it_too(azure: openai.AzureOpenAI) -> None:
    answer = azure.responses.create(model=MODEL, input=WORDS)
    assert answer.output_text == f"Simulated answer to: {WORDS}"


def test_known_parameters_are_those_of_the_sdk() -> None:
    # A stream is a type of its own there.
    assert set(ResponseCreateParamsNonStreaming.__annotations__) | {"stream"} == RESPONSE_PARAMETERS
