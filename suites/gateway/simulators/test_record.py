"""What a simulator remembers, how it is started and scripted."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import httpx2
import openai
import pytest

from fixtures.providers.behaviour import Behaviour, BehaviourError, Name, parse
from fixtures.providers.client import ROOT, Simulator
from suites.gateway.conftest import Unique
from suites.gateway.simulators.asking import (
    say,
)


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
