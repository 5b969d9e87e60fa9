"""Check 5, no keys logged in plaintext: canaries through everything, then searched for everywhere.

Each surface is searched three times over: it holds what proves that it is the right one, it holds
no canary in any encoding, and a copy of it with the canaries planted is found out. A scan that
cannot find what was planted says nothing about what was not found.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.providers.client import Simulator
from suites.byok.haunting import Haunting
from suites.byok.installation import Installation
from suites.byok.leaks import ENCODINGS, Finder, every_form
from suites.byok.people import PROVIDERS

# One gateway is driven for all of them.
pytestmark = [pytest.mark.xdist_group("haunting"), pytest.mark.timeout(300)]

SURFACES = [
    "log at trace level",
    "stdout",
    "database",
    "backup",
    "data folder",
    "working folder, core files",
    "temporary files",
    "bodies of answers",
    "headers of answers",
    "export usage.csv",
    "export events.csv",
    "export audit.csv",
    "export audit rows",
    "export events",
    "export keys",
    "export metrics",
    "export OpenAPI",
    "/proc/<pid>/cmdline",
    "/proc/<pid>/environ",
]


@pytest.fixture(scope="module")
def haunting(simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Haunting]:
    installation = Installation(
        folder=tmp_path_factory.mktemp("haunted"),
        simulator=simulator.address,
        log_level="trace",
    )
    driven = Haunting(installation=installation, simulator=simulator)
    driven.drive()
    yield driven


@pytest.fixture(scope="module")
def finder(haunting: Haunting) -> Finder:
    return Finder(haunting.canaries)


def test_every_surface_is_searched(haunting: Haunting) -> None:
    assert [surface.name for surface in haunting.surfaces()] == SURFACES


def test_the_canaries_were_really_used(haunting: Haunting, simulator: Simulator) -> None:
    for tenant in ("acme", "other"):
        for provider in PROVIDERS:
            for version in (1, 2):
                label = f"{tenant}/{provider}/{version}"
                (canary,) = (one for one in haunting.canaries if one.label == label)
                sent = simulator.requests(key=canary.secret, keys="plain")
                assert any(record["status"] == 200 for record in sent), label
                assert any(record["status"] != 200 for record in sent), label
    for how in ("SIGABRT", "SIGKILL"):
        (canary,) = (one for one in haunting.canaries if one.label == f"in use at {how}")
        assert simulator.requests(key=canary.secret), how


@pytest.mark.parametrize("name", SURFACES)
def test_no_key_shows(haunting: Haunting, finder: Finder, name: str) -> None:
    (surface,) = (one for one in haunting.surfaces() if one.name == name)
    whole = b"\n".join(surface.read())
    if surface.must_hold is not None:
        assert surface.must_hold in whole, f"{name} is not what it should be: {whole[:300]!r}"
    hits = finder.search(whole)
    assert hits == [], f"{name} shows {hits}"


@pytest.mark.parametrize("name", SURFACES)
def test_a_planted_key_is_found(haunting: Haunting, finder: Finder, name: str) -> None:
    (surface,) = (one for one in haunting.surfaces() if one.name == name)
    whole = b"\n".join(surface.read())
    middle = len(whole) // 2
    planted = b"\n".join(every_form(canary) for canary in haunting.canaries)
    # What surrounds a plant must not hide it; the rest of a big surface was searched above.
    near = whole[max(0, middle - 100_000) : middle], whole[middle : middle + 100_000]
    found = {(hit.label, hit.encoding) for hit in finder.search(near[0] + planted + near[1])}
    missed = {
        (canary.label, encoding) for canary in haunting.canaries for encoding in ENCODINGS
    } - found
    assert missed == set(), f"the scan of {name} is void: it does not see {sorted(missed)[:5]}"


def test_no_core_file_can_be_written(haunting: Haunting) -> None:
    assert haunting.core_limit.split()[4:6] == ["0", "0"], haunting.core_limit
    assert not any("core" in path.name for path in haunting.installation.work.iterdir())


def test_a_process_that_does_not_guard_itself_leaves_its_key_in_a_core_file(
    haunting: Haunting,
) -> None:
    """Else the empty working folder would prove nothing. Some systems hand cores to a program."""
    pattern = Path("/proc/sys/kernel/core_pattern").read_text()
    assert haunting.ordinary_core or pattern.startswith(("|", "/")), pattern
