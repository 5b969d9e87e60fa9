from __future__ import annotations

from pathlib import Path

from harness.model.definitions import Definitions
from harness.model.spec import Condition, Effect, Policy, Profile
from harness.record.cache import DefinitionsCache, definitions_key

DEFINITIONS = Definitions(
    phases=(),
    services={},
    policy=Policy(
        schema=1,
        default="change",
        profiles={"change": Profile(about="x", rules={Condition.FAILED: Effect.BLOCK})},
    ),
)


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    cache = DefinitionsCache(tmp_path / "cache")
    assert cache.get("k") is None
    assert cache.put("k", DEFINITIONS)
    assert cache.get("k") == DEFINITIONS


def test_any_damage_is_a_miss(tmp_path: Path) -> None:
    cache = DefinitionsCache(tmp_path)
    cache.put("k", DEFINITIONS)
    (entry,) = tmp_path.iterdir()
    content = entry.read_bytes()
    for index in range(len(content)):
        entry.write_bytes(content[:index] + bytes([content[index] ^ 1]) + content[index + 1 :])
        assert cache.get("k") is None
    for length in range(len(content)):
        entry.write_bytes(content[:length])
        assert cache.get("k") is None


def test_a_place_that_refuses_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert not DefinitionsCache(tmp_path / "file").put("k", DEFINITIONS)


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    cache = DefinitionsCache(tmp_path)
    for number in range(20):
        cache.put(f"{number:032}", DEFINITIONS)
    assert len(list(tmp_path.iterdir())) == 8


def test_the_key_sees_every_byte_name_and_version() -> None:
    base = definitions_key({"a": b"1", "b": b"2"}, ["7"])
    others = [
        definitions_key({"a": b"1", "b": b"3"}, ["7"]),
        definitions_key({"a": b"1", "c": b"2"}, ["7"]),
        definitions_key({"a": b"1"}, ["7"]),
        definitions_key({"a": b"12", "b": b""}, ["7"]),
        definitions_key({"a": b"1", "b": b"2"}, ["8"]),
    ]
    assert len({base, *others}) == 6
    assert base == definitions_key({"b": b"2", "a": b"1"}, ["7"])
