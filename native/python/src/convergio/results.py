"""What the library answers, as frozen values. Money is whole nano-dollars (10^-9 US dollar)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """Which model would answer, and why. `document` is the library's whole JSON."""

    model: str
    provider: str
    reason: str
    explanation: str
    capable: bool
    input_tokens: int
    estimated_cost_nano_usd: int
    fallbacks: tuple[str, ...]
    document: Mapping[str, Any]

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Route:
        """From the JSON of convergio_route()."""
        return cls(
            model=document["model"],
            provider=document["provider"],
            reason=document["reason"],
            explanation=document["explanation"],
            capable=document["capable"],
            input_tokens=document["input_tokens"],
            estimated_cost_nano_usd=document["estimated_cost_nano_usd"],
            fallbacks=tuple(document["fallbacks"]),
            document=document,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A whole answer: who gave it, on whose key, at what cost.

    `credential_source` is "user" or "house". `fallback_from` names the model that was chosen first
    and could not answer. `usage` is as the provider reported it. `response` is the provider's JSON.
    """

    text: str
    provider: str
    model: str
    credential_source: str
    fallback_from: str | None
    usage: Mapping[str, Any] | None
    cost_nano_usd: int | None
    route: Route
    response: Mapping[str, Any]

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Answer:
        """From the JSON of convergio_query()."""
        return cls(
            text=document["answer"],
            provider=document["provider"],
            model=document["model"],
            credential_source=document["credential_source"],
            fallback_from=document.get("fallback_from"),
            usage=document.get("usage"),
            cost_nano_usd=document.get("cost_nano_usd"),
            route=Route.read(document["route"]),
            response=document["response"],
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One step of an agent plan."""

    id: str
    needs: tuple[str, ...] = ()
    duration_ms: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """A plan in an order that respects every need, and the chain that decides its duration."""

    order: tuple[str, ...]
    critical_path: tuple[str, ...]
    total_ms: int

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Schedule:
        """From the JSON of convergio_plan()."""
        return cls(
            order=tuple(document["order"]),
            critical_path=tuple(document["critical_path"]),
            total_ms=document["total_ms"],
        )
