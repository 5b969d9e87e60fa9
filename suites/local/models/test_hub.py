"""The model hub's own Python library, unmodified, downloads from the server."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fixtures import environment
from fixtures.models.client import File, ModelServer
from suites.local.models.conftest import SIZE

FOLDER = environment.ROOT / "fixtures" / "models"
# What the library writes at a time.
PIECE = 10 * 1024 * 1024
PROGRAM = Path(__file__).with_name("hub.py")


@pytest.fixture
def hub(server: ModelServer, tmp_path: Path) -> Callable[[File], dict[str, Any]]:
    def download(file: File) -> dict[str, Any]:
        home = str(tmp_path / "home")
        variables = {
            "HF_ENDPOINT": f"{server.address}/hub",
            "HF_HOME": home,
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "NO_PROXY": "*",
        }
        filename = file.path.removeprefix("/hub/sim/tiny/resolve/main/")
        finished = subprocess.run(
            [str(environment.python(FOLDER)), str(PROGRAM), filename, str(tmp_path / "cache")],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        found: dict[str, Any] = json.loads(finished.stdout)
        return found

    return download


@pytest.fixture
def file(server: ModelServer, seeds: Iterator[int]) -> File:
    return server.hub_file(seed=next(seeds), size=SIZE)


def test_download_and_cache(
    server: ModelServer, file: File, hub: Callable[[File], dict[str, Any]]
) -> None:
    assert hub(file) == {"sha256": file.sha256}
    assert [one["method"] for one in server.asked(file)] == ["HEAD", "GET"]
    assert hub(file) == {"sha256": file.sha256}
    assert [one["method"] for one in server.asked(file)] == ["HEAD", "GET", "HEAD"]


def test_cut_download_goes_on_by_range(
    server: ModelServer, seeds: Iterator[int], hub: Callable[[File], dict[str, Any]]
) -> None:
    """From the last whole one of its own pieces; less than one is fetched again."""
    file = server.hub_file(seed=next(seeds), size=PIECE + 2_000_000)
    server.script(file, "ok", f"cut;after={PIECE + 1_000_000}")
    assert hub(file) == {"sha256": file.sha256}
    last = server.asked(file)[-1]
    assert last["status"] == 206
    assert last["headers"]["range"].startswith(f"bytes={PIECE}-")


def test_wrong_bytes_are_taken_for_the_file(
    server: ModelServer, file: File, hub: Callable[[File], dict[str, Any]]
) -> None:
    """Why a digest that is known beforehand must be compared: this library does not."""
    server.script(file, "ok", "corrupt;at=70000")
    taken = hub(file)
    assert taken["sha256"] != file.sha256
    assert hub(file) == taken
