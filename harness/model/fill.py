"""Placeholders filled in, wherever they stand in a check's options, and the options then typed.

Planning fills in what a matrix says (`partial`), running fills in the rest. A placeholder that is
the whole value keeps its type, so `port: ${{ services.gateway.ports.http }}` is a number; where
the kind wants text, numbers and truth values are spelt out.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from harness.model.expression import OPENING, Value, interpolate, spell

Options = TypeVar("Options", bound=msgspec.Struct)


def has_placeholder(value: Any) -> bool:
    """Whether any text in a tree of lists and dicts holds a placeholder."""
    if isinstance(value, str):
        return OPENING in value
    if isinstance(value, dict):
        return any(has_placeholder(part) for part in value.values())
    if isinstance(value, list | tuple):
        return any(has_placeholder(part) for part in value)
    return False


def fill(value: Any, scope: Mapping[str, Value], *, partial: bool = False) -> Any:
    """A tree of lists and dicts with every text in it interpolated; keys stay as they are.

    Raises `ExpressionError` as `interpolate` does.
    """
    if isinstance(value, str):
        return interpolate(value, scope, partial=partial) if OPENING in value else value
    if isinstance(value, dict):
        return {key: fill(part, scope, partial=partial) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [fill(part, scope, partial=partial) for part in value]
    return value


def fill_text(text: str, scope: Mapping[str, Value], *, partial: bool = False) -> str:
    """One text interpolated, and text it stays. Raises `ExpressionError`."""
    if OPENING not in text:
        return text
    return spell(interpolate(text, scope, partial=partial))


def fill_env(
    env: Mapping[str, str], scope: Mapping[str, Value], *, partial: bool = False
) -> dict[str, str]:
    """An environment with its values interpolated. Raises `ExpressionError`."""
    return {name: fill_text(value, scope, partial=partial) for name, value in env.items()}


def typed_options(
    kind_options: type[Options], options: Mapping[str, Any], scope: Mapping[str, Value]
) -> Options:
    """A planned check's options as the kind's own type, every placeholder filled in.

    Raises `ExpressionError` for a name the scope lacks and `msgspec.ValidationError` for a value
    of the wrong type (which loading has ruled out for all that is known before a run).
    """
    filled = fill(options, scope) if has_placeholder(options) else options
    try:
        return msgspec.convert(filled, kind_options)
    except msgspec.ValidationError:
        # A matrix or a port may have put a number where text is wanted.
        return msgspec.convert(_spelt(filled, _type_info(kind_options)), kind_options)


@functools.cache
def _type_info(kind_options: type[msgspec.Struct]) -> inspect.Type:
    return inspect.type_info(kind_options)


def _spelt(value: Any, wanted: inspect.Type) -> Any:
    """Numbers and truth values as text where only text will do."""
    match wanted:
        case inspect.Metadata(type=inner):
            return _spelt(value, inner)
        case inspect.StrType():
            return spell(value) if isinstance(value, int | float) else value
        case inspect.StructType(fields=fields) if isinstance(value, dict):
            types = {field.encode_name: field.type for field in fields}
            return {
                key: _spelt(part, types[key]) if key in types else part
                for key, part in value.items()
            }
        case inspect.DictType(value_type=inner) if isinstance(value, dict):
            return {key: _spelt(part, inner) for key, part in value.items()}
        case inspect.CollectionType(item_type=inner) | inspect.VarTupleType(item_type=inner) if (
            isinstance(value, list)
        ):
            return [_spelt(part, inner) for part in value]
        case inspect.UnionType(types=types):
            return _spelt_in_union(value, types)
    return value


def _spelt_in_union(value: Any, types: tuple[inspect.Type, ...]) -> Any:
    inner = [one.type if isinstance(one, inspect.Metadata) else one for one in types]
    if isinstance(value, dict | list):
        shape = inspect.StructType | inspect.DictType if isinstance(value, dict) else _LISTS
        return next((_spelt(value, one) for one in inner if isinstance(one, shape)), value)
    own: Any = {bool: inspect.BoolType, int: inspect.IntType | inspect.FloatType}.get(
        type(value), inspect.FloatType
    )
    if isinstance(value, str) or any(isinstance(one, own) for one in inner):
        return value
    return next((_spelt(value, one) for one in inner if isinstance(one, inspect.StrType)), value)


_LISTS = inspect.CollectionType | inspect.VarTupleType
