"""JSON Schema (2020-12) of the definition files: editors complete and check while one types.

Derived from the same types that `validate` compiles, and never narrower than loading: what a schema
cannot say (that a name exists, that nothing waits for itself) is left to loading.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from harness.model.fault import Faults
from harness.model.spec import Phase, Policy, Services, Versions, Waivers

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_PLACEHOLDER = {"type": "string", "pattern": r"^\s*\$\{\{"}
_NARROW = {"enum", "pattern"}
_SAID_ONCE = ("description", "title", "default")
_ONE_PROBE = ("http", "tcp", "log", "file")


def export(
    kinds: Mapping[str, type[msgspec.Struct]], capabilities: Collection[str]
) -> dict[str, bytes]:
    """Every schema by its file name; the same arguments give the same bytes.

    `kinds` binds each `uses:` to its `with:`, `capabilities` completes `requires:`.
    """
    phase = _schema(Phase)
    definitions = phase["$defs"]
    for name in sorted(kinds):
        definitions.update(_options(name, kinds[name]))
    for owner in ("Check", "Alternative"):
        _bind_kinds(definitions[owner], kinds)
        _name_capabilities(definitions[owner], capabilities)
    definitions["Check"]["oneOf"] = [{"required": ["uses"]}, {"required": ["any-of"]}]
    services = _schema(Services)
    _name_capabilities(services["$defs"]["Service"], capabilities)
    services["$defs"]["Readiness"]["oneOf"] = [{"required": [one]} for one in _ONE_PROBE]
    schemas = {
        "phase": phase,
        "services": services,
        "policy": _schema(Policy),
        "versions": _schema(Versions),
        "waivers": _schema(Waivers),
        "faults": _faults(),
    }
    return {f"{name}.schema.json": _bytes(schema) for name, schema in schemas.items()}


def _faults() -> dict[str, Any]:
    """A fault breaks something, and a failure is told by a test or a message."""
    faults = _schema(Faults)
    for name, keys in (
        ("Fault", ("edits", "patch", "env", "services")),
        ("Expectation", ("test", "message")),
    ):
        faults["$defs"][name]["anyOf"] = [{"required": [key]} for key in keys]
    return faults


def _schema(wanted: type[msgspec.Struct]) -> dict[str, Any]:
    """One file's schema, the file's own type spread at the top."""
    _, definitions = msgspec.json.schema_components([wanted], ref_template="#/$defs/{name}")
    _as_written(definitions)
    top = definitions.pop(wanted.__name__)
    return {"$schema": DIALECT, **top, "$defs": definitions}


def _options(kind: str, wanted: type[msgspec.Struct]) -> dict[str, Any]:
    """The definitions of a kind's `with:`, under names no other kind has."""
    _, found = msgspec.json.schema_components(
        [wanted], ref_template=f"#/$defs/with.{kind}.{{name}}"
    )
    _as_written(found)
    named: dict[str, Any] = {}
    for name, definition in found.items():
        _allow_placeholders(definition)
        named[f"with.{kind}" if name == wanted.__name__ else f"with.{kind}.{name}"] = definition
    return named


def _bind_kinds(owner: dict[str, Any], kinds: Mapping[str, type[msgspec.Struct]]) -> None:
    properties = owner["properties"]
    properties["uses"] = {
        "description": properties["uses"].get("description", ""),
        "enum": sorted(kinds),
    }
    owner["allOf"] = []
    for name in sorted(kinds):
        then: dict[str, Any] = {"properties": {"with": {"$ref": f"#/$defs/with.{name}"}}}
        if any(field.required for field in msgspec.structs.fields(kinds[name])):
            then["required"] = ["with"]
        owner["allOf"].append(
            {"if": {"properties": {"uses": {"const": name}}, "required": ["uses"]}, "then": then}
        )


def _name_capabilities(owner: dict[str, Any], capabilities: Collection[str]) -> None:
    owner["properties"]["requires"]["items"] = {
        "anyOf": [
            {"enum": sorted(capabilities)},
            {"type": "string", "pattern": r"\$\{\{"},
        ]
    }


def _as_written(node: Any) -> None:
    """A text field takes an unquoted number or truth value as it is written, as loading does."""
    if isinstance(node, list):
        for one in node:
            _as_written(one)
    elif isinstance(node, dict):
        if node.get("type") == "string":
            node["type"] = ["string", "number", "boolean"]
        for key, value in node.items():
            if key not in ("default", "enum", "const"):
                _as_written(value)


def _allow_placeholders(node: dict[str, Any]) -> None:
    """Where no text is wanted, `${{ … }}` may stand for the value."""
    for part in _parts(node):
        _allow_placeholders(part)
        if part.get("type") in ("integer", "number", "boolean") or part.keys() & _NARROW:
            original = dict(part)
            part.clear()
            part.update({key: original.pop(key) for key in _SAID_ONCE if key in original})
            part["anyOf"] = [original, dict(_PLACEHOLDER)]


def _parts(node: dict[str, Any]) -> list[dict[str, Any]]:
    """The schemas directly inside one."""
    found = list(node.get("properties", {}).values())
    for key in ("anyOf", "prefixItems"):
        found += node.get(key, [])
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            found.append(node[key])
    return found


def _bytes(schema: dict[str, Any]) -> bytes:
    return (json.dumps(schema, indent=2, ensure_ascii=False) + "\n").encode()
