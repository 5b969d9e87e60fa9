"""Who uses a gateway in a test: people with their tokens, keys and vendors' SDKs."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import anthropic
import openai

from suites.byok.client import Api
from suites.byok.installation import PASSWORD, Installation, Running

PROVIDERS = ("openai", "anthropic", "google", "azure")
MODELS = {
    "openai": "gpt-4o-mini",
    "anthropic": "claude-fable-5-2",
    "google": "gemini-2.5-flash",
    "azure": "azure/gpt-4o-mini",
}
WORDS = "naïve 日本語 🎈"
ANSWER = f"Simulated answer to: {WORDS}"


def fresh_secret() -> str:
    """A provider key that the simulators take for good and that nobody else has."""
    return f"sk-sim-{secrets.token_urlsafe(30)}"


def refused_secret() -> str:
    """A provider key that every vendor refuses."""
    return f"sk-bad-{secrets.token_urlsafe(30)}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """A key in the vault, with the secret that only the test still knows."""

    id: str
    provider: str
    name: str
    secret: str

    @property
    def match(self) -> dict[str, str]:
        """What tells the simulators' records of this secret from all others."""
        return {"key": self.secret}


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Somebody with an account: signed in, and with a token for programs."""

    email: str
    user: str
    role: str
    api: Api
    token: str

    @property
    def address(self) -> str:
        return self.api.address

    def program(self) -> Api:
        """The same person's program, which has the token and no session."""
        return Api(address=self.address, token=self.token)

    def bring(self, provider: str, secret: str | None = None) -> Key:
        """Adds a key of that provider."""
        secret = secret or fresh_secret()
        name = f"{provider} {uuid4().hex}"
        made = self.api.add_key(provider, name, secret)
        return Key(id=made["id"], provider=provider, name=name, secret=secret)

    @contextmanager
    def openai(self) -> Iterator[openai.OpenAI]:
        """OpenAI's own SDK, told nothing but another base URL and the token."""
        with openai.OpenAI(
            api_key=self.token, base_url=f"{self.address}/v1", max_retries=0, timeout=30
        ) as made:
            yield made

    @contextmanager
    def anthropic(self) -> Iterator[anthropic.Anthropic]:
        """Anthropic's own SDK, likewise."""
        with anthropic.Anthropic(
            api_key=self.token, base_url=self.address, max_retries=0, timeout=30
        ) as made:
            yield made


SCOPES = {
    "user": ("chat", "keys", "usage"),
    "admin": ("chat", "keys", "usage", "admin", "audit"),
    "auditor": ("usage", "audit"),
}


def hire(admin: Api, role: str = "user") -> Person:
    """Adds somebody to the administrator's tenant, who then signs in and makes a token."""
    email = f"{role}-{uuid4().hex}@example.org"
    made = admin.add_person(email, PASSWORD, role)
    api = Api(address=admin.address)
    api.sign_in(email, PASSWORD)
    token = api.make_token("programs", *SCOPES[role])["token"]
    return Person(email=email, user=made["id"], role=role, api=api, token=token)


def ask(client: openai.OpenAI, provider: str, words: Any = WORDS, **more: Any) -> Any:
    """One question in OpenAI's API to a model of that provider."""
    wanted = {"model": MODELS[provider], "messages": [{"role": "user", "content": words}], **more}
    return client.chat.completions.create(**wanted)


def tell(client: anthropic.Anthropic, provider: str, words: Any = WORDS, **more: Any) -> Any:
    """One question in Anthropic's API to a model of that provider."""
    messages = [{"role": "user", "content": words}]
    wanted = {"model": MODELS[provider], "max_tokens": 200, "messages": messages, **more}
    return client.messages.create(**wanted)


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """A gateway that serves, and its first administrator."""

    installation: Installation
    running: Running
    admin: Api

    @property
    def address(self) -> str:
        return self.running.address

    def hire(self, role: str = "user") -> Person:
        return hire(self.admin, role)
