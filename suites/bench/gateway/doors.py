"""The ways to the upstream: straight, through nginx, through our gateway in both of its modes."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from suites.bench.gateway.account import Account, opened
from suites.bench.gateway.running import Running, await_port, free_port, running
from suites.bench.gateway.tools import found
from suites.bench.measure import FailedContenderError

ROOT = Path(__file__).resolve().parents[3]
MODEL = "gpt-4o-mini"
PATH = "/v1/chat/completions"
# Throwaway: nobody but the upstream, which takes anything, ever sees it.
KEY = "sk-bench-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGH"
PROMPT = "In one sentence, what is a gateway for?"

NGINX = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 4096; }}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  keepalive_requests 100000000;
  tcp_nodelay on;
  upstream provider {{ server 127.0.0.1:{upstream}; keepalive 512; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    location / {{
      proxy_pass http://provider;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }}
  }}
}}
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Door:
    """One contender: where it listens, what it wants to be told, the program that is charged."""

    name: str
    port: int
    program: Running
    headers: Mapping[str, str]
    path: str = PATH
    account: Account | None = None
    # A slow one needs longer windows; one that is not ours may fail without ending the run.
    seconds: int = 1
    peer: bool = False

    def request(self, *, stream: str | None = None) -> bytes:
        """The bytes of a chat request; `stream` says EVENTSxMILLISECONDS."""
        question: dict[str, object] = {
            "model": MODEL,
            "messages": [{"role": "user", "content": PROMPT}],
        }
        if stream:
            question |= {"stream": True, "stream_options": {"include_usage": True}, "user": stream}
        body = json.dumps(question, separators=(",", ":")).encode()
        headers = {
            "Host": f"127.0.0.1:{self.port}",
            "Content-Type": "application/json",
            **self.headers,
            "Content-Length": str(len(body)),
        }
        lines = [f"POST {self.path} HTTP/1.1", *(f"{name}: {headers[name]}" for name in headers)]
        return "\r\n".join([*lines, "", ""]).encode() + body


@contextmanager
def direct(program: str, folder: Path) -> Iterator[Door]:
    """The upstream itself."""
    with running("direct", [program], folder) as started:
        deadline = time.monotonic() + 10
        while not (said := started.log.read_text().strip()):
            started.check()
            if time.monotonic() > deadline:
                raise FailedContenderError("the upstream says no port after 10 s")
            time.sleep(0.01)
        yield Door(name="direct", port=int(said), program=started, headers=_bearer(KEY))


@contextmanager
def nginx(upstream: int, folder: Path) -> Iterator[Door]:
    """Debian's nginx as a reverse proxy: connections kept, a line per request in its log."""
    program = found("nginx")
    if program is None:
        raise FailedContenderError("nginx is missing; on Debian: sudo apt-get install nginx-light")
    folder.mkdir(parents=True)
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, upstream=upstream, port=port))
    argv = [program, "-p", str(folder), "-c", str(config), "-e", "stderr"]
    with running("nginx", argv, folder) as started:
        await_port(started, port)
        yield Door(name="nginx", port=port, program=started, headers=_bearer(KEY))


@contextmanager
def ours(upstream: int, folder: Path, *, accounts: bool) -> Iterator[Door]:
    """Our gateway: passing through, or with accounts, where all that it does for them is on."""
    folder.mkdir(parents=True)
    address, link = folder / "address", folder / "setup.json"
    env = {
        "CONVERGIO_ACCOUNTS": "required" if accounts else "off",
        "CONVERGIO_DATA": str(folder / "data"),
        "CONVERGIO_MASTER_KEY_FILE": str(folder / "master" / "master.key"),
        "CONVERGIO_OPENAI_BASE_URL": f"http://127.0.0.1:{upstream}/v1",
    }
    argv = [binary(), "serve", "--listen=127.0.0.1:0", f"--address-file={address}"]
    if accounts:
        argv += [f"--setup-file={link}"]
    name = "ours, accounts" if accounts else "ours, pass-through"
    with running(name, argv, folder, env) as started:
        port = _port(started, address)
        if not accounts:
            yield Door(name=name, port=port, program=started, headers=_bearer(KEY))
            return
        with opened(f"http://127.0.0.1:{port}", link, KEY) as account:
            headers = _bearer(account.token)
            yield Door(name=name, port=port, program=started, headers=headers, account=account)


def binary() -> str:
    """The gateway as shipped, built when it is not up to date."""
    if said := os.environ.get("CONVERGIO_GATEWAY"):
        return said
    workspace = ROOT / "native" / "gateway"
    argv = ["cargo", "build", "--release", "--locked", "-q", "-p", "convergio-gateway"]
    subprocess.run(argv, cwd=workspace, check=True)
    return str(workspace / "target" / "release" / "convergio-gateway")


def _port(started: Running, address: Path) -> int:
    deadline = time.monotonic() + 20
    while not (address.exists() and address.read_text().strip()):
        started.check()
        if time.monotonic() > deadline:
            raise FailedContenderError(f"no address after 20 s:\n{started.tail()}")
        time.sleep(0.01)
    port = int(address.read_text().strip().rsplit(":", 1)[1])
    await_port(started, port)
    return port


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}
