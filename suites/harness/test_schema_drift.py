"""The JSON Schema says what loading says: the official validator is the judge."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from harness.load.schema import export
from harness.run.kinds.registry import KindRegistry
from harness.system.probe import KNOWN
from suites.harness.loading import CAPABILITIES, HEADER, KINDS, POLICY, SERVICES, problems_of

PHASES = Path(__file__).resolve().parents[2] / "phases"
BAD_FILES = Path(__file__).parent / "bad_files"

# Flaws of single values and keys: those a schema can see while one types.
VISIBLE = [
    "unknown-key", "unknown-key-in-phase", "missing-keys", "schema-version", "schema-quoted",
    "phase-name", "no-checks", "checks-nothing", "checks-a-mapping", "check-a-word", "empty-title",
    "title-nothing", "title-a-list", "title-too-long", "timeout-text", "timeout-quoted",
    "timeout-zero", "timeout-too-long", "fraction-for-whole-number", "yes-for-true",
    "true-quoted", "list-wanted", "null-list", "mapping-wanted", "env-name", "env-value-a-list",
    "unknown-resource", "tag-with-space", "neither-uses-nor-any-of", "both-uses-and-any-of",
    "any-of-empty", "any-of-options", "unknown-kind", "with-missing", "with-a-list",
    "with-unknown-key", "with-command-as-text", "with-wrong-types", "unknown-capability",
    "matrix-empty", "matrix-axis-empty", "matrix-nested",
]  # fmt: skip


def validator(schemas: dict[str, bytes], stem: str) -> jsonschema.Draft202012Validator:
    name = stem if stem in ("services", "policy", "versions", "waivers") else "phase"
    schema: dict[str, Any] = json.loads(schemas[f"{name}.schema.json"])
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def read(data: bytes) -> Any:
    """A file as an editor reads it: YAML 1.2 words, where PyYAML's own reader knows 1.1."""

    class Reader(yaml.SafeLoader):
        pass

    Reader.yaml_implicit_resolvers = {
        first: [
            (tag, pattern)
            for tag, pattern in resolvers
            if tag not in ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool")
            or (tag.endswith("bool") and first in "tTfF")
        ]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    return yaml.load(data, Reader)


def test_schemas_in_the_repository_are_what_the_types_give() -> None:
    exported = export(KindRegistry.discover().options(), sorted(KNOWN))
    written = {path.name: path.read_bytes() for path in (PHASES / "schema").glob("*.json")}
    assert sorted(written) == sorted(exported), "run `release-manager schema --write`"
    for name, content in exported.items():
        assert written[name] == content, f"{name}: run `release-manager schema --write`"


@pytest.mark.parametrize("path", sorted(PHASES.glob("*.yaml")), ids=lambda path: path.name)
def test_the_official_validator_accepts_our_own_files(path: Path) -> None:
    schemas = export(KindRegistry.discover().options(), sorted(KNOWN))
    problems = list(validator(schemas, path.stem).iter_errors(read(path.read_bytes())))
    assert [f"{one.json_path}: {one.message}" for one in problems] == []


@pytest.mark.parametrize("flaw", VISIBLE)
def test_the_official_validator_refuses_what_loading_refuses(flaw: str) -> None:
    data = (BAD_FILES / f"{flaw}.yaml").read_bytes()
    assert not validator(export(KINDS, CAPABILITIES), flaw).is_valid(read(data))


GOOD = [
    "  - { id: a, title: A, uses: command, with: { run: [x, 1.5, yes, true] } }\n",
    "  - { id: a, title: A, uses: tests, with: { path: x, workers: auto, ratio: 0.2 } }\n",
    (
        "  - id: a\n    title: A\n    uses: tests\n    with: { path: x, mode: '${{ matrix.m }}',"
        " expect-at-least: '${{ matrix.n }}' }\n"
        "    strategy: { matrix: { m: [fast], n: [1, 2] } }\n"
    ),
    "  - { id: a, title: A, any-of: [{ title: X, uses: command, with: { run: [x] } }] }\n",
    (
        "  - id: a\n    title: A\n    uses: command\n    with: { run: [x], shell: true }\n"
        "    requires: ['python${{ matrix.v }}']\n"
        "    strategy: { matrix: { v: ['3.11', '3.12'] }, exclude: [{ v: '3.12' }] }\n"
    ),
]


@pytest.mark.parametrize("checks", GOOD)
def test_the_official_validator_accepts_what_loading_accepts(checks: str) -> None:
    data = HEADER + checks.encode()
    assert problems_of(p=data) == []
    errors = list(validator(export(KINDS, CAPABILITIES), "phase").iter_errors(read(data)))
    assert [one.message for one in errors] == []


@pytest.mark.parametrize(("stem", "data"), [("policy", POLICY), ("services", SERVICES)])
def test_the_official_validator_accepts_policy_and_services(stem: str, data: bytes) -> None:
    assert validator(export(KINDS, CAPABILITIES), stem).is_valid(read(data))


WAIVER = (
    b"schema: 1\nwaivers:\n  - { check: 'p/a[1]', reason: R, owner: O, issue: 7,"
    b" created: 2026-01-01, expires: 2026-02-01, scope: [change] }\nquarantine-limit: 3\n"
)


def test_the_official_validator_accepts_waivers() -> None:
    assert validator(export(KINDS, CAPABILITIES), "waivers").is_valid(read(WAIVER))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (b"'p/a[1]'", b"'p/*'"),
        (b"'p/a[1]'", b"p"),
        (b"reason: R", b"reason: ' '"),
        (b"owner: O, ", b""),
        (b"2026-02-01", b"soon"),
        (b"[change]", b"[]"),
        (b"[change]", b"change"),
        (b"limit: 3", b"limit: -1"),
        (b"issue: 7", b"isue: 7"),
    ],
)
def test_the_official_validator_refuses_a_wrong_waiver(right: bytes, wrong: bytes) -> None:
    assert right in WAIVER
    flawed = read(WAIVER.replace(right, wrong))
    assert not validator(export(KINDS, CAPABILITIES), "waivers").is_valid(flawed)


def test_export_does_not_depend_on_the_order_of_its_arguments() -> None:
    kinds = dict(reversed(KINDS.items()))
    assert export(kinds, sorted(CAPABILITIES, reverse=True)) == export(KINDS, CAPABILITIES)


def test_editors_get_descriptions() -> None:
    schema = json.loads(export(KINDS, CAPABILITIES)["phase.schema.json"])
    assert schema["title"] == "Phase"
    properties = schema["$defs"]["Check"]["properties"]
    assert all(one.get("description") for one in properties.values())
