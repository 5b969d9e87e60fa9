"""The double is Ollama as far as its official Python and JavaScript clients can tell."""

from __future__ import annotations

import json
import math

import pytest

from fixtures.ollama.clients.client import Client
from fixtures.ollama.double import BROKE, BUSY, CRASHED, LOAD_MS
from fixtures.ollama.turn import IMAGE_TOKENS, PROMPT_NS, TOKEN_NS
from fixtures.providers.completion import prompt_tokens, tokens_of
from suites.local.ollama.asking import GEMMA, LLAMA, NOMIC, PIXEL, QWEN, SAID, WORDS
from suites.local.ollama.conftest import Said

HEARD = prompt_tokens([WORDS])


class TestWords:
    def test_whole_answer_has_words_counts_and_durations(self, said: Said) -> None:
        answer = said.result("chat")
        assert (answer["message"]["content"], answer["done_reason"]) == (SAID, "stop")
        counts = (answer["prompt_eval_count"], answer["eval_count"])
        assert counts == (HEARD, len(tokens_of(SAID)))
        assert answer["eval_duration"] == counts[1] * TOKEN_NS
        assert answer["load_duration"] == LOAD_MS * 1_000_000
        parts = ("load_duration", "prompt_eval_duration", "eval_duration")
        assert answer["total_duration"] == sum(answer[name] for name in parts)

    @pytest.mark.parametrize("question", ["chat-stream", "fragments"])
    def test_stream_is_the_whole_answer_in_pieces(self, said: Said, question: str) -> None:
        *words, last = said.pieces(question)
        assert "".join(one["message"]["content"] for one in words) == SAID
        assert not any(one["done"] for one in words)
        assert (last["done"], last["done_reason"]) == (True, "stop")
        assert (last["prompt_eval_count"], last["eval_count"]) == (HEARD, len(words))
        assert last["model"] == LLAMA

    def test_generate_carries_the_conversation_as_tokens(self, said: Said) -> None:
        whole = said.result("generate")
        *words, last = said.pieces("generate-stream")
        assert whole["response"] == "".join(one["response"] for one in words) == SAID
        assert whole["context"] == last["context"]
        assert len(whole["context"]) == len(tokens_of(WORDS)) + len(tokens_of(SAID))

    def test_tool_is_called_and_its_result_heard(self, said: Said) -> None:
        (call,) = said.result("tool")["message"]["tool_calls"]
        assert call["function"]["name"] == "weather"
        assert call["function"]["arguments"] == {"city": "example"}
        asking, last = said.pieces("tool-stream")
        assert asking["message"]["tool_calls"][0]["function"] == call["function"]
        assert (last["done"], last["message"]["content"]) == (True, "")
        assert "sunny" in said.result("tool-result")["message"]["content"]

    def test_format_is_kept(self, said: Said) -> None:
        assert json.loads(said.result("json")["message"]["content"]) == {"answer": SAID}
        assert json.loads(said.result("schema")["message"]["content"]) == {"city": "example"}

    def test_thinking_comes_first_and_apart(self, said: Said) -> None:
        message = said.result("thinking")["message"]
        assert (message["content"], bool(message["thinking"])) == (SAID, True)
        pieces = [one["message"] for one in said.pieces("thinking-stream")]
        thought = [bool(one.get("thinking")) for one in pieces]
        assert thought == sorted(thought, reverse=True)
        assert "".join(one.get("thinking") or "" for one in pieces) == message["thinking"]
        assert "thinking" not in said.result("thinking-off")["message"]

    def test_image_arrives_and_costs(self, said: Said) -> None:
        assert said.result("image")["prompt_eval_count"] == HEARD + IMAGE_TOKENS
        assert any(PIXEL in json.dumps(one["body"]) for one in said.record)

    def test_ends_for_a_reason(self, said: Said) -> None:
        cut, stopped = said.result("cut"), said.result("stopped")
        assert (cut["done_reason"], cut["eval_count"]) == ("length", 2)
        assert (stopped["done_reason"], stopped["message"]["content"]) == ("stop", "Simulated ")

    def test_client_that_leaves_is_noticed(self, said: Said) -> None:
        assert len(said["left"]["pieces"]) == 2
        (left,) = [one for one in said.record if "drip_ms" in one["behaviour"]]
        assert left["outcome"] == "client_closed"
        assert left["frames_sent"] < len(tokens_of(SAID))


class TestMemory:
    def test_loaded_models_are_listed_with_their_context(self, said: Said) -> None:
        assert said.result("ps-empty")["models"] == []
        loaded = {one["model"]: one for one in said.result("ps")["models"]}
        assert set(loaded) == {LLAMA, QWEN, GEMMA}
        assert loaded[LLAMA]["context_length"] == 4096

    def test_asking_nothing_loads_or_unloads(self, said: Said) -> None:
        assert said.result("unload")["done_reason"] == "unload"
        assert LLAMA not in {one["model"] for one in said.result("ps-unloaded")["models"]}
        assert said.result("load")["done_reason"] == "load"
        longest = said.result("ps-for-ever")["models"][0]
        assert (longest["model"], longest["expires_at"] > "2300") == (LLAMA, True)

    @pytest.mark.parametrize(
        ("question", "loads"), [("at-hand", False), ("evicted", True), ("other-context", True)]
    )
    def test_loading_is_paid_when_it_happens(self, said: Said, question: str, loads: bool) -> None:
        took = said.result(question)["load_duration"]
        assert (took == LOAD_MS * 1_000_000) == loads
        assert took > 0


class TestModels:
    def test_listing_names_size_digest_and_details(self, said: Said) -> None:
        models = {one["model"]: one for one in said.result("list")["models"]}
        assert set(models) == {LLAMA, QWEN, GEMMA, f"{NOMIC}:latest"}
        assert len({one["digest"] for one in models.values()}) == len(models)
        assert models[QWEN]["details"]["family"] == "qwen3"
        assert models[QWEN]["size"] > 500_000_000

    def test_show_says_what_a_model_can(self, said: Said) -> None:
        shown = said.result("show")
        assert shown["capabilities"] == ["completion", "tools", "thinking"]
        assert shown["model_info"]["qwen3.context_length"] == 40_960

    def test_broken_pull_installs_nothing_and_goes_on_where_it_was(self, said: Said) -> None:
        broken = said["pull-broken"]
        assert (broken["ok"], len(broken["pieces"])) == (False, 3)
        missing = said["show-missing"]
        assert (missing["status"], missing["message"]) == (
            404,
            "model 'tinyllama:latest' not found",
        )
        pieces = said.pieces("pull")
        assert [pieces[0]["status"], pieces[-1]["status"]] == ["pulling manifest", "success"]
        weights = [one for one in pieces if one.get("digest") == pieces[1]["digest"]]
        assert weights[0]["completed"] == broken["pieces"][-1]["completed"] > 0
        assert weights[-1]["completed"] == weights[-1]["total"]

    def test_pull_without_stream_is_its_end(self, said: Said) -> None:
        assert said.result("pull-whole")["status"] == "success"

    def test_unknown_model_is_an_error_in_a_stream_that_began_well(self, said: Said) -> None:
        answer = said["pull-unknown"]
        assert answer["pieces"] == [{"status": "pulling manifest"}]
        assert answer["message"] == "pull model manifest: file does not exist"

    def test_created_copied_deleted(self, said: Said) -> None:
        assert said.result("create")["status"] == "success"
        assert said.result("copy")["status"] == said.result("delete")["status"] == "success"
        assert said["delete-again"]["status"] == 404
        assert said.result("show-copy")["details"]["parent_model"] == LLAMA


class TestVectors:
    def test_vectors_are_of_length_one(self, said: Said) -> None:
        answer = said.result("embed")
        first, second = answer["embeddings"]
        assert len(first) == len(second) == 768
        assert first != second
        assert all(math.isclose(math.hypot(*one), 1, rel_tol=1e-6) for one in (first, second))
        assert answer["prompt_eval_count"] == 1 + len(tokens_of(WORDS))
        assert len(said.result("embed-short")["embeddings"][0]) == 8
        assert len(said.result("embeddings")["embedding"]) == 768


class TestRefusals:
    @pytest.mark.parametrize(
        ("question", "status", "message"),
        [
            ("unknown", 404, "model 'nobody' not found"),
            ("embedder", 400, f'"{NOMIC}" does not support chat'),
            ("no-tools", 400, f"registry.ollama.ai/library/{GEMMA} does not support tools"),
            ("no-thinking", 400, f'"{LLAMA}" does not support thinking'),
            ("bad-option", 500, 'option "temperature" must be of type float32'),
            ("server_error-whole", 500, CRASHED),
            ("server_error-stream", 500, CRASHED),
            ("overloaded-whole", 503, BUSY),
            ("overloaded-stream", 503, BUSY),
        ],
    )
    def test_refusal_keeps_its_words(
        self, said: Said, question: str, status: int, message: str
    ) -> None:
        answer = said[question]
        assert (answer["ok"], answer["error"]) == (False, "ResponseError")
        assert (answer["status"], answer["message"]) == (status, message)

    @pytest.mark.parametrize("how", ["whole", "stream"])
    def test_model_that_does_not_fit(self, said: Said, how: str) -> None:
        answer = said[f"out_of_memory-{how}"]
        assert answer["status"] == 500
        assert "out-of-memory" in answer["message"]

    def test_local_server_sends_a_cloud_name_away_and_says_so(self, said: Said) -> None:
        answer = next(one for one in said.record if one["model"] == "gpt-oss:20b-cloud")
        assert answer["status"] == 200
        if said.client is Client.JAVASCRIPT:  # Python's client drops what it does not know
            assert said.result("cloud")["remote_host"] == "https://ollama.com:443"


class TestBrokenOff:
    @pytest.mark.parametrize("fault", ["stream_error", "dropped", "reset"])
    def test_failure_in_the_stream_is_an_error_after_what_came(
        self, said: Said, fault: str
    ) -> None:
        answer = said[f"{fault}-stream"]
        assert not answer["ok"], answer
        if fault == "stream_error":
            assert answer["message"] == BROKE
        if fault != "reset":  # what a reset throws away is the kernel's to say
            assert len(answer["pieces"]) == 2

    @pytest.mark.parametrize("fault", ["truncated", "no_terminator"])
    def test_stream_that_just_ends_deceives_one_client(self, said: Said, fault: str) -> None:
        """Why the gateway must ask for `done`: Python's client takes the end for the end."""
        answer = said[f"{fault}-stream"]
        assert not any(one["done"] for one in answer["pieces"])
        assert answer["ok"] == (said.client is Client.PYTHON), answer

    @pytest.mark.parametrize("fault", ["truncated", "dropped", "reset", "not_json"])
    def test_half_an_answer_is_an_error(self, said: Said, fault: str) -> None:
        assert not said[f"{fault}-whole"]["ok"]
        assert said["not_json-whole"]["status"] is None


def test_prompt_durations_are_told_in_nanoseconds(said: Said) -> None:
    assert said.result("chat")["prompt_eval_duration"] == HEARD * PROMPT_NS
