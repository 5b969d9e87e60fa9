"""The measurement of the gateway itself: its arithmetic, its upstream and its client. No clock."""

from __future__ import annotations

import dataclasses
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from suites.bench.gateway import doors, tools
from suites.bench.gateway.doors import Door
from suites.bench.gateway.figures import Taken, Window, percentile, share_between, summed_up
from suites.bench.gateway.loads import Loads
from suites.bench.gateway.running import running
from suites.bench.measure import FailedContenderError


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    assert shutil.which("gcc"), "gcc is missing; `make setup` installs it"
    folder = tmp_path_factory.mktemp("programs")
    for name in ("upstream", "load"):
        tools.compiled(name, folder)
    return folder


@pytest.fixture
def door(programs: Path, tmp_path: Path) -> Iterator[Door]:
    with doors.direct(str(programs / "upstream"), tmp_path / "upstream") as upstream:
        yield upstream


@pytest.fixture
def loads(programs: Path, tmp_path: Path) -> Loads:
    return Loads(client=str(programs / "load"), folder=tmp_path)


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(value) for value in range(100, 0, -1)]
    assert [percentile(values, share) for share in (0.0, 0.5, 0.99, 1.0)] == [1, 50, 99, 100]
    assert percentile([7.0], 0.99) == 7
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_a_plateau_is_counted_from_its_lower_edge_up_to_its_upper_one() -> None:
    assert share_between([34.9, 35.0, 49.9, 50.0], 35.0, 50.0) == 0.5
    assert share_between([], 35.0, 50.0) == 0.0


def test_the_best_window_of_each_figure_counts() -> None:
    taken = Taken(
        windows=[
            Window(answers=1, totals=[5], p50=2, p99=9, cpu_us=3, per_second=10, first_p50=1),
            Window(answers=1, totals=[7], p50=3, p99=8, cpu_us=2, per_second=20, first_p50=2),
        ]
    )
    found = (taken.p50, taken.p99, taken.cpu_us, taken.per_second, taken.first_p50)
    assert found == (2, 8, 2, 20, 1)
    assert taken.totals == [5, 7]


def test_cpu_is_per_answer() -> None:
    window = summed_up([(1.0, 2.0), (3.0, 4.0)], cpu_us=10.0)
    assert (window.first_p50, window.p50, window.p99, window.cpu_us) == (1, 2, 4, 5)


def test_the_upstream_is_openai_to_a_client(door: Door) -> None:
    address = f"http://127.0.0.1:{door.port}{doors.PATH}"
    whole = httpx2.post(address, json={"messages": [{"role": "user", "content": "x"}]}).json()
    assert whole["usage"]["total_tokens"] == 43
    assert whole["choices"][0]["finish_reason"] == "stop"
    asked = {"stream": True, "user": "3x1", "messages": [{"role": "user", "content": "x"}]}
    events = httpx2.post(address, json=asked).text.split("\n\n")
    assert [event[:6] for event in events[:-1]] == ["data: "] * 5
    assert events[-2:] == ["data: [DONE]", ""]


def test_every_request_has_one_answer_in_each_kind_of_load(door: Door, loads: Loads) -> None:
    assert loads.paced(door, rate=200, count=20).answers == 20
    window = loads.streamed(door, "3x1", connections=5, count=20)
    assert window.answers == len(window.totals) == 20
    assert 0 < window.first_p50 <= window.p50 <= window.p99


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\n{}", "the status is not 200"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", "the connection ended"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n0\r\n\r\n",
            "the answer has no proper end",
        ),
    ],
)
def test_an_answer_that_is_no_success_is_never_a_figure(
    door: Door, loads: Loads, answer: bytes, why: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            taken, _ = listener.accept()
            with taken:
                taken.recv(65536)
                taken.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        failing = dataclasses.replace(door, port=listener.getsockname()[1])
        with pytest.raises(FailedContenderError, match=why):
            loads.streamed(failing, "3x1", connections=1, count=1)
        thread.join()


def test_a_program_that_ended_is_no_contender(tmp_path: Path) -> None:
    with (
        pytest.raises(FailedContenderError, match="ended with 3"),
        running("brief", ["sh", "-c", "exit 3"], tmp_path) as started,
    ):
        started.process.wait()
