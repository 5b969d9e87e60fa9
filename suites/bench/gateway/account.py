"""An account at our gateway: made as a person would, and asked at the end what was counted."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from suites.bench.measure import FailedContenderError

# The highest there is, some 16,000 a second: the limiter is asked each time and never refuses.
NEVER_REACHED = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """An administrator with one provider key and one token."""

    client: httpx2.Client
    token: str

    def check(self, at_least: int) -> str:
        """Says what was counted; raises unless all was metered and the audit log holds."""
        counted = int(_asked(self.client, "GET", "/api/v1/usage?by=key")["total"]["requests"])
        if counted < at_least:
            raise FailedContenderError(f"{counted} requests were metered, {at_least} answered")
        found = _asked(self.client, "GET", "/api/v1/audit/verify")
        if not found["ok"] or found["rows"] < at_least:
            raise FailedContenderError(f"the audit log does not hold: {json.dumps(found)}")
        return f"{at_least} answered, {counted} metered, audit log of {found['rows']} rows verified"


@contextmanager
def opened(address: str, link: Path, key: str) -> Iterator[Account]:
    """Follows the setup link, adds the key, makes a token, turns the limit on."""
    setup = json.loads(_appears(link))
    with httpx2.Client(base_url=address, timeout=60) as client:
        session = _asked(
            client,
            "POST",
            "/api/v1/setup",
            {
                "token": setup["url"].rpartition("#")[2],
                "tenant": "Bench",
                "email": "bench@example.org",
                "password": "a long sentence that nobody guesses",
            },
        )
        client.headers["x-csrf-token"] = session["csrf"]
        _asked(client, "PUT", "/api/v1/settings", {"requests_per_minute": NEVER_REACHED})
        _asked(
            client, "POST", "/api/v1/keys", {"provider": "openai", "name": "bench", "secret": key}
        )
        made = _asked(client, "POST", "/api/v1/tokens", {"name": "bench", "scopes": ["chat"]})
        yield Account(client=client, token=made["token"])


def _appears(file: Path) -> str:
    deadline = time.monotonic() + 20
    while not (file.exists() and file.read_text().strip()):
        if time.monotonic() > deadline:
            raise FailedContenderError(f"no {file.name} after 20 s")
        time.sleep(0.01)
    return file.read_text()


def _asked(
    client: httpx2.Client, method: str, path: str, body: dict[str, object] | None = None
) -> dict[str, Any]:
    answer = client.request(method, path, json=body)
    if not answer.is_success:
        raise FailedContenderError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
    found: dict[str, Any] = answer.json()
    return found
