"""What YAML values become, and the limits of what is read."""

from __future__ import annotations

import json
import tracemalloc

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import DefinitionError
from harness.load import load, source
from harness.load.node import MapNode
from harness.load.problem import MAX_PER_FILE, Problems
from harness.model.spec import Check
from suites.harness.loading import (
    CAPABILITIES,
    HEADER,
    KINDS,
    POLICY,
    load_checks,
    load_files,
    problems_of,
)


def only_check(text: str) -> Check:
    return load_checks(text).phases[0].phase.checks[0]


def test_text_is_what_was_written() -> None:
    check = only_check("""
  - id: "1"
    title: no
    uses: command
    with: { run: [a, 1.10, yes, on, 010, 2026-01-01, 1e3, 0x1F, "null", 12:30:45] }
    env: { VERSION: 1.10, FLAG: off }
""")
    assert check.title == "no"
    assert check.with_["run"] == [
        "a", "1.10", "yes", "on", "010", "2026-01-01", "1e3", "0x1F", "null", "12:30:45",
    ]  # fmt: skip
    assert check.env == {"VERSION": "1.10", "FLAG": "off"}


def test_matrix_values_are_read_as_yaml_1_2() -> None:
    check = only_check("""
  - id: a
    title: A
    uses: command
    with: { run: [x] }
    strategy: { matrix: { v: [yes, "3.10", 3, 3.5, true, 0o17, 0x1f, 1e3, -2] } }
""")
    assert check.strategy is not None
    values = check.strategy.matrix["v"]  # type: ignore[union-attr]
    assert values == ["yes", "3.10", 3, 3.5, True, 15, 31, 1000.0, -2]
    assert [type(value) for value in values[:5]] == [str, str, int, float, bool]


def test_options_get_the_types_their_kind_wants() -> None:
    check = only_check("""
  - id: a
    title: A
    uses: tests
    with: { path: 7, workers: 4, expect-at-least: 3, ratio: 1, mode: full, select: [1, no] }
""")
    assert check.with_ == {
        "path": "7", "workers": 4, "expect-at-least": 3, "ratio": 1, "mode": "full",
        "select": ["1", "no"],
    }  # fmt: skip


def test_anchors_and_aliases_are_followed() -> None:
    phase = load_checks("""
  - id: a
    title: A
    uses: command
    with: &make { run: [make] }
  - id: b
    title: B
    uses: command
    with: *make
""").phases[0]
    assert phase.phase.checks[1].with_ == {"run": ["make"]}


def test_positions_are_those_of_the_file() -> None:
    loaded = load_checks("  - { id: a, title: A, uses: command, with: { run: [x] } }\n").phases[0]
    assert str(loaded.position) == "phases/p.yaml:1:1"
    assert [str(one) for one in loaded.check_positions] == ["phases/p.yaml:6:5"]


def test_byte_order_mark_and_windows_line_ends_are_read() -> None:
    text = HEADER + b"  - { id: a, title: A, uses: command, with: { run: [x] } }\n"
    assert load_files(p=b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n")).phases[0].phase.phase == "p"


def test_no_policy_is_an_error() -> None:
    with pytest.raises(DefinitionError, match="nothing can be approved"):
        load({"phases/p.yaml": HEADER}, kinds=KINDS, capabilities=CAPABILITIES)


def test_no_phase_is_an_error() -> None:
    (said,) = problems_of()
    assert said.startswith("phases:1:1: there is no phase file; ")


def test_no_file_at_all_is_an_error() -> None:
    with pytest.raises(DefinitionError) as caught:
        load({}, kinds=KINDS, capabilities=CAPABILITIES)
    assert len(caught.value.problems) == 2


def test_huge_file_is_refused_before_it_is_parsed() -> None:
    huge = b"# " + b"x" * source.MAX_BYTES
    assert problems_of(p=huge)[0].startswith("phases/p.yaml:1:1: the file has 8,388,610 bytes")


def test_alias_bomb_is_refused_in_little_memory() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for level in range(1, 20):
        references = ", ".join([f"*a{level - 1}"] * 10)
        lines.append(f"a{level}: &a{level} [{references}]")
    tracemalloc.start()
    problems = Problems()
    assert source.read("bomb.yaml", "\n".join(lines).encode(), problems) is None
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "more than 1,000,000 values" in problems.error().problems[0]
    assert peak < 5_000_000


def test_aliases_cannot_nest_without_bound() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 60)]
    assert "nest deeper than" in problems_of(p="\n".join(lines))[0]


def test_flood_of_problems_is_cut_and_counted() -> None:
    said = problems_of(p=HEADER + b"  - {}\n" * 500)
    assert len(said) == MAX_PER_FILE + 1
    assert "more problems from here on" in said[-1]


def test_messages_cannot_be_forged_by_file_content() -> None:
    said = problems_of(p=HEADER + b'  - { "evil\\n\\e[31mphases/x.yaml:1:1": 1 }\n')
    assert all("\n" not in one and "\x1b" not in one for one in said)


def test_all_files_are_told_about_at_once() -> None:
    said = problems_of(a="schema: 2\n", b="[", policy="{}", services="x: 1\n")
    assert {one.split(":")[0] for one in said} == {
        "phases/a.yaml", "phases/b.yaml", "phases/policy.yaml", "phases/services.yaml",
    }  # fmt: skip


_WORDS = st.sampled_from(
    [
        *[
            "schema",
            "phase",
            "title",
            "about",
            "checks",
            "needs",
            "id",
            "uses",
            "with",
            "if",
            "env",
        ],
        *["matrix", "strategy", "any-of", "requires", "services", "inputs", "command"],
        *["tests", "a", "b", "1", "no", "null", "${{ run.work }}", "${{ matrix.a }}", "docker"],
    ]
)
_TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _WORDS | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=4),
    max_leaves=8,
)


def load_phase_bytes(data: bytes) -> None:
    try:
        load(
            {"phases/p.yaml": data, "phases/policy.yaml": POLICY},
            kinds=KINDS,
            capabilities=CAPABILITIES,
        )
    except DefinitionError as error:
        assert error.problems
        assert str(error)


@given(st.binary(max_size=300))
def test_arbitrary_bytes_raise_nothing_but_definition_errors(data: bytes) -> None:
    load_phase_bytes(data)


@given(st.text("{}[]&*!|>'\"%@`#:-,? \n\tab01~<", max_size=120))
def test_arbitrary_yaml_signs_raise_nothing_but_definition_errors(text: str) -> None:
    load_phase_bytes(HEADER + text.encode())


@given(st.lists(st.dictionaries(_WORDS, _TREES, max_size=6), max_size=3))
def test_arbitrary_checks_raise_nothing_but_definition_errors(checks: list[object]) -> None:
    load_phase_bytes(HEADER.replace(b"checks:\n", b"checks: ") + json.dumps(checks).encode())


def test_both_yaml_readers_see_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    text = HEADER + b"  - &a\n    id: a\n    title: >\n      folded\n    x: 'q'\n    y:\n  - *a\n"
    fast = source.read("p.yaml", text, Problems())
    monkeypatch.setattr(source, "_LOADER", yaml.SafeLoader)
    slow = source.read("p.yaml", text, Problems())
    assert isinstance(fast, MapNode)
    assert fast == slow


def test_ten_thousand_checks_load() -> None:
    lines = [
        f"  - id: c{n}\n    title: Check {n}\n    uses: command\n    with: {{ run: [x, '{n}'] }}\n"
        f"    needs: [{f'c{n - 1}' if n % 10 else ''}]\n    inputs: [src/**]\n"
        for n in range(10_000)
    ]
    definitions = load_checks("".join(lines))
    assert len(definitions.phases[0].phase.checks) == 10_000
