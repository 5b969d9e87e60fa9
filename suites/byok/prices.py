"""What a call must cost, reckoned anew: exact fractions over the price table, rounded once.

Reads the table that ships with the gateway and knows nothing of how the gateway reckons.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from functools import cache

from suites.gateway.builds import WORKSPACE

TABLE = WORKSPACE / "crates" / "metering" / "prices.json"
MILLION = 1_000_000

# The operator's own price, as `installation.SETTINGS` has it, stands before the table's.
_OWN = {
    ("azure", "gpt-4o-mini"): {
        "input": 165_000_000,
        "cached_input": 83_000_000,
        "output": 660_000_000,
    }
}


@cache
def rates(provider: str, model: str) -> Mapping[str, int]:
    """Nano-dollars per million tokens, by kind; only flat prices without a history."""
    own = _OWN.get((provider, model))
    if own is not None:
        return own
    models = json.loads(TABLE.read_text())["providers"][provider]["models"]
    (found,) = (one for one in models if one["id"] == model)
    (period,) = found["periods"]
    assert all(isinstance(rate, int) for rate in period["rates"].values()), model
    return dict(period["rates"])


def cost(provider: str, model: str, tokens: Mapping[str, int]) -> int:
    """The cost of these tokens in nano-dollars, rounded half up once."""
    price = rates(provider, model)
    of_kind = {
        "input": price["input"],
        "cached": price.get("cached_input", price["input"]),
        "output": price["output"],
        "reasoning": price["output"],
    }
    exact = sum(
        (Fraction(of_kind[kind] * count, MILLION) for kind, count in tokens.items()), Fraction(0)
    )
    return int(exact + Fraction(1, 2))
