"""Planning: what is selected, what the host allows, in which order, and the reason of each."""

from __future__ import annotations

import functools
import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import MissingCapabilityError, UsageError
from harness.model.definitions import Definitions
from harness.model.plan import Decision, Plan, PlannedCheck
from harness.model.result import SkipReason, Status
from harness.plan import (
    Ended,
    Selection,
    blocked_by,
    make_plan,
    priority,
    referenced_capabilities,
    waits_for,
)
from harness.plan.graph import CycleError, closure, order, reduced
from suites.harness.loading import host, load_checks, load_files, plan_of

WORLD = {
    "p2": """\
schema: 1
phase: v7-2
title: Second
about: Second?
needs: [v7-1/build]
tags: [late]
env: { LEVEL: phase, P: "2" }
checks:
  - id: test
    title: Tests on ${{ matrix.python }}
    uses: tests
    with: { path: t, workers: "${{ matrix.jobs }}", select: "x${{ run.cpus }}" }
    requires: ["python${{ matrix.python }}"]
    env: { LEVEL: check, V: "${{ matrix.python }}" }
    strategy: { matrix: { python: ["3.11", "3.12"], jobs: [2] } }
  - id: memory
    title: Memory is safe
    tags: [safety]
    any-of:
      - { title: Miri, uses: command, with: { run: [miri] }, requires: [docker] }
      - { title: Apple tool, uses: command, with: { run: [leaks] }, if: apple-silicon }
      - { title: ASan, uses: tests, with: { path: asan }, requires: [g++], env: { LEVEL: way } }
      - { title: Valgrind, uses: command, with: { run: [valgrind] } }
  - { id: mac, title: Mac, uses: command, with: { run: [x] }, if: "apple-silicon && !flag.off" }
  - { id: last, title: Last, uses: command, with: { run: [x] }, needs: [test, mac] }
""",
    "p1": """\
schema: 1
phase: v7-1
title: First
about: First?
checks:
  - { id: build, title: Build, uses: command, with: { run: [x] }, requires: [cargo], tags: [b] }
  - { id: lint, title: Lint, uses: command, with: { run: [x] }, continue-on-error: true }
  - { id: serve, title: Serves, uses: command, with: { run: [x] }, services: [gateway] }
""",
    "p10": """\
schema: 1
phase: v7-10
title: Tenth
about: Tenth?
needs: [v7-1]
checks:
  - { id: build, title: Again, uses: command, with: { run: [x] } }
""",
}


@functools.cache
def _loaded_once() -> Definitions:
    return load_files(**WORLD)


@pytest.fixture(scope="module")
def world() -> Definitions:
    return _loaded_once()


def check(plan: Plan, name: str) -> PlannedCheck:
    return next(one for one in plan.checks if one.id == name)


def running(plan: Plan) -> list[str]:
    return [one.id for one in plan.checks if one.decision is Decision.RUN]


def test_everything_is_planned_in_natural_order(world: Definitions) -> None:
    plan = plan_of(world, "cargo", "python3.11", "python3.12")
    assert [phase.id for phase in plan.phases] == ["v7-1", "v7-2", "v7-10"]
    assert [one.id for one in plan.checks] == [
        "v7-1/build", "v7-1/lint", "v7-1/serve", "v7-2/test[3.11,2]", "v7-2/test[3.12,2]",
        "v7-2/memory", "v7-2/mac", "v7-2/last", "v7-10/build",
    ]  # fmt: skip
    assert check(plan, "v7-10/build").needs == ("v7-1/build", "v7-1/lint", "v7-1/serve")
    assert check(plan, "v7-2/last").needs == (
        "v7-2/test[3.11,2]", "v7-2/test[3.12,2]", "v7-2/mac", "v7-1/build",
    )  # fmt: skip
    assert check(plan, "v7-1/lint").advisory
    assert sorted(plan.services) == ["db", "gateway"]


def test_matrix_values_are_filled_in_and_the_rest_is_left(world: Definitions) -> None:
    test = check(plan_of(world, "cargo", "python3.11"), "v7-2/test[3.11,2]")
    assert test.title == "Tests on 3.11"
    assert test.options == {"path": "t", "workers": 2, "select": "x${{ run.cpus }}"}
    assert test.env == {"LEVEL": "check", "P": "2", "V": "3.11"}
    assert test.matrix == {"python": "3.11", "jobs": 2}
    assert test.requires == ("python3.11",)
    assert test.tags == ("late",)


def test_missing_capability_names_it_and_how_to_get_it(world: Definitions) -> None:
    test = check(plan_of(world, "cargo", "python3.11"), "v7-2/test[3.12,2]")
    assert test.skip is SkipReason.CAPABILITY_MISSING
    assert test.reason == "python3.12 is missing (not found), install it with: get python3.12"


def test_service_brings_its_requirements(world: Definitions) -> None:
    serve = check(plan_of(world), "v7-1/serve")
    assert serve.skip is SkipReason.CAPABILITY_MISSING
    assert serve.requires == ("cargo",)


def test_condition_that_does_not_hold_shows_its_values(world: Definitions) -> None:
    mac = check(plan_of(world), "v7-2/mac")
    assert mac.skip is SkipReason.NOT_APPLICABLE
    assert mac.reason == (
        "not applicable here: apple-silicon && !flag.off does not hold"
        " (apple-silicon is false, flag.off is false)"
    )
    assert check(plan_of(world, "apple-silicon"), "v7-2/mac").decision is Decision.RUN


def test_first_alternative_that_can_is_chosen_and_the_others_are_explained(
    world: Definitions,
) -> None:
    memory = check(plan_of(world, "cargo", "g++"), "v7-2/memory")
    assert (memory.kind, memory.options) == ("tests", {"path": "asan"})
    assert memory.env["LEVEL"] == "way"
    assert memory.requires == ("g++",)
    assert [(one.title, one.lacked) for one in memory.considered] == [
        ("Miri", "docker is missing (not found), install it with: get docker"),
        (
            "Apple tool",
            "not applicable here: apple-silicon does not hold (apple-silicon is false)",
        ),
        ("ASan", ""),
        ("Valgrind", "not needed: an earlier alternative answers"),
    ]


@pytest.mark.parametrize(
    ("ways", "skip"),
    [
        ("requires: [docker]", SkipReason.CAPABILITY_MISSING),
        ("if: apple-silicon", SkipReason.NOT_APPLICABLE),
        ("if: platform.linux, requires: [docker]", SkipReason.CAPABILITY_MISSING),
    ],
)
def test_no_alternative_left_is_a_typed_skip(ways: str, skip: SkipReason) -> None:
    definitions = load_checks(
        "  - id: a\n    title: A\n    any-of:\n"
        f"      - {{ title: X, uses: command, with: {{ run: [x] }}, {ways} }}\n"
    )
    one = check(plan_of(definitions), "p/a")
    assert one.skip is skip
    assert one.reason.startswith("no alternative can be used here (X: ")


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (("v7-1",), {"v7-1/build", "v7-1/lint", "v7-1/serve"}),
        (("build",), {"v7-1/build", "v7-1/lint", "v7-1/serve", "v7-10/build"}),
        (("v7-1/build",), {"v7-1/build"}),
        (("v7-2/test[3.11,2]",), {"v7-1/build", "v7-2/test[3.11,2]"}),
        (("test[3.11,2]",), {"v7-1/build", "v7-2/test[3.11,2]"}),
        (("v7-2/test",), {"v7-1/build", "v7-2/test[3.11,2]", "v7-2/test[3.12,2]"}),
        (("v7-?/l*",), {"v7-1/build", "v7-1/lint", "v7-2/last", "v7-2/test[3.11,2]",
                        "v7-2/test[3.12,2]"}),
        (("lint", "v7-1/serve"), {"v7-1/lint", "v7-1/serve"}),
    ],
)  # fmt: skip
def test_selection_by_name_and_glob(
    world: Definitions, patterns: tuple[str, ...], expected: set[str]
) -> None:
    selection = Selection(patterns=patterns)
    plan = plan_of(world, "cargo", "python3.11", "python3.12", selection=selection)
    assert set(running(plan)) == expected
    assert len(plan.checks) + len(plan.deselected) == 9


def test_reasons_tell_why_a_check_was_chosen(world: Definitions) -> None:
    plan = plan_of(world, "cargo", "python3.11", selection=Selection(patterns=("v7-2/test",)))
    assert check(plan, "v7-2/test[3.11,2]").reason == "selected by v7-2/test"
    assert check(plan, "v7-1/build").reason == "needed by v7-2/test[3.11,2]"
    assert "v7-1/lint" in plan.deselected
    assert plan.selection == "v7-2/test"


def test_tags_narrow_patterns(world: Definitions) -> None:
    assert running(plan_of(world, selection=Selection(tags=("safety",), with_needs=False))) == [
        "v7-2/memory"
    ]
    with pytest.raises(UsageError, match="leaves no check"):
        plan_of(world, selection=Selection(patterns=("v7-1",), tags=("safety",)))


def test_excluded_check_stays_out_even_where_it_is_needed(world: Definitions) -> None:
    selection = Selection(patterns=("v7-2/memory",), exclude=("v7-1/*",))
    plan = plan_of(world, "cargo", selection=selection)
    assert running(plan) == ["v7-2/memory"]
    assert "v7-1/build" in plan.deselected
    memory = check(plan, "v7-2/memory")
    assert "v7-1/build" not in memory.needs
    assert "without v7-1/build" in memory.reason


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        (Selection(patterns=("v7-1/biuld",)), "did you mean v7-1/build"),
        (Selection(patterns=("zzz",)), "shows every phase"),
        (Selection(exclude=("v7-9",)), "nothing is called 'v7-9'"),
        (Selection(tags=("saftey",)), "did you mean safety"),
        (Selection(require=("dokcer",)), "did you mean docker"),
    ],
)
def test_name_that_matches_nothing_is_a_usage_error(
    world: Definitions, selection: Selection, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        plan_of(world, selection=selection)


def test_unknown_profile_is_a_usage_error(world: Definitions) -> None:
    with pytest.raises(UsageError, match="did you mean release"):
        make_plan(world, project="x", host=host(), selection=Selection(), profile="relase")


def test_demanded_capability_that_is_missing_stops_everything(world: Definitions) -> None:
    with pytest.raises(MissingCapabilityError, match=r"docker is missing.*get docker"):
        plan_of(world, selection=Selection(require=("docker",)))
    assert plan_of(world, "docker", selection=Selection(require=("docker",))).checks


def test_need_without_its_capability_blocks_and_the_plan_says_so(world: Definitions) -> None:
    plan = plan_of(world)
    assert check(plan, "v7-1/build").skip is SkipReason.CAPABILITY_MISSING
    memory = check(plan, "v7-2/memory")
    assert memory.decision is Decision.RUN
    assert memory.reason == (
        "cannot run: needs v7-1/build, which was skipped: a capability is missing"
    )


def test_need_that_is_not_applicable_counts_as_met(world: Definitions) -> None:
    plan = plan_of(world, "cargo", "python3.11", "python3.12")
    last = check(plan, "v7-2/last")
    assert check(plan, "v7-2/mac").skip is SkipReason.NOT_APPLICABLE
    assert last.reason == "everything is selected"


def test_capabilities_that_may_be_asked_about(world: Definitions) -> None:
    assert referenced_capabilities(world) == {
        "apple-silicon", "cargo", "docker", "g++", "python3.11", "python3.12",
    }  # fmt: skip


def test_needs_may_name_one_instance() -> None:
    plan = plan_of(
        load_checks("""
  - { id: a, title: A, uses: command, with: { run: [x] }, strategy: { matrix: { e: [one, two] } } }
  - id: b
    title: B
    uses: command
    with: { run: [x] }
    needs: ["a[${{ matrix.e }}]"]
    strategy: { matrix: { e: [one, two] } }
""")
    )
    assert check(plan, "p/b[two]").needs == ("p/a[two]",)


# --- readiness -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("end", "blocks"),
    [
        (Ended(status=Status.PASSED), False),
        (Ended(status=Status.FLAKY), False),
        (Ended(status=Status.FAILED), True),
        (Ended(status=Status.FAILED, advisory=True), False),
        (Ended(status=Status.ERRORED), True),
        (Ended(status=Status.ERRORED, advisory=True), False),
        (Ended(status=Status.SKIPPED, skip=SkipReason.NOT_APPLICABLE), False),
        (Ended(status=Status.SKIPPED, skip=SkipReason.CAPABILITY_MISSING), True),
        (Ended(status=Status.SKIPPED), True),
        (Ended(status=Status.PRECLUDED, root="p/z"), True),
        (Ended(status=Status.PRECLUDED, root="p/z", advisory=True), True),
    ],
)
def test_what_a_need_that_ended_means(end: Ended, blocks: bool) -> None:
    plan = plan_of(load_checks(
        "  - { id: a, title: A, uses: command, with: { run: [x] } }\n"
        "  - { id: b, title: B, uses: command, with: { run: [x] }, needs: [a] }\n"
    ))  # fmt: skip
    dependent = check(plan, "p/b")
    assert waits_for(dependent, {}) == ("p/a",)
    blocked = blocked_by(dependent, {"p/a": end})
    assert (blocked is not None) is blocks
    if blocked is not None:
        assert blocked.need == "p/a"
        assert blocked.root == (end.root or "p/a")
        assert blocked.reason.startswith("needs p/a, which ")


# --- properties ------------------------------------------------------------------------------


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, list[str]]:
    """Acyclic needs, their nodes in any order."""
    size = draw(st.integers(1, 12))
    edges = {
        f"n{node}": [f"n{need}" for need in draw(st.sets(st.integers(0, node - 1), max_size=4))]
        if node
        else []
        for node in range(size)
    }
    return {node: edges[node] for node in draw(st.permutations(list(edges)))}


def reach(needs: dict[str, list[str]], node: str) -> set[str]:
    return {node}.union(*(reach(needs, need) for need in needs[node]))


@given(graphs())
def test_order_respects_every_edge(needs: dict[str, list[str]]) -> None:
    ordered = order(needs)
    assert sorted(ordered) == sorted(needs)
    for node, wanted in needs.items():
        assert all(ordered.index(need) < ordered.index(node) for need in wanted)


@given(graphs(), st.data())
def test_closure_is_everything_reachable(needs: dict[str, list[str]], data: st.DataObject) -> None:
    start = data.draw(st.sets(st.sampled_from(sorted(needs)), min_size=1))
    everything = set().union(*(reach(needs, node) for node in start))
    found = closure(start, needs)
    assert set(found) == everything - start
    assert all(need in needs[by] for need, by in found.items())


@given(graphs())
def test_drawing_with_fewer_edges_means_the_same(needs: dict[str, list[str]]) -> None:
    ordered = {node: needs[node] for node in order(needs)}
    fewer = reduced(ordered)
    for node, wanted in needs.items():
        assert set(fewer[node]) <= set(wanted)
        assert reach(fewer, node) == reach(needs, node)


def test_cycle_is_refused() -> None:
    with pytest.raises(CycleError, match="a, b"):
        order({"a": ["b"], "b": ["a"], "c": []})


@given(st.randoms(use_true_random=False))
def test_input_order_never_changes_the_plan(shuffler: random.Random) -> None:
    definitions = _loaded_once()
    phases = list(definitions.phases)
    shuffler.shuffle(phases)
    mixed = []
    for loaded in phases:
        placed = list(zip(loaded.phase.checks, loaded.check_positions, strict=True))
        shuffler.shuffle(placed)
        phase = msgspec.structs.replace(loaded.phase, checks=[one for one, _ in placed])
        mixed.append(
            msgspec.structs.replace(
                loaded, phase=phase, check_positions=tuple(place for _, place in placed)
            )
        )
    shuffled = msgspec.structs.replace(definitions, phases=tuple(mixed))
    assert plan_of(shuffled, "cargo", "g++") == plan_of(definitions, "cargo", "g++")


@given(st.sets(st.sampled_from(["v7-1", "v7-2/last", "lint", "v7-10/*", "memory"]), min_size=1))
def test_every_need_of_a_check_that_runs_is_decided_for_a_reason(patterns: set[str]) -> None:
    plan = plan_of(
        _loaded_once(), "cargo", "g++", selection=Selection(patterns=tuple(sorted(patterns)))
    )
    for name in running(plan):
        for need in check(plan, name).needs:
            assert need not in plan.deselected
    assert all(one.reason for one in plan.checks)


def test_priority_is_the_longest_chain_that_waits() -> None:
    definitions = load_checks("""
  - { id: a, title: A, uses: command, with: { run: [x] } }
  - { id: b, title: B, uses: command, with: { run: [x] }, needs: [a] }
  - { id: c, title: C, uses: command, with: { run: [x] }, needs: [a] }
  - { id: d, title: D, uses: command, with: { run: [x] }, needs: [b, c], if: apple-silicon }
  - { id: e, title: E, uses: command, with: { run: [x] }, needs: [d] }
""")
    seconds = {"p/a": 1.0, "p/b": 5.0, "p/c": 2.0, "p/e": 4.0}
    plan = make_plan(
        definitions, project="x", host=host(), selection=Selection(), durations=seconds
    )
    assert priority(plan) == {"p/a": 10.0, "p/b": 9.0, "p/c": 6.0, "p/e": 4.0}


def test_plan_survives_being_saved_and_read_back(world: Definitions) -> None:
    plan = plan_of(world, "cargo", "g++")
    assert msgspec.json.decode(msgspec.json.encode(plan), type=Plan) == plan


def test_plan_of_cached_definitions_is_the_same_plan(world: Definitions) -> None:
    kept = msgspec.msgpack.decode(msgspec.msgpack.encode(world), type=Definitions)
    assert plan_of(kept, "cargo") == plan_of(world, "cargo")
