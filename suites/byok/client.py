"""A small typed client of the control plane, as a careful program would write it.

Signs in with a cookie (and then sends the CSRF token with whatever changes something) or with a
personal token. What the gateway refuses is `RefusedError`; `call` gives the bare response instead.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2

SECONDS = 30.0
COOKIE = "convergio_session"
CSRF = "x-csrf-token"


class RefusedError(Exception):
    """The gateway said no: with a stable code, a message for people, the field that is wrong."""

    def __init__(self, response: httpx2.Response) -> None:
        self.response = response
        self.status = response.status_code
        error = response.json()["error"]
        self.code: str = error["code"]
        self.message: str = error["message"]
        self.param: str | None = error.get("param")
        super().__init__(f"{self.status} {self.code} ({self.param}): {self.message}")


@dataclass(kw_only=True, slots=True, weakref_slot=True)
class Api:
    """Somebody at the door of one gateway: nobody yet, a person in a browser, or a program."""

    address: str
    token: str | None = field(default=None, repr=False)
    csrf: str | None = field(default=None, repr=False)
    http: httpx2.Client = field(init=False)

    def __post_init__(self) -> None:
        # No proxy, no netrc, of the developer's machine may decide a test.
        self.http = httpx2.Client(base_url=self.address, timeout=SECONDS, trust_env=False)
        weakref.finalize(self, self.http.close)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        """One request as this caller; whatever the answer is."""
        sent = dict(headers or {})
        if self.token is not None:
            sent.setdefault("authorization", f"Bearer {self.token}")
        elif self.csrf is not None and method != "GET":
            sent.setdefault(CSRF, self.csrf)
        wanted = {name: value for name, value in (query or {}).items() if value is not None}
        content: dict[str, Any] = {} if body is None else {"json": body}
        return self.http.request(method, path, params=wanted, headers=sent, **content)

    def ask(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """One request under /api/v1 that must succeed; its JSON, or nothing for 204."""
        response = self.call(method, f"/api/v1/{path}", body, query=query)
        if not response.is_success:
            raise RefusedError(response)
        return response.json() if response.content else None

    def pages(self, path: str, cursor: str, **query: Any) -> Iterator[dict[str, Any]]:
        """All rows of a list that is given in pages, continued by the parameter `cursor`."""
        after: Any = None
        while True:
            page = self.ask("GET", path, **query, **{cursor: after})
            yield from page["data"]
            after = page["next"]
            if after is None:
                return

    # Who one is.

    def set_up(self, *, token: str, tenant: str, email: str, password: str) -> dict[str, Any]:
        body = {"token": token, "tenant": tenant, "email": email, "password": password}
        return self._signed_in(self.ask("POST", "setup", body))

    def sign_in(self, email: str, password: str) -> dict[str, Any]:
        return self._signed_in(self.ask("POST", "session", {"email": email, "password": password}))

    def _signed_in(self, session: dict[str, Any]) -> dict[str, Any]:
        self.csrf = session["csrf"]
        return session

    def sign_out(self) -> None:
        self.ask("DELETE", "session")

    def make_token(self, name: str, *scopes: str, expires_at: int | None = None) -> dict[str, Any]:
        body: dict[str, Any] = {"name": name, "scopes": list(scopes)}
        if expires_at is not None:
            body["expires_at"] = expires_at
        return _object(self.ask("POST", "tokens", body))

    def with_token(self, *scopes: str) -> Api:
        """The same person as a program, with a token of these scopes."""
        made = self.make_token(f"for {' and '.join(scopes)}", *scopes)
        return Api(address=self.address, token=made["token"])

    def add_person(self, email: str, password: str, role: str) -> dict[str, Any]:
        body = {"email": email, "password": password, "role": role}
        return _object(self.ask("POST", "people", body))

    # Keys.

    def add_key(
        self, provider: str, name: str, secret: str, endpoint: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        return _object(self.ask("POST", "keys", _key(provider, secret, endpoint) | {"name": name}))

    def check_key(
        self, provider: str, secret: str, endpoint: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        return _object(self.ask("POST", "keys/check", _key(provider, secret, endpoint)))

    def key(self, key: str) -> dict[str, Any]:
        return _object(self.ask("GET", f"keys/{key}"))

    def list_keys(self) -> list[dict[str, Any]]:
        return list(self.ask("GET", "keys")["data"])

    def test_key(self, key: str) -> dict[str, Any]:
        return _object(self.ask("POST", f"keys/{key}/test"))

    def rename_key(self, key: str, name: str) -> dict[str, Any]:
        return _object(self.ask("PATCH", f"keys/{key}", {"name": name}))

    def rotate_key(self, key: str, secret: str, overlap_hours: int) -> dict[str, Any]:
        body = {"secret": secret, "overlap_hours": overlap_hours}
        return _object(self.ask("POST", f"keys/{key}/rotate", body))

    def revoke_key(self, key: str, version: int | None = None) -> dict[str, Any]:
        body = {} if version is None else {"version": version}
        return _object(self.ask("POST", f"keys/{key}/revoke", body))

    def remove_key(self, key: str) -> None:
        self.ask("DELETE", f"keys/{key}")

    # What was used, and what was done.

    def usage(self, by: str, **query: Any) -> dict[str, Any]:
        return _object(self.ask("GET", "usage", by=by, **query))

    def events(self, **query: Any) -> list[dict[str, Any]]:
        """Every attempt, newest first as the gateway gives them."""
        return list(self.pages("usage/events", "before", **query))

    def audit(self, **query: Any) -> list[dict[str, Any]]:
        """Every row of the audit log, oldest first."""
        rows = self.pages("audit", "after", **query)
        return sorted(rows, key=lambda row: int(row["seq"]))


def _key(provider: str, secret: str, endpoint: Mapping[str, str] | None) -> dict[str, Any]:
    body: dict[str, Any] = {"provider": provider, "secret": secret}
    return body if endpoint is None else body | {"endpoint": dict(endpoint)}


def _object(value: Any) -> dict[str, Any]:
    assert isinstance(value, dict), value
    return value
