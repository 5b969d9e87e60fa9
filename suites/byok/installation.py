"""One gateway with accounts: its folders, its settings, the process that runs from them.

Folders and master key outlive the process, so that a test can stop it, kill it, change what is on
the disk and start it again. Everything is where a first start without any setting puts it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2

from suites.byok.client import Api
from suites.byok.waiting import eventually
from suites.gateway import builds

START_SECONDS = 60.0
STOP_SECONDS = 15.0
PASSWORD = "correct horse battery staple"

# Nothing of the developer's own configuration may decide a test.
_FOREIGN = ("CONVERGIO_", "OPENAI_", "ANTHROPIC_", "RUST_LOG", "XDG_", "LD_PRELOAD")

SETTINGS = """
[providers.openai]
base_url = "{simulator}/openai/v1"
[providers.anthropic]
base_url = "{simulator}/anthropic/v1"
[providers.google]
base_url = "{simulator}/google/v1beta"
[providers.azure]
endpoint = "{simulator}/azure"
api_version = "2024-10-21"
region = "swedencentral"
[retry]
max_retries = 2
base_ms = 1
cap_ms = 5
[timeouts]
request_ms = 3000
stream_idle_ms = 1200
[[additional_models]]
id = "gpt-4o-mini"
provider = "azure"
context_window = 128000
max_output_tokens = 16384
capability = 350
features = ["tools", "vision"]
price = {{ input = 165000000, cached_input = 83000000, output = 660000000, reasoning = 660000000 }}
"""


class DidNotStartError(AssertionError):
    """The gateway ended instead of serving: with this status, saying this."""

    def __init__(self, status: int, said: str) -> None:
        self.status = status
        self.said = said
        super().__init__(f"the gateway ended with {status} at start:\n{said}")


@dataclass(kw_only=True, slots=True)
class Running:
    """The process, from its start until it ended."""

    address: str
    process: subprocess.Popen[bytes]

    @property
    def base_url(self) -> str:
        """What OpenAI's SDKs want; Anthropic's want `address`."""
        return f"{self.address}/v1"

    def get(self, path: str) -> httpx2.Response:
        """GET as nobody."""
        return httpx2.get(f"{self.address}{path}", timeout=30, trust_env=False)

    def stop(self) -> None:
        """TERM; it must end by itself and well."""
        self.process.terminate()
        try:
            status = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        assert status == 0, f"TERM ended the gateway with {status}"

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Ends it the hard way."""
        self.process.send_signal(number)
        assert self.process.wait(STOP_SECONDS) == -number


@dataclass(kw_only=True, slots=True)
class Installation:
    """The folders of one gateway. `settings` stands behind what names the simulators."""

    folder: Path
    simulator: str
    settings: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    log_level: str = "info"

    def __post_init__(self) -> None:
        for place in (self.work, self.temporary):
            place.mkdir(parents=True, exist_ok=True)
        self.config.write_text(SETTINGS.format(simulator=self.simulator) + self.settings)

    # Where things are.

    @property
    def config(self) -> Path:
        return self.folder / "gateway.toml"

    @property
    def data(self) -> Path:
        return self.folder / "share" / "convergio"

    @property
    def database(self) -> Path:
        return self.data / "convergio.db"

    @property
    def master_key(self) -> Path:
        return self.folder / "config" / "convergio" / "master.key"

    @property
    def log(self) -> Path:
        """Standard error: the log, of all starts."""
        return self.folder / "stderr.log"

    @property
    def stdout(self) -> Path:
        return self.folder / "stdout.log"

    @property
    def work(self) -> Path:
        """The process's working folder, where a core file would be."""
        return self.folder / "work"

    @property
    def temporary(self) -> Path:
        return self.folder / "tmp"

    def inherited(self) -> dict[str, str]:
        """The environment of every command: this installation's and nobody else's."""
        kept = {name: text for name, text in os.environ.items() if not name.startswith(_FOREIGN)}
        return kept | {
            "HOME": str(self.folder),
            "XDG_DATA_HOME": str(self.folder / "share"),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "TMPDIR": str(self.temporary),
            **self.environment,
        }

    # Running it.

    def start(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Running:
        """Starts the gateway and waits until it serves; `DidNotStartError` when it refuses to."""
        address_file = self.folder / "address"
        address_file.unlink(missing_ok=True)
        begun = self.log.stat().st_size if self.log.exists() else 0
        command = [
            str(builds.gateway()),
            "serve",
            f"--log={self.log_level}",
            "--listen=127.0.0.1:0",
            f"--address-file={address_file}",
            f"--config={self.config}",
            *arguments,
        ]
        with self.log.open("ab") as errors, self.stdout.open("ab") as output:
            process = subprocess.Popen(
                command,
                cwd=self.work,
                env={**self.inherited(), **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
            )
        try:
            return Running(address=self._address(process, address_file, begun), process=process)
        except BaseException:
            process.kill()
            process.wait()
            raise

    def _address(self, process: subprocess.Popen[bytes], file: Path, begun: int) -> str:
        deadline = time.monotonic() + START_SECONDS
        while not (file.exists() and file.read_text().strip()):
            status = process.poll()
            if status is not None:
                raise DidNotStartError(
                    status, self.log.read_bytes()[begun:].decode(errors="replace")
                )
            assert time.monotonic() < deadline, f"no address in {START_SECONDS} s"
            time.sleep(0.01)
        address = file.read_text().strip()
        return address if address.startswith("http") else f"http://{address}"

    @contextmanager
    def running(
        self, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> Iterator[Running]:
        """Runs it until the block ends; unless the block ended it, it must end well then."""
        running = self.start(*arguments, environment=environment)
        try:
            yield running
        except BaseException:
            running.process.kill()
            running.process.wait()
            raise
        if running.process.poll() is None:
            running.stop()

    def command(self, *arguments: str, expect: int | None = 0) -> subprocess.CompletedProcess[str]:
        """Another command of the gateway's binary on this installation."""
        done = subprocess.run(
            [str(builds.gateway()), *arguments],
            cwd=self.work,
            env=self.inherited(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        said = f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        assert expect is None or done.returncode == expect, said
        return done

    # First steps.

    def told(self, event: str) -> list[dict[str, Any]]:
        """The events of that name that were printed on stdout, over all starts."""
        lines = [json.loads(line) for line in self.stdout.read_text().splitlines()]
        return [line for line in lines if line["event"] == event]

    def setup_token(self) -> str:
        """The one-time token out of the link that the newest start printed."""
        links = eventually(
            lambda: self.told("setup"),
            lambda links: len(links) == len(self.told("listening")),
            "a link after each start",
        )
        return str(links[-1]["url"]).rpartition("#")[2]

    def administrator(self, running: Running, tenant: str = "Acme") -> Api:
        """Uses the setup link up: the first administrator, signed in."""
        api = Api(address=running.address)
        email = f"admin-{uuid4().hex}@example.org"
        api.set_up(token=self.setup_token(), tenant=tenant, email=email, password=PASSWORD)
        return api

    def second_tenant(self, running: Running, name: str = "Other", password: str = PASSWORD) -> Api:
        """Another tenant's administrator, signed in, by the operator's link for further tenants."""
        told = self.command("setup-link", "--json", "--url", running.address).stdout
        event = json.loads(told)
        assert event["for"] == "further", "nobody administers the first tenant yet"
        api = Api(address=running.address)
        email = f"admin-{uuid4().hex}@example.org"
        token = str(event["url"]).rpartition("#")[2]
        api.set_up(token=token, tenant=name, email=email, password=password)
        return api

    # What is on the disk.

    def rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        """What a query finds in the database, read beside the gateway."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as database:
            database.row_factory = sqlite3.Row
            return database.execute(query, values).fetchall()

    def tamper(self, statement: str, *values: Any, without: Sequence[str] = ()) -> int:
        """Changes the stopped gateway's database behind its back, triggers dropped by name, as
        somebody with the file would. The number of rows that changed."""
        with closing(sqlite3.connect(self.database)) as database, database:
            for trigger in without:
                database.execute(f"DROP TRIGGER {trigger}")
            database.execute("PRAGMA ignore_check_constraints = ON")
            return database.execute(statement, values).rowcount

    def copy(self, folder: Path) -> Installation:
        """The same installation in another folder, as somebody who took the disk would have it."""
        shutil.copytree(self.folder, folder)
        return Installation(
            folder=folder,
            simulator=self.simulator,
            settings=self.settings,
            environment=self.environment,
            log_level=self.log_level,
        )

    def log_lines(self) -> list[dict[str, Any]]:
        """The log so far; a line that is not JSON fails the test that reads."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]
