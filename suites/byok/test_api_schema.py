"""Our own OpenAPI document, held against the gateway by schemathesis: as an administrator, as a
user, as nobody. No input yields a 500, an undocumented status or text that shows our insides.

Whether a wrong input is refused is not asked here: a document says less than a rule does (a secret
must be new), and the suite's other tests say those.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode, checks

from fixtures.providers.client import Simulator
from suites.byok.installation import Installation
from suites.byok.people import PROVIDERS, hire
from suites.gateway import builds

pytestmark = pytest.mark.timeout(120)

EXAMPLES = 8
INSIDES = re.compile(
    r"panicked at|\.rs:\d+|RUST_BACKTRACE|stack backtrace|sqlx|SQLITE_|convergio_[a-z]+::",
    re.IGNORECASE,
)
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
CALLERS = ("administrator", "user", "nobody")


@cache
def document() -> dict[str, Any]:
    """The document of the binary itself, which is the one it serves."""
    text = builds.run_tool((str(builds.gateway()), "openapi"), cwd=builds.ROOT)
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@cache
def schema() -> schemathesis.BaseSchema:
    """The document as schemathesis reads it, once."""
    return schemathesis.openapi.from_dict(document())


def operations() -> list[str]:
    """Every operation of the document. Tests tell of a missing build; collecting does not."""
    try:
        paths = document()["paths"]
    except AssertionError:
        return ["the document cannot be read"]
    return [f"{method.upper()} {path}" for path, one in sorted(paths.items()) for method in one]


@pytest.fixture(scope="module")
def doors(
    simulator: Simulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, requests.Session]]:
    """A way in for each caller. The gateway is of this file alone: inputs change its settings."""
    here = Installation(folder=tmp_path_factory.mktemp("schema"), simulator=simulator.address)
    with here.running() as running:
        admin = here.administrator(running)
        people = {
            "administrator": admin.with_token("chat", "keys", "usage", "admin", "audit").token,
            "user": hire(admin).token,
            "nobody": None,
        }
        for provider in PROVIDERS:
            admin.add_key(provider, provider, f"sk-sim-{provider}-0123456789abcdef")
        sessions = {}
        for caller, token in people.items():
            session = requests.Session()
            session.trust_env = False
            if token:
                session.headers["authorization"] = f"Bearer {token}"
            session.base_url = running.address  # type: ignore[attr-defined]
            sessions[caller] = session
        yield sessions
        for session in sessions.values():
            session.close()


def test_the_gateway_serves_the_document_and_it_is_whole(
    doors: dict[str, requests.Session],
) -> None:
    address = doors["nobody"].base_url  # type: ignore[attr-defined]
    served = requests.get(f"{address}/openapi.json", timeout=10).json()
    assert served == document()
    control = {path for path in served["paths"] if path.startswith("/api/v1/")}
    assert {
        "/api/v1/setup",
        "/api/v1/session",
        "/api/v1/me",
        "/api/v1/people",
        "/api/v1/tokens",
        "/api/v1/providers",
        "/api/v1/keys",
        "/api/v1/keys/check",
        "/api/v1/keys/{id}/rotate",
        "/api/v1/usage",
        "/api/v1/usage/events",
        "/api/v1/audit",
        "/api/v1/audit/verify",
        "/api/v1/settings",
        "/api/v1/reminders",
        "/api/v1/vault",
        "/api/v1/vault/rewrap",
    } <= control


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("operation", operations())
@settings(
    deadline=None,
    max_examples=EXAMPLES,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_no_input_breaks_it_or_the_documents_word(
    doors: dict[str, requests.Session], caller: str, operation: str, data: st.DataObject
) -> None:
    method, _, path = operation.partition(" ")
    wanted = schema()[path][method]
    mode = data.draw(st.sampled_from([GenerationMode.POSITIVE, GenerationMode.NEGATIVE]))
    case = data.draw(wanted.as_strategy(generation_mode=mode))
    session = doors[caller]
    # The caller is this test's choice, not the generator's.
    case.headers = {  # type: ignore[assignment]
        name: value
        for name, value in (case.headers or {}).items()
        if name.lower() not in {"authorization", "cookie", "x-api-key"}
    }
    base_url = session.base_url  # type: ignore[attr-defined]
    answer = case.call(base_url=base_url, session=session, timeout=30)
    case.validate_response(answer, checks=CHECKS)
    shown = answer.content.decode(errors="replace") + str(answer.headers)
    assert not INSIDES.search(shown), shown[:2000]
