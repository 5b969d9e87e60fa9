"""The gateway as a process: its settings, its start, its end."""

from __future__ import annotations

from typing import Any

import openai

from fixtures.providers.client import Simulator
from suites.gateway.conftest import Unique
from suites.gateway.gateway_process import Gateway, serve
from suites.gateway.serving.asking import USER, ask, raw, start_badly, text_of


class TestProcess:
    def test_house_key_serves_who_brings_none_and_yields_to_who_brings_one(
        self, simulator: Simulator, tmp_path: Any, unique: Unique
    ) -> None:
        house = f"{unique.key}-house"
        environment = {
            "CONVERGIO_OPENAI_BASE_URL": simulator.base_url,
            "CONVERGIO_OPENAI_API_KEY": house,
        }
        with serve(tmp_path, environment) as started:
            by_house = raw(started, None)
            by_user = raw(started, unique.key)
            log = started.log.read_text()

        assert by_house.headers["x-convergio-credential-source"] == "house"
        assert by_user.headers["x-convergio-credential-source"] == USER
        assert len(simulator.requests(key=house)) == 1
        assert len(simulator.requests(key=unique.key)) == 1
        assert house not in log

    def test_stop_lets_a_running_answer_finish(
        self, simulator: Simulator, tmp_path: Any, unique: Unique
    ) -> None:
        simulator.queue("ok;drip_ms=60", match=unique.match)
        with (
            serve(tmp_path, {"CONVERGIO_OPENAI_BASE_URL": simulator.base_url}) as started,
            openai.OpenAI(api_key=unique.key, base_url=started.base_url, max_retries=0) as client,
        ):
            stream = ask(client, stream=True)
            first = next(stream)
            started.terminate()
            said = text_of([first, *stream])
        assert said == "Simulated answer to: hello"

    def test_port_in_use_is_said_plainly(self, gateway: Gateway) -> None:
        refused = start_badly("--listen", gateway.address.removeprefix("http://"))
        assert "in use" in refused

    def test_unreadable_configuration_is_said_plainly(self, tmp_path: Any) -> None:
        broken = tmp_path / "gateway.toml"
        broken.write_text("listen = [")
        assert str(broken) in start_badly("--config", str(broken))
        assert "nowhere.toml" in start_badly("--config", str(tmp_path / "nowhere.toml"))
