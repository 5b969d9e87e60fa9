"""What `waivers.yaml` becomes when nothing is wrong with it; `bad_files/` holds what is."""

from __future__ import annotations

import pytest

from harness.errors import DefinitionError
from harness.load import load
from harness.model.spec import Position
from suites.harness.loading import CAPABILITIES, HEADER, KINDS, POLICY, load_files, problems_of

CHECKS = (
    HEADER
    + b"""\
  - { id: one, title: One, uses: command, with: { run: [x] } }
  - id: many
    title: Many
    uses: command
    with: { run: [x] }
    strategy: { matrix: { python: ["3.11", "3.12"], fast: [true, false] } }
"""
)


def entry(check: str = "p/one", scope: str = "all", **changed: str) -> str:
    """One entry, sound unless it is changed."""
    fields = {
        "reason": "It is known",
        "owner": "Ada",
        "issue": "A-1",
        "created": "2026-01-01",
        "expires": "2026-06-30",
        **changed,
    }
    text = f"  - check: {check!r}\n    scope: {scope}\n"
    return text + "".join(f"    {key}: {value}\n" for key, value in fields.items())


def test_without_the_file_nothing_is_waived() -> None:
    assert load_files(p=CHECKS).waivers == ()


def test_an_empty_file_waives_nothing() -> None:
    assert load_files(p=CHECKS, waivers="schema: 1\n").waivers == ()


def test_entries_keep_their_words_and_their_place() -> None:
    text = "schema: 1\nwaivers:\n" + entry(issue="142") + "quarantine:\n"
    text += entry("p/many[3.11,true]", scope="[release]")
    waived, quarantined = load_files(p=CHECKS, waivers=text).waivers
    assert not waived.quarantine
    assert waived.position == Position(file="phases/waivers.yaml", line=3, column=5)
    assert (waived.waiver.check, waived.waiver.scope) == ("p/one", "all")
    assert (waived.waiver.issue, waived.waiver.expires) == ("142", "2026-06-30")
    assert quarantined.quarantine
    assert quarantined.waiver.scope == ["release"]
    assert quarantined.position.line == 11


def test_an_entry_may_end_on_the_day_it_was_given() -> None:
    text = "schema: 1\nwaivers:\n" + entry(created="2028-02-29", expires="2028-02-29")
    assert problems_of(p=CHECKS, waivers=text) == []


def test_one_check_may_have_an_entry_for_each_profile_and_each_instance() -> None:
    text = "schema: 1\nwaivers:\n" + entry(scope="[change]") + entry(scope="[release]")
    text += entry("p/many[3.11,true]") + entry("p/many[3.12,true]")
    assert problems_of(p=CHECKS, waivers=text) == []


def test_a_whole_matrix_and_one_of_its_instances_are_two_entries_for_the_same() -> None:
    text = "schema: 1\nwaivers:\n" + entry("p/many[3.12,false]") + "quarantine:\n"
    (said,) = problems_of(p=CHECKS, waivers=text + entry("p/many"))
    assert said.startswith("phases/waivers.yaml:11:12: p/many[3.12,false] already has an entry")


def test_as_many_as_the_limit_are_welcome_and_none_where_it_is_zero() -> None:
    def file(limit: int) -> str:
        entries = entry(scope="[change]") + entry(scope="[release]")
        return f"schema: 1\nquarantine-limit: {limit}\nquarantine:\n{entries}"

    assert problems_of(p=CHECKS, waivers=file(2)) == []
    (said,) = problems_of(p=CHECKS, waivers=file(0))
    assert said.startswith("phases/waivers.yaml:4:5: 2 entries are in quarantine, and 0 may be")


def test_profiles_are_not_called_unknown_while_the_policy_cannot_be_read() -> None:
    text = "schema: 1\nwaivers:\n" + entry(scope="[release]")
    said = problems_of(p=CHECKS, waivers=text, policy="schema: 1\n")
    assert [one.partition(":")[0] for one in said] == ["phases/policy.yaml"]


def test_a_file_of_waivers_is_no_phase() -> None:
    files = {"phases/policy.yaml": POLICY, "phases/waivers.yaml": b"schema: 1\n"}
    with pytest.raises(DefinitionError, match="there is no phase file"):
        load(files, kinds=KINDS, capabilities=CAPABILITIES)
