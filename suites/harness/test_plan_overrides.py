"""Overrides in a plan: on the checks they name, where the profile is in their scope, and shown."""

from __future__ import annotations

import msgspec

from harness.model.plan import Plan
from harness.model.result import OverrideKind
from harness.plan import Selection, make_plan, show
from suites.harness.loading import host, load_files
from suites.harness.test_load_waivers import CHECKS, entry

FILE = (
    "schema: 1\nwaivers:\n"
    + entry("p/one", scope="[release]", reason='"Known \\e[31m\\n  phase"', owner="Ada Lovelace")
    + entry("p/many[3.12,true]")
    + "quarantine:\n"
    + entry(
        "p/many[3.11,true]", scope="[change, release]", expires="2020-01-01", created="2019-01-01"
    )
)


def plan(profile: str, waivers: str = FILE, selection: Selection | None = None) -> Plan:
    return make_plan(
        load_files(p=CHECKS, waivers=waivers),
        project="Sample",
        host=host(),
        selection=selection or Selection(),
        profile=profile,
    )


def overridden(made: Plan) -> dict[str, OverrideKind]:
    return {check.id: check.override.kind for check in made.checks if check.override is not None}


def test_an_override_lands_on_what_it_names_where_the_profile_is_in_its_scope() -> None:
    instances = {
        "p/many[3.11,true]": OverrideKind.QUARANTINED,
        "p/many[3.12,true]": OverrideKind.WAIVED,
    }
    assert overridden(plan("change")) == instances
    assert overridden(plan("release")) == {"p/one": OverrideKind.WAIVED, **instances}


def test_a_check_with_a_matrix_is_waived_in_every_instance() -> None:
    made = plan("change", "schema: 1\nwaivers:\n" + entry("p/many"))
    assert sorted(overridden(made)) == [
        "p/many[3.11,false]", "p/many[3.11,true]", "p/many[3.12,false]", "p/many[3.12,true]",
    ]  # fmt: skip


def test_the_plan_keeps_every_word_and_the_place() -> None:
    (given,) = [check.override for check in plan("release").checks if check.id == "p/one"]
    assert given is not None
    assert (given.owner, given.issue, given.expires) == ("Ada Lovelace", "A-1", "2026-06-30")
    assert str(given.position) == "phases/waivers.yaml:3:5"


def test_an_entry_that_is_over_stays_in_the_plan() -> None:
    (given,) = [c.override for c in plan("change").checks if c.id == "p/many[3.11,true]"]
    assert given is not None
    assert given.expires == "2020-01-01"


def test_an_override_changes_nothing_of_what_runs() -> None:
    waived = plan("release")
    bare = make_plan(
        load_files(p=CHECKS),
        project="Sample",
        host=host(),
        selection=Selection(),
        profile="release",
    )
    stripped = tuple(msgspec.structs.replace(one, override=None) for one in waived.checks)
    assert msgspec.structs.replace(waived, checks=stripped) == bare


def test_text_shows_each_override_on_one_line_and_counts_them() -> None:
    text = show.as_text(plan("release"))
    assert text.startswith("Sample: 5 checks, 5 to run, 2 waived, 1 quarantined\n")
    assert "        waived until 2026-06-30 by Ada Lovelace (A-1): Known  [31m   phase\n" in text
    assert "        quarantined until 2020-01-01 by Ada (A-1): It is known\n" in text
    assert "waived" not in show.as_text(plan("release", "schema: 1\n"))


def test_one_check_is_one_check() -> None:
    made = plan("release", "schema: 1\n", Selection(patterns=("one",)))
    alone = msgspec.structs.replace(made, deselected=())
    assert show.as_text(alone).startswith("Sample: 1 check, 1 to run\n")


def test_json_reads_back_with_its_overrides() -> None:
    made = plan("release")
    assert msgspec.json.decode(show.as_json(made), type=Plan) == made


def test_what_is_not_selected_is_not_overridden_either() -> None:
    made = plan("release", selection=Selection(patterns=("one",)))
    assert overridden(made) == {"p/one": OverrideKind.WAIVED}
