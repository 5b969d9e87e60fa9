"""Rewrite prices.json from one release of genai-prices (MIT; github.com/pydantic/genai-prices).

    python3 -m venv .venv/prices && .venv/prices/bin/pip install genai-prices==0.2.3
    .venv/prices/bin/python native/gateway/crates/metering/update_prices.py

The package's own live updates are never used: what is charged changes by a reviewed commit alone.
Its prices are US dollars per million tokens as exact decimals, ours integer nano-dollars per
million. tests/charges.json holds what the package itself makes of sample usage, as an oracle.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

from genai_prices import types
from genai_prices.data import providers

PROVIDERS = ("anthropic", "azure", "google", "openai")
TARGET = Path(__file__).parent / "prices.json"
CHARGES = Path(__file__).parent / "tests/charges.json"
NANO = 10**9
# Ours by theirs. What they price beyond these (images, audio, searches) is listed as `unmetered`.
KINDS = {
    "input_mtok": "input",
    "cache_read_mtok": "cached_input",
    "output_mtok": "output",
    "cache_write_mtok": "cache_write",
    "cache_write_1h_mtok": "cache_write_long",
}


def main() -> None:
    """Write the table, one model per line, so that a diff shows which prices moved."""
    known = {provider.id: provider for provider in providers}
    lines = []
    for name in PROVIDERS:
        provider = known[name]
        fallback = [one for one in provider.fallback_model_providers or () if one in PROVIDERS]
        models = ",\n".join(f"   {dumped(model_of(model))}" for model in provider.models)
        lines.append(
            f'  {dumped(name)}: {{"fallback": {dumped(fallback)}, "models": [\n{models}\n  ]}}'
        )
    source = dumped(
        {"package": "genai-prices", "version": version("genai-prices"), "licence": "MIT"}
    )
    body = ",\n".join(lines)
    text = f'{{\n "format": 1,\n "source": {source},\n "providers": {{\n{body}\n }}\n}}\n'
    json.loads(text)
    TARGET.write_text(text, encoding="utf-8")
    cases = ",\n".join(dumped(case) for name in PROVIDERS for case in charges_of(known[name]))
    CHARGES.write_text(f"[\n{cases}\n]\n", encoding="utf-8")


def charges_of(provider: types.Provider) -> Iterator[dict[str, Any]]:
    """What the package makes of sample usage with each model that its name alone recognises."""
    samples = random.Random(provider.id)  # noqa: S311 - no secret depends on it
    for model in provider.models:
        if provider.find_model(model.id) is not model:
            continue
        tokens = {
            "input": samples.choice([0, 7, 1_000, 150_000, 250_000]),
            "cached_input": samples.choice([0, 0, 333, 120_000]),
            "cache_write": samples.choice([0, 0, 4_096]),
            "cache_write_long": samples.choice([0, 0, 2_048]),
            "output": samples.choice([0, 1, 777, 64_000]),
            "reasoning": samples.choice([0, 0, 2_500]),
        }
        prompt = sum(tokens[kind] for kind in tokens if kind not in {"output", "reasoning"})
        usage = types.Usage(
            input_tokens=prompt,
            cache_read_tokens=tokens["cached_input"],
            cache_write_tokens=tokens["cache_write"] + tokens["cache_write_long"],
            cache_write_1h_tokens=tokens["cache_write_long"],
            output_tokens=tokens["output"] + tokens["reasoning"],
        )
        at = datetime(samples.choice([2025, 2026]), samples.randint(1, 12), 15, tzinfo=UTC)
        tier = samples.choice([None, None, "priority", "flex"])
        price = model.calc_price(
            usage,
            provider,
            genai_request_timestamp=at,
            price_context={"service_tier": tier} if tier else None,
        )
        yield {
            "provider": provider.id,
            "model": model.id,
            "at": int(at.timestamp()),
            "service_tier": tier,
            "tokens": tokens,
            "nano_usd": int((price.total_price * NANO).quantize(Decimal(1), ROUND_HALF_UP)),
        }


def dumped(value: Any) -> str:
    """One line of JSON."""
    return json.dumps(value, ensure_ascii=True)


def model_of(model: types.ModelInfo) -> dict[str, Any]:
    """One model: how it is recognised, and its prices by period, oldest first."""
    periods = model.prices if isinstance(model.prices, list) else [model.prices]
    entry: dict[str, Any] = {"id": model.id, "match": clause(model.match)}
    if model.context_window:
        entry["context_window"] = model.context_window
    entry["periods"] = [period(one) for one in periods]
    variants = [
        variant(one) for one in model.price_variants or () if set(one.when) == {"service_tier"}
    ]
    if variants:
        entry["variants"] = variants
    priced = {key for one in periods for key in prices_of(getattr(one, "prices", one))}
    if unmetered := sorted(priced - set(KINDS)):
        entry["unmetered"] = unmetered
    return entry


def variant(one: types.PriceVariant) -> dict[str, Any]:
    """Prices that a service tier overrides."""
    return {
        "service_tier": one.when["service_tier"],
        **since(one.constraint),
        "rates": rates(one.prices),
    }


def period(one: Any) -> dict[str, Any]:
    """Prices from a day on (midnight UTC as Unix seconds); without one they always held."""
    return {**since(getattr(one, "constraint", None)), "rates": rates(getattr(one, "prices", one))}


def since(constraint: Any) -> dict[str, int]:
    """When prices begin. Raises `TypeError` for what is not a day, which none of these use."""
    if constraint is None:
        return {}
    if not isinstance(constraint, types.StartDateConstraint):
        raise TypeError(f"a price holds by {constraint!r}; extend the table's format first")
    start = datetime.combine(constraint.start_date, time.min, UTC)
    return {"from": int(start.timestamp())}


def rates(price: types.ModelPrice) -> dict[str, Any]:
    """Nano-dollars per million tokens by kind; if tiered, [more prompt tokens than, price] each."""
    found = prices_of(price)
    return {ours: rate(found[theirs]) for theirs, ours in KINDS.items() if theirs in found}


def rate(price: Decimal | types.TieredPrices) -> int | list[list[int]]:
    """One price, exactly."""
    if isinstance(price, types.TieredPrices):
        return [[0, nano(price.base)], *([tier.start, nano(tier.price)] for tier in price.tiers)]
    return nano(price)


def nano(price: Decimal) -> int:
    """Nano-dollars. Raises `ValueError` where that would round."""
    scaled = price * NANO
    if scaled != int(scaled):
        raise ValueError(f"{price} dollars are no whole number of nano-dollars")
    return int(scaled)


def prices_of(price: types.ModelPrice) -> dict[str, Any]:
    """The prices that are given, by the package's names."""
    return {
        key: value
        for key, value in vars(price).items()
        if value is not None and not key.startswith("_")
    }


def clause(match: Any) -> dict[str, Any]:
    """How a model's name is recognised: one comparison, or any or all of several."""
    match match:
        case types.ClauseOr():
            return {"any": [clause(one) for one in match.or_]}
        case types.ClauseAnd():
            return {"all": [clause(one) for one in match.and_]}
        case types.ClauseEquals():
            return {"equals": match.equals.lower()}
        case types.ClauseStartsWith():
            return {"starts_with": match.starts_with.lower()}
        case types.ClauseEndsWith():
            return {"ends_with": match.ends_with.lower()}
        case types.ClauseContains():
            return {"contains": match.contains.lower()}
        case types.ClauseRegex(regex=pattern) if (
            pattern.startswith("^(?!.*") and pattern[-1] == ")"
        ):
            # The one form of look-ahead in use; our regular expressions run in linear time.
            return {"not": {"regex": pattern.removeprefix("^(?!.*").removesuffix(")")}}
        case types.ClauseRegex():
            return {"regex": match.regex}
    raise TypeError(f"{match!r} is a comparison that the table's format lacks")


if __name__ == "__main__":
    main()
