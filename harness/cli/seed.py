"""`--seed`: the order of a run as a number that can be given again."""

from __future__ import annotations

import secrets
from typing import Any

import click

SEED_VARIABLE = "RELEASE_MANAGER_SEED"
_LARGEST = 2**32 - 1  # what pytest-randomly, numpy and C's srand take


class Seed(click.ParamType[int]):
    """A number that fits 32 bits, or `random` for one nobody chose."""

    name = "N|random"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number."""
        if value == "random":
            return secrets.randbelow(_LARGEST + 1)
        text = str(value)
        if not (text.isascii() and text.isdigit()) or int(text) > _LARGEST:
            self.fail(f"{value!r} is neither random nor a number from 0 to {_LARGEST}", param, ctx)
        return int(text)


def seed_environment(seed: int | None) -> dict[str, str]:
    """What checks see of the seed; nothing without one."""
    return {} if seed is None else {SEED_VARIABLE: str(seed)}
