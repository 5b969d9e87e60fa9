"""A plan as text, JSON and drawings; nothing in a title can break out of its place."""

from __future__ import annotations

import json
import re

import msgspec
import pytest

from harness.model.plan import Plan
from harness.plan import Selection, show
from suites.harness.loading import load_checks, plan_of

EVIL = 'x"]; end\\n %% <script>alert(1)</script> --> c0 `a` #quot; {{'


@pytest.fixture(scope="module")
def plan() -> Plan:
    definitions = load_checks(f"""
  - {{ id: a, title: Alpha, uses: command, with: {{ run: [x] }} }}
  - {{ id: b, title: Beta, uses: command, with: {{ run: [x] }}, needs: [a], requires: [docker] }}
  - {{ id: c, title: Gamma, uses: command, with: {{ run: [x] }}, needs: [a, b] }}
  - {{ id: d, title: Delta, uses: command, with: {{ run: [x] }}, if: apple-silicon }}
  - id: e
    title: {json.dumps(EVIL)}
    any-of:
      - {{ title: One, uses: command, with: {{ run: [x] }}, requires: [docker] }}
      - {{ title: Two, uses: command, with: {{ run: [x] }} }}
  - {{ id: z, title: Other, uses: command, with: {{ run: [x] }}, tags: [rest] }}
""")
    return plan_of(definitions, selection=Selection(exclude=("z",)))


def test_text_gives_every_check_and_its_reason(plan: Plan) -> None:
    text = show.as_text(plan)
    assert text.startswith(
        "Sample: 6 checks, 2 to run, 1 cannot run, 1 skipped (not applicable), "
        "1 skipped (capability missing), 1 deselected\n"
        "selection: everything, without z; judged by profile change\n"
    )
    lines = text.splitlines()
    for name, word in (("a", "run "), ("b", "skip"), ("c", "stop"), ("d", "skip"), ("e", "run ")):
        place = next(n for n, line in enumerate(lines) if line.startswith(f"  {word}  p/{name}  "))
        assert lines[place + 1].startswith("        why: ")
    assert "        not by One: docker is missing" in text
    assert "        by Two\n" in text
    assert "        needs: p/a, p/b\n" in text
    assert "  (1 deselected)\n\nproof of bite\n  5 checks have no fault to catch" in text


def test_json_is_the_whole_plan(plan: Plan) -> None:
    assert msgspec.json.decode(show.as_json(plan), type=Plan) == plan


def test_mermaid_leaves_out_what_other_edges_imply(plan: Plan) -> None:
    text = show.as_mermaid(plan)
    assert text.startswith("flowchart LR\n")
    assert re.findall(r"^  (c\d+ --> c\d+)$", text, re.MULTILINE) == ["c0 --> c1", "c1 --> c2"]


def test_mermaid_labels_cannot_break_out(plan: Plan) -> None:
    for line in show.as_mermaid(plan).splitlines():
        label = re.fullmatch(r'\s*(?:subgraph )?[cp]\d+\["(.*)"\](?::::\w+)?', line)
        if label is not None:
            plain = re.sub(r"<br/>|</?i>|#\d+;", "", label[1])
            assert not set(plain) & set('"<>`#{}%\\&|'), line
    assert "script" in show.as_mermaid(plan)
    assert "<script" not in show.as_mermaid(plan)


def test_dot_strings_are_closed_where_they_should_be(plan: Plan) -> None:
    text = show.as_dot(plan)
    outside = re.sub(r'"(?:[^"\\]|\\.)*"', '""', text)
    assert outside.count('"') % 2 == 0
    assert "alert" not in outside
    assert text.count("{") - EVIL.count("{") == text.count("}")
    assert re.findall(r"^  (c\d+ -> c\d+);$", text, re.MULTILINE) == ["c0 -> c1", "c1 -> c2"]


def test_deselected_checks_are_not_drawn(plan: Plan) -> None:
    assert "p/z" not in show.as_mermaid(plan)
    assert "p/z" not in show.as_dot(plan)
