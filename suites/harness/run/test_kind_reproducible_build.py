"""`reproducible-build`: two builds, the same bytes; a stamp, a warning or an empty build is red."""

from __future__ import annotations

import sys

import pytest

from suites.harness.run.worlds import check, only

STEADY = "open('out/app.js', 'w').write('steady')"
STAMPED = "import os; open('out/app.js', 'w').write('made in ' + os.environ.get('TZ', 'here'))"

OTHER_NAMES = (
    "import pathlib; n = len(list(pathlib.Path('.').glob('seen*')));"
    "open(f'seen{n}', 'w'); open(f'out/{n}.js', 'w')"
)


def build(world, script: str, **options):
    world.write("out/README", "not made here")
    values = {"run": [sys.executable, "-c", script], "outputs": ["out/*.js"], **options}
    return only(world.run(check("b", kind="reproducible-build", options=values)))


def test_two_builds_that_agree_pass_and_leave_their_products(world):
    world.write("out/left-over.js", "from another day")

    result = build(world, STEADY)

    assert (result.status, result.reason) == (
        "passed",
        "two builds made the same 1 files, 0 warnings",
    )
    assert sorted(path.name for path in (world.root / "out").iterdir()) == ["README", "app.js"]


@pytest.mark.parametrize(
    ("script", "options", "said"),
    [
        (STAMPED, {}, "out/app.js differs between two builds from byte 8"),
        (OTHER_NAMES, {}, "out/0.js was made by the first build only (and 1 more)"),
        ("pass", {}, "the build made no out/*.js"),
        ("raise SystemExit(3)", {}, "build 1 of 2 ended with exit 3"),
        (f"{STEADY}; print('a.c:1:2: warning: unused')", {}, "1 warnings, where 0 are accepted"),
        (f"{STEADY}; print('error: half of it is missing')", {}, "yet the build reports an error"),
    ],
)
def test_what_is_red(world, script, options, said):
    result = build(world, script, **options)

    assert (result.status.value, said in result.reason) == ("failed", True), result.reason


def test_accepted_warnings_are_counted(world):
    result = build(world, f"{STEADY}; print('a.c:1:2: warning: unused')", **{"max-warnings": 1})

    assert (result.status, result.last.outcome.metrics["warnings"]) == ("passed", 1)
