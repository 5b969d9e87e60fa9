"""Drives canaries through everything a gateway can meet, and keeps all it said.

Two tenants, four providers, two versions of each key; every success and every fault of the
simulators, hostile echoes and redirects among them; mistakes that people make with a key in their
hand; then an abort and a kill in the middle of a chat. What comes out is a list of surfaces to
search, each with a word that must be in it, so that an empty surface cannot pass for a clean one.
"""

from __future__ import annotations

import resource
import secrets
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from fixtures.providers.client import Simulator
from suites.byok.client import COOKIE, Api
from suites.byok.installation import Installation, Running
from suites.byok.leaks import Canary, Finder
from suites.byok.people import MODELS, PROVIDERS
from suites.byok.waiting import eventually

FAULTS = (
    "bad_key",
    "rate_limited",
    "quota_exhausted",
    "overloaded",
    "server_error",
    "stream_error;after=2",
    "truncated;after=2",
    "no_terminator",
    "dropped;after=2",
    "reset;after=2",
    "reset;after=0",
    "stall;after=2",
    "echo_key;where=body",
    "echo_key;where=header",
    "echo_key;where=stream",
    "redirect",
    "not_json",
    "empty_body",
    "html_error",
    "invalid_utf8;after=2",
)
CHATS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/v1/chat/completions", {}),
    ("/v1/messages", {"max_tokens": 50}),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Surface:
    """A place where a key could show: its bytes, and a word that they must hold."""

    name: str
    read: Callable[[], Iterator[bytes]]
    must_hold: bytes | None = None


@dataclass(kw_only=True, slots=True)
class Haunting:
    """One gateway, the canaries that went through it, and everything it answered."""

    installation: Installation
    simulator: Simulator
    canaries: list[Canary] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)
    proc: dict[str, bytes] = field(default_factory=dict)
    exports: dict[str, bytes] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    core_limit: str = ""
    ordinary_core: bool = False

    def canary(self, label: str, prefix: str = "sk-sim-") -> str:
        """A fresh secret that must not be seen again."""
        secret = f"{prefix}{secrets.token_hex(24)}"
        self.canaries.append(Canary(label=label, secret=secret))
        return secret

    def keep(self, answer: httpx2.Response) -> httpx2.Response:
        """Keeps what was answered, to be searched."""
        head = f"{answer.status_code}\n"
        head += "\n".join(f"{name}: {value}" for name, value in answer.headers.multi_items())
        self.heads.append(head.encode())
        self.bodies.append(answer.content)
        return answer

    # The driving.

    def drive(self) -> None:
        """All of it, from the first start to the last crash."""
        # A core file may be written as far as we are concerned: the gateway must prevent it.
        before = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
        try:
            self.live()
            self.crash(signal.SIGABRT)
            self.crash(signal.SIGKILL)
            self.ordinary_crash()
        finally:
            resource.setrlimit(resource.RLIMIT_CORE, before)
        with self.installation.running() as running:
            self.processes(running)
        self.installation.command("backup", str(self.installation.folder / "backup.db"))

    def live(self) -> None:
        """What happens before anything goes down."""
        with self.installation.running() as running:
            password = self.canary("password of the administrator", "pw ")
            api = Api(address=running.address)
            form = {"tenant": "Acme", "email": "ada@example.org", "password": password}
            api.set_up(token=self.installation.setup_token(), **form)
            line = self.installation.master_key.read_text().strip()
            self.canaries.append(Canary(label="master key", secret=line.partition(":")[2]))
            other = self.installation.second_tenant(running, password=password)
            for tenant, admin in (("acme", api), ("other", other)):
                self.in_tenant(tenant, admin, running)
            self.mistakes(api, running)
            self.export(api, running)
            self.processes(running)

    def ordinary_crash(self) -> None:
        """What an abort leaves of a process that does not guard itself: the positive control."""
        folder = self.installation.folder / "ordinary"
        folder.mkdir()
        canary = Canary(label="ordinary", secret=f"sk-sim-{secrets.token_hex(24)}")
        with subprocess.Popen(["sleep", "60"], cwd=folder, env={"KEY": canary.secret}) as process:
            process.send_signal(signal.SIGABRT)
        found = [Finder([canary]).search_file(path) for path in folder.iterdir()]
        self.ordinary_core = any(hits for hits in found)

    def in_tenant(self, tenant: str, admin: Api, running: Running) -> None:
        token = admin.make_token("for chats", "chat")["token"]
        # Its id is public; what stands behind it is not.
        secret = token.rpartition("_")[2]
        self.canaries.append(Canary(label=f"token of {tenant}", secret=secret))
        for cookie in admin.http.cookies.jar:
            assert cookie.name.endswith(COOKIE)
            self.canaries.append(Canary(label=f"session of {tenant}", secret=str(cookie.value)))
        client = Api(address=running.address, token=token)
        for provider in PROVIDERS:
            first = self.canary(f"{tenant}/{provider}/1")
            second = self.canary(f"{tenant}/{provider}/2")
            name = f"key {secrets.token_hex(8)}"
            self.names.append(name)
            body = {"provider": provider, "secret": first}
            self.keep(admin.call("POST", "/api/v1/keys/check", body))
            made = self.keep(admin.call("POST", "/api/v1/keys", {**body, "name": name}))
            key = made.json()["id"]
            self.chats(client, provider, first, ["ok", *FAULTS])
            rotated = {"secret": second, "overlap_hours": 5}
            self.keep(admin.call("POST", f"/api/v1/keys/{key}/rotate", rotated))
            self.chats(client, provider, second, ["ok", "bad_key", "echo_key;where=body"])
            self.keep(admin.call("POST", f"/api/v1/keys/{key}/test"))
            self.keep(admin.call("GET", f"/api/v1/keys/{key}"))
            self.keep(admin.call("POST", f"/api/v1/keys/{key}/revoke", {"version": 1}))
            echoing = self.canary(f"{tenant}/{provider}/only checked")
            for where in ("body", "header"):
                self.simulator.queue(f"echo_key;where={where}", times=3, match={"key": echoing})
                self.keep(admin.call("POST", "/api/v1/keys/check", {**body, "secret": echoing}))

    def chats(self, client: Api, provider: str, secret: str, behaviours: list[str]) -> None:
        """Each behaviour in both APIs, whole and streamed."""
        question = {"model": MODELS[provider], "messages": [{"role": "user", "content": "hi"}]}
        for behaviour in behaviours:
            for path, more in CHATS:
                for stream in (False, True):
                    if behaviour.startswith("stall") and not stream:
                        continue  # it is the same silence, and each costs a second
                    self.simulator.queue(behaviour, times=1, match={"key": secret})
                    body = {**question, **more, "stream": stream}
                    self.keep(client.call("POST", path, body))

    def mistakes(self, admin: Api, running: Running) -> None:
        """What people do with a key in their hand."""
        wrong = self.canary("given in wrong places")
        nobody = Api(address=running.address)
        program = Api(address=running.address, token=wrong)
        key: dict[str, Any] = {"provider": "openai", "name": "x", "secret": wrong}
        for path in ("keys", "keys/check"):
            self.keep(admin.call("POST", f"/api/v1/{path}", {**key, "colour": "red"}))
            # An answer that names the field or the address that is wrong repeats it, to whoever
            # sent it; the log must not.
            admin.call("POST", f"/api/v1/{path}", {**key, wrong: 1})
            self.keep(admin.call("POST", f"/api/v1/{path}", {**key, "secret": [wrong]}))
            self.keep(admin.call("POST", f"/api/v1/{path}", {**key, "provider": wrong}))
            self.keep(admin.call("POST", f"/api/v1/{path}", {**key, "endpoint": wrong}))
            self.keep(admin.call("POST", f"/api/v1/{path}", {**key, "secret": f"{wrong} "}))
            self.keep(nobody.call("POST", f"/api/v1/{path}", key))
        self.keep(admin.call("GET", f"/api/v1/keys/{wrong}"))
        self.keep(admin.call("GET", "/api/v1/keys", query={"key": wrong}))
        self.keep(program.call("GET", "/api/v1/me"))
        self.keep(program.call("GET", "/v1/models", query={"key": wrong}))
        self.keep(program.call("POST", "/v1/chat/completions", {"model": wrong, "messages": []}))
        self.keep(nobody.call("POST", "/v1/messages", {}, headers={"x-api-key": wrong}))
        nobody.call("GET", f"/{wrong}")
        self.keep(nobody.call("POST", "/api/v1/session", {"email": wrong, "password": wrong}))
        self.keep(nobody.call("POST", "/api/v1/session", {"email": "ada@example.org", "x": wrong}))
        half = f'{{"provider": "openai", "secret": "{wrong}'
        self.keep(
            admin.http.post(
                "/api/v1/keys",
                content=half.encode(),
                headers={"content-type": "application/json", "x-csrf-token": admin.csrf or ""},
            )
        )

    def export(self, admin: Api, running: Running) -> None:
        """Everything that can be taken out."""
        wanted: list[tuple[str, str, dict[str, Any]]] = [
            ("usage.csv", "usage", {"by": "key", "format": "csv"}),
            ("events.csv", "usage/events", {"format": "csv"}),
            ("audit.csv", "audit", {"format": "csv"}),
            ("audit rows", "audit", {"limit": 100}),
            ("events", "usage/events", {"limit": 100}),
            ("keys", "keys", {}),
        ]
        for name, path, query in wanted:
            self.exports[name] = admin.call("GET", f"/api/v1/{path}", query=query).content
        self.exports["metrics"] = running.get("/metrics").content
        self.exports["OpenAPI"] = running.get("/openapi.json").content

    def processes(self, running: Running) -> None:
        """What the system tells of the process to whoever may read it."""
        folder = Path("/proc") / str(running.process.pid)
        for name in ("cmdline", "environ"):
            try:
                self.proc[name] = (folder / name).read_bytes()
            except PermissionError:  # nobody but root reads it: nothing shows
                self.proc[name] = b"(not readable)"
        limits = (folder / "limits").read_text()
        (self.core_limit,) = (line for line in limits.splitlines() if "core file" in line)

    def crash(self, how: signal.Signals) -> None:
        """Ends the process while a provider is asked with a key that is open in its memory."""
        with self.installation.running() as running:
            api = Api(address=running.address)
            (password,) = (one.secret for one in self.canaries if one.label.startswith("password"))
            api.sign_in("ada@example.org", password)
            secret = self.canary(f"in use at {how.name}")
            api.add_key("google", f"crash {how.name}", secret)
            # The oldest key serves, so the others go first.
            for key in api.list_keys():
                if key["provider"] == "google" and key["name"] != f"crash {how.name}":
                    api.remove_key(key["id"])
            self.simulator.queue("ok;drip_ms=300", match={"key": secret})
            question = {"model": MODELS["google"], "messages": [{"role": "user", "content": "x"}]}
            with api.http.stream(
                "POST",
                "/v1/chat/completions",
                json={**question, "stream": True},
                headers={"x-csrf-token": api.csrf or ""},
            ) as answer:
                assert answer.status_code == 200
                eventually(
                    lambda: self.simulator.requests(key=secret),
                    lambda sent: any(one["outcome"] == "in_flight" for one in sent),
                    "a chat under way",
                )
                running.kill(how)

    # What came out.

    def surfaces(self) -> list[Surface]:
        """Everything to search."""
        here = self.installation
        name = self.names[0].encode()
        kept = {
            **{f"export {name}": text for name, text in self.exports.items()},
            **{f"/proc/<pid>/{name}": text for name, text in self.proc.items()},
        }
        must = {
            "export usage.csv": name,
            "export events.csv": b"gpt-4o-mini",
            "export audit.csv": b"key_change",
            "export audit rows": b"key_change",
            "export events": b"provider.truncated",
            "export keys": name,
            "export metrics": b"convergio_",
            "export OpenAPI": b"/api/v1/keys",
        }
        return [
            _of_file("log at trace level", here.log, b"/v1/chat/completions"),
            _of_file("stdout", here.stdout, b"setup"),
            _of_file("database", here.database, name),
            _of_file("backup", here.folder / "backup.db", name),
            _of_folder("data folder", here.data, b"SQLite format 3"),
            _of_folder("working folder, core files", here.work, None),
            _of_folder("temporary files", here.temporary, None),
            _of_bytes("bodies of answers", self.bodies, b"auth.invalid"),
            _of_bytes("headers of answers", self.heads, b"x-convergio-provider"),
            *(_of_bytes(name, [text], must.get(name)) for name, text in kept.items()),
        ]


def _of_bytes(name: str, texts: list[bytes], must_hold: bytes | None) -> Surface:
    return Surface(name=name, read=lambda: iter(texts), must_hold=must_hold)


def _of_file(name: str, path: Path, must_hold: bytes) -> Surface:
    return Surface(name=name, read=lambda: iter([path.read_bytes()]), must_hold=must_hold)


def _of_folder(name: str, folder: Path, must_hold: bytes | None) -> Surface:
    def read() -> Iterator[bytes]:
        for path in sorted(folder.rglob("*")):
            yield str(path.relative_to(folder)).encode()
            if path.is_file():
                yield path.read_bytes()

    return Surface(name=name, read=read, must_hold=must_hold)
