"""The gateway binary as a running process: started on a free port, stopped with TERM."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from suites.gateway import builds

START_SECONDS = 20.0
STOP_SECONDS = 10.0

# Nothing of the developer's own configuration may decide a test.
_FOREIGN = ("CONVERGIO_", "OPENAI_", "RUST_LOG")


@dataclass(kw_only=True, slots=True)
class Gateway:
    """One running gateway. `base_url` is what a vendor's SDK wants."""

    address: str
    log: Path
    process: subprocess.Popen[bytes]
    stopping: bool = False

    @property
    def base_url(self) -> str:
        return f"{self.address}/v1"

    def get(self, path: str) -> httpx2.Response:
        """GET without credentials."""
        return httpx2.get(f"{self.address}{path}", timeout=10)

    def log_lines(self) -> list[dict[str, Any]]:
        """Everything it logged so far; a line that is not JSON fails the test that reads."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples that carry these labels."""
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        return sum(
            float(line.rsplit(" ", 1)[1])
            for line in self.get("/metrics").text.splitlines()
            if line.split("{")[0].split(" ")[0] == name and all(part in line for part in wanted)
        )

    def terminate(self) -> None:
        """Asks it to end, with TERM, and does not wait."""
        self.stopping = True
        self.process.send_signal(signal.SIGTERM)


@contextmanager
def serve(folder: Path, environment: Mapping[str, str], *arguments: str) -> Iterator[Gateway]:
    """Runs `convergio-gateway serve` until the block ends; its exit status must then be 0.

    Accounts are off unless `environment` says otherwise: callers bring their own provider keys.
    """
    address_file = folder / "address"
    log = folder / "gateway.log"
    command = [
        str(builds.gateway()),
        "serve",
        "--listen=127.0.0.1:0",
        f"--address-file={address_file}",
        *arguments,
    ]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    with (
        log.open("wb") as log_file,
        subprocess.Popen(
            command,
            cwd=folder,
            env={**inherited, "CONVERGIO_ACCOUNTS": "off", **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log_file,
        ) as process,
    ):
        try:
            gateway = Gateway(
                address=_address(process, address_file, log), log=log, process=process
            )
            yield gateway
            died = process.poll() is not None and not gateway.stopping
            assert not died, f"the gateway died:\n{log.read_text()}"
        except BaseException:
            process.kill()
            raise
        if not gateway.stopping:
            gateway.terminate()
        try:
            status = process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        assert status == 0, f"TERM ended the gateway with {status}:\n{log.read_text()}"


def _address(process: subprocess.Popen[bytes], address_file: Path, log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while not (address_file.exists() and address_file.read_text().strip()):
        status = process.poll()
        assert status is None, f"the gateway ended with {status} at start:\n{log.read_text()}"
        assert time.monotonic() < deadline, f"no address in {START_SECONDS} s:\n{log.read_text()}"
        time.sleep(0.01)
    address = address_file.read_text().strip()
    return address if address.startswith("http") else f"http://{address}"
