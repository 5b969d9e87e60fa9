"""What no client shows of the double: its clock, its memory, its limits, its raw words."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from fixtures.ollama.double import GIBIBYTE, Ollama
from fixtures.ollama.memory import FOR_EVER
from fixtures.ollama.turn import TOO_LONG
from fixtures.providers.behaviour import BehaviourError, parse
from fixtures.providers.client import Simulator
from fixtures.providers.delivery import Wait, plan
from fixtures.providers.openai import OpenAI
from fixtures.providers.wire import Call, Reply, Script, StreamReply
from suites.local.ollama.asking import GEMMA, LLAMA, NOMIC, QWEN
from suites.local.ollama.conftest import MODULE

CLOUD = "gpt-oss:20b-cloud"


@dataclass
class Clock:
    """A clock that a test moves."""

    time: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def tick(self, **how: float) -> None:
        self.time += timedelta(**how)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def asked(double: Ollama, operation: str, **body: Any) -> Reply | StreamReply:
    call = Call(operation=operation, method="POST", path="", body=json.dumps(body).encode())
    return double.answer(call, Script())


def told(double: Ollama, operation: str, status: int = 200, **body: Any) -> Any:
    """The whole answer's JSON."""
    answer = asked(double, operation, stream=False, **body)
    assert isinstance(answer, Reply)
    assert answer.status == status, answer.body
    return json.loads(answer.body) if answer.body else None


def chat(double: Ollama, model: str = LLAMA, words: str = "hello", **more: Any) -> Any:
    return told(double, "chat", model=model, messages=[{"role": "user", "content": words}], **more)


def loaded(double: Ollama) -> dict[str, Any]:
    return {one["name"]: one for one in told(double, "ps")["models"]}


class TestMemory:
    def test_model_is_kept_five_minutes_after_the_last_request(self, clock: Clock) -> None:
        double = Ollama(clock=clock)
        chat(double)
        clock.tick(minutes=4)
        chat(double)
        clock.tick(minutes=4)
        assert LLAMA in loaded(double)
        clock.tick(minutes=1, seconds=1)
        assert loaded(double) == {}

    @pytest.mark.parametrize(
        ("keep", "stays"),
        [
            ("90s", timedelta(seconds=90)),
            ("1h30m", timedelta(minutes=90)),
            (90, timedelta(seconds=90)),
            ("-1m", FOR_EVER),
            (-1, FOR_EVER),
            (10**30, FOR_EVER),
        ],
    )
    def test_keep_alive_is_seconds_or_a_duration(
        self, clock: Clock, keep: Any, stays: timedelta
    ) -> None:
        double = Ollama(clock=clock, load_ms=0)
        chat(double, keep_alive=keep)
        until = datetime.fromisoformat(loaded(double)[LLAMA]["expires_at"])
        assert until == clock.time + stays

    @pytest.mark.parametrize("wrong", ["soon", "5", "1m2", "", True])
    def test_keep_alive_that_is_none_is_refused(self, wrong: Any) -> None:
        double = Ollama()
        body = {"model": LLAMA, "messages": [], "keep_alive": wrong}
        assert told(double, "chat", 400, **body)["error"]

    def test_two_requests_wait_for_one_load(self, clock: Clock) -> None:
        double = Ollama(clock=clock, load_ms=900)
        body = {"model": LLAMA, "messages": [{"role": "user", "content": "x"}]}
        first = asked(double, "chat", **body)
        clock.tick(milliseconds=300)
        second = asked(double, "chat", **body)
        assert (first.wait_ms, second.wait_ms) == (900, 600)
        clock.tick(seconds=1)
        assert asked(double, "chat", **body).wait_ms == 0

    def test_waiting_is_what_goes_onto_the_wire_first(self) -> None:
        body = json.dumps({"model": LLAMA, "messages": [{"role": "user", "content": "x"}]})
        call = Call(operation="chat", method="POST", path="/api/chat", body=body.encode())
        assert plan(Ollama(load_ms=70), call, parse("ok"))[0] == Wait(70)

    def test_models_make_room_for_each_other(self, clock: Clock) -> None:
        double = Ollama(clock=clock, memory=4 * GIBIBYTE)
        chat(double, LLAMA)
        clock.tick(seconds=1)
        chat(double, QWEN)
        chat(double, GEMMA)
        assert set(loaded(double)) == {GEMMA, QWEN}
        assert (
            "out-of-memory"
            in told(
                Ollama(memory=GIBIBYTE),
                "chat",
                500,
                model=GEMMA,
                messages=[{"role": "user", "content": "x"}],
            )["error"]
        )


class TestContext:
    def test_old_messages_go_first_and_the_system_stays(self) -> None:
        turns = [{"role": "system", "content": "s" * 40}]
        turns += [{"role": "user", "content": "u" * 400} for _ in range(9)]
        double = Ollama()
        body = {"model": LLAMA, "messages": turns, "options": {"num_ctx": 256}}
        heard = told(double, "chat", **body)["prompt_eval_count"]
        assert heard == (10 + 3) + 2 * (100 + 3)

    @pytest.mark.parametrize(
        ("how", "message"),
        [({"truncate": False}, "exceeds the available context size"), ({"shift": False}, TOO_LONG)],
    )
    def test_too_long_is_refused_when_nothing_may_go(
        self, how: dict[str, bool], message: str
    ) -> None:
        words = [{"role": "user", "content": "u" * 4000}]
        body = {"model": LLAMA, "messages": words, "options": {"num_ctx": 100}, **how}
        assert message in told(Ollama(), "chat", 400, **body)["error"]
        shifted = told(Ollama(), "chat", **{**body, "truncate": True, "shift": True})
        assert shifted["prompt_eval_count"] < 100

    def test_context_is_at_most_the_models(self) -> None:
        double = Ollama()
        told(double, "embed", model=NOMIC, input="x", options={"num_ctx": 10**6})
        assert loaded(double)[f"{NOMIC}:latest"]["context_length"] == 2048
        body = {"model": NOMIC, "input": "x" * 10_000, "truncate": False}
        assert told(double, "embed", 400, **body)["error"].startswith("the input length exceeds")


class TestNames:
    @pytest.mark.parametrize("name", ["LLAMA3.2:1B", "library/llama3.2:1b", "llama3.2:1b:local"])
    def test_one_model_has_many_names(self, name: str) -> None:
        double = Ollama()
        assert chat(double, name)["model"] == name
        assert set(loaded(double)) == {LLAMA}

    @pytest.mark.parametrize(
        ("name", "status"),
        [("", 400), ("a b", 400), ("x:cloud:local", 400), ("llama3.2", 404), (f"{LLAMA}x", 404)],
    )
    def test_what_is_no_model_is_refused(self, name: str, status: int) -> None:
        body = {"model": name, "messages": [{"role": "user", "content": "x"}]}
        assert told(Ollama(), "chat", status, **body)["error"]

    @pytest.mark.parametrize("name", [CLOUD, "gpt-oss:cloud", "llama3.2:1b-CLOUD"])
    def test_cloud_names_are_sent_away_unless_forbidden(self, name: str) -> None:
        assert chat(Ollama(), name)["remote_host"].startswith("https://")
        body = {"model": name, "messages": [{"role": "user", "content": "x"}]}
        refused = told(Ollama(cloud=False), "chat", 403, **body)
        assert refused["error"].startswith("ollama cloud is disabled")

    def test_model_that_runs_elsewhere_may_have_an_innocent_name(self) -> None:
        double = Ollama()
        told(double, "create", model="innocent", **{"from": CLOUD})
        assert chat(double, "innocent")["remote_model"] == "gpt-oss:20b"
        (listed,) = [m for m in told(double, "tags")["models"] if "remote_host" in m]
        assert listed["name"] == "innocent:latest"
        assert told(double, "show", model="innocent")["remote_host"] == listed["remote_host"]
        body = {"model": "innocent:local", "messages": [{"role": "user", "content": "x"}]}
        assert told(double, "chat", 404, **body)


class TestRaw:
    def test_it_says_that_it_runs(self, double: Simulator) -> None:
        for path, text in (("/", "Ollama is running"), ("/api/version", '{"version":"0.32.0"}')):
            assert httpx2.get(double.address + path).text == text
            assert httpx2.head(double.address + path).status_code == 200

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            (b"", "missing request body"),
            (b"nonsense", "invalid character 'n' looking for beginning of value"),
            (b'{"model": 1}', "cannot unmarshal number into Go struct field ChatRequest.model"),
            (b'{"messages": "x"}', "cannot unmarshal string into Go struct field"),
        ],
    )
    def test_bad_bodies(self, double: Simulator, body: bytes, message: str) -> None:
        answer = httpx2.post(f"{double.address}/api/chat", content=body)
        assert answer.status_code == 400
        assert message in answer.json()["error"]

    def test_stream_is_the_default_and_one_object_a_line(self, double: Simulator) -> None:
        body = {"model": LLAMA, "prompt": "hello"}
        answer = httpx2.post(f"{double.address}/api/generate", json=body)
        assert answer.headers["content-type"] == "application/x-ndjson"
        lines = [json.loads(line) for line in answer.text.splitlines()]
        assert [line["done"] for line in lines] == [False] * (len(lines) - 1) + [True]

    def test_unknown_paths_and_methods(self, double: Simulator) -> None:
        lost = httpx2.get(f"{double.address}/api/nothing")
        assert (lost.status_code, lost.text) == (404, "404 page not found")
        assert httpx2.get(f"{double.address}/api/chat").status_code == 405

    def test_blobs_are_what_they_are_called(self, double: Simulator) -> None:
        data = b"weights"
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        place = f"{double.address}/api/blobs/{digest}"
        assert httpx2.head(place).status_code == 404
        assert "digest mismatch" in httpx2.post(place, content=b"others").json()["error"]
        assert httpx2.post(place, content=data).status_code == 201
        assert httpx2.post(place, content=data).status_code == httpx2.head(place).status_code == 200
        body = {"model": "uploaded", "files": {"model.gguf": digest}, "stream": False}
        assert httpx2.post(f"{double.address}/api/create", json=body).json() == {
            "status": "success"
        }

    def test_memory_can_be_taken_away_between_requests(self, double: Simulator) -> None:
        body = {"model": QWEN, "prompt": "hello", "stream": False}
        took = []
        for behaviour in ("ok", "ok", "evicted"):
            headers = {"x-sim-behaviour": behaviour}
            answer = httpx2.post(f"{double.address}/api/generate", json=body, headers=headers)
            took.append(answer.json()["load_duration"])
        assert took[1] < took[2] == took[0]


class TestScripts:
    @pytest.mark.parametrize("name", ["out_of_memory", "evicted"])
    def test_a_cloud_vendor_has_no_memory_to_run_out_of(self, name: str) -> None:
        call = Call(operation="chat", method="POST", path="", body=b"{}")
        with pytest.raises(BehaviourError, match="openai is not"):
            plan(OpenAI(), call, parse(name))

    def test_lines_of_json_have_no_comments(self) -> None:
        headers = {"x-sim-behaviour": "ok;comments=1"}
        with Simulator.start("--no-cloud", module=MODULE) as alone:
            body = {"model": LLAMA, "prompt": "hello"}
            answer = httpx2.post(f"{alone.address}/api/generate", json=body, headers=headers)
            assert answer.status_code == 400
            assert "have none" in answer.json()["error"]["message"]
            assert httpx2.get(f"{alone.address}/api/status").json()["cloud"]["disabled"]
