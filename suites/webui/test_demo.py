"""The demo: one command, and a stranger reads a first streamed answer; then nothing is left."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import httpx2
import pytest

from fixtures.demo import weeks
from fixtures.demo.builds import ROOT, is_older
from fixtures.demo.furnish import KEYS, MODELS
from suites.gateway import builds

UP_SECONDS = 60.0
END_SECONDS = 30.0
DAY = 86_400_000
WORDS = "Why is the sky blue?"


@dataclass(frozen=True, kw_only=True)
class Demo:
    process: subprocess.Popen[str]
    temporary: Path
    url: str
    email: str
    password: str
    token: str

    def visitor(self) -> httpx2.Client:
        return httpx2.Client(base_url=self.url, timeout=30, trust_env=False)

    @contextmanager
    def signed_in(self) -> Iterator[tuple[httpx2.Client, dict]]:
        with self.visitor() as client:
            who = {"email": self.email, "password": self.password}
            answer = client.post("/api/v1/session", json=who)
            assert answer.status_code == 200, answer.text
            client.headers["x-csrf-token"] = answer.json()["csrf"]
            yield client, answer.json()


def pages() -> Path:
    built = Path(os.environ.get("CONVERGIO_WEBUI", ROOT / "native" / "webui" / "build"))
    assert (built / "index.html").is_file(), (
        f"no web UI in {built}; `npm run build` in native/webui makes it, or set CONVERGIO_WEBUI"
    )
    return built


def start(folder: Path) -> Demo:
    temporary, ready = folder / "tmp", folder / "ready.json"
    temporary.mkdir()
    environment = {
        **os.environ,
        "CONVERGIO_GATEWAY": str(builds.gateway()),
        "CONVERGIO_WEBUI": str(pages()),
        "TMPDIR": str(temporary),
    }
    command = [sys.executable, "-m", "fixtures.demo", "--port=0", "--until-eof"]
    with (folder / "said").open("w") as said:
        process = subprocess.Popen(
            [*command, f"--ready-file={ready}"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=subprocess.STDOUT,
            text=True,
        )
    deadline = time.monotonic() + UP_SECONDS
    while not ready.exists():
        told = (folder / "said").read_text()
        assert process.poll() is None, f"it ended with {process.returncode}:\n{told}"
        assert time.monotonic() < deadline, f"it was not up in {UP_SECONDS} s:\n{told}"
        time.sleep(0.05)
    return Demo(process=process, temporary=temporary, **json.loads(ready.read_text()))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One for all tests that only look at it; it ends when its standard input does."""
    shown = start(tmp_path_factory.mktemp("demo"))
    yield shown
    assert shown.process.stdin is not None
    shown.process.stdin.close()
    assert shown.process.wait(END_SECONDS) == 0


def test_a_stranger_signs_in_and_reads_a_streamed_answer(demo: Demo) -> None:
    with demo.visitor() as nobody:
        page = nobody.get("/signin")
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html")
        assert nobody.get("/api/v1/setup").json() == {"needed": False, "demo": True}
    body = {"model": "auto", "stream": True, "messages": [{"role": "user", "content": WORDS}]}
    with demo.signed_in() as (client, session):
        assert session["demo"] is True
        with client.stream("POST", "/v1/chat/completions", json=body) as answer:
            assert answer.status_code == 200, answer.read()
            events = [line.removeprefix("data: ") for line in answer.iter_lines() if line]
    assert events[-1] == "[DONE]"
    deltas = [json.loads(event)["choices"] for event in events[:-1]]
    words = [choice["delta"].get("content") or "" for choices in deltas for choice in choices]
    assert "".join(words) == f"Simulated answer to: {WORDS}"
    assert len([word for word in words if word]) > 1, "it came at once, not as a stream"


def test_every_model_it_offers_answers(demo: Demo) -> None:
    headers = {"authorization": f"Bearer {demo.token}"}
    with demo.visitor() as program:
        models = program.get("/v1/models", headers=headers).json()["data"]
        known = {model["id"]: model.get("convergio") or {} for model in models}
        chat = [name for name, told in known.items() if told.get("serves", "chat") == "chat"]
        assert len(chat) > len(MODELS)
        for model in chat:
            body = {"model": model, "messages": [{"role": "user", "content": WORDS}]}
            answer = program.post("/v1/chat/completions", json=body, headers=headers)
            assert answer.status_code == 200, f"{model}: {answer.text}"
            assert answer.json()["choices"][0]["message"]["content"].endswith(WORDS), model


def test_there_is_something_to_see_on_every_screen(demo: Demo) -> None:
    with demo.signed_in() as (client, _):
        keys = client.get("/api/v1/keys").json()["data"]
        since = int(time.time() * 1000) - 100 * DAY
        days = client.get("/api/v1/usage", params={"by": "day", "from": since}).json()
        models = client.get("/api/v1/usage", params={"by": "model", "from": since}).json()
        reminders = client.get("/api/v1/reminders").json()["data"]
        people = client.get("/api/v1/people").json()["data"]
        verified = client.get("/api/v1/audit/verify").json()
    assert {key["provider"] for key in keys} == set(KEYS)
    assert all(key["usage_30d"]["cost_nano_usd"] > 0 for key in keys)
    assert len(days["data"]) > 40
    assert days["total"]["cost_nano_usd"] > 1_000_000_000, "less than a dollar shows nothing"
    assert len(models["data"]) >= len(MODELS)
    assert {one["provider"] for one in reminders} == set(KEYS), "keys that are due in ten days"
    assert len(people) == 2
    assert verified["ok"] is True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_and_nothing_is_left(tmp_path: Path, number: signal.Signals) -> None:
    shown = start(tmp_path)
    assert len(list(shown.temporary.iterdir())) == 1, "where everything of it is"
    shown.process.send_signal(number)
    try:
        assert shown.process.wait(END_SECONDS) == 0, (tmp_path / "said").read_text()
    finally:
        shown.process.kill()
        assert shown.process.stdin is not None
        shown.process.stdin.close()
    assert list(shown.temporary.iterdir()) == []
    where = urlsplit(shown.url)
    with socket.socket() as probe:
        assert probe.connect_ex((where.hostname, where.port)) != 0, "the gateway still serves"


class TestWeeks:
    NOW = 1_795_449_600_000

    def test_the_same_day_has_the_same_weeks(self) -> None:
        first, again = (list(weeks.past(self.NOW, ["a", "b"])) for _ in range(2))
        assert first == again
        assert first != list(weeks.past(self.NOW, ["a", "b"], seed=8))

    def test_all_of_it_is_past_in_order_and_every_request_one_of_its_own(self) -> None:
        asked = list(weeks.past(self.NOW, ["a", "b", "c"], days=30))
        times = [request.at for request in asked]
        assert times == sorted(times)
        assert times[0] > self.NOW - 31 * DAY
        assert times[-1] < self.NOW
        assert len({request.request_id for request in asked}) == len(asked)
        for request in asked:
            identifier = UUID(request.request_id)
            assert (identifier.version, identifier.int >> 80) == (7, request.at)
        assert {request.template for request in asked} == {"a", "b", "c"}


def test_what_is_built_before_its_source_changed_is_built_again(tmp_path: Path) -> None:
    made, source = tmp_path / "made", tmp_path / "source"
    source.touch()
    assert is_older(made, [source])
    made.touch()
    os.utime(source, (1, 1))
    assert not is_older(made, [source])
    os.utime(made, (0, 0))
    assert is_older(made, [source])
