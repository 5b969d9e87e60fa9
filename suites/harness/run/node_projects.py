"""Projects whose runners are stand-ins: each leaves a real tool's result file, and an exit code."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from suites.harness.run.worlds import World, check, only

RESULTS = Path(__file__).with_name("results")


def result_file(name: str, root: Path) -> str:
    """A tool's result file as it wrote it, its paths those of `root`."""
    return (RESULTS / name).read_text("utf-8").replace("@ROOT@", str(root))


def run_stand_in(
    world: World,
    kind: str,
    results: str | None,
    *,
    variable: str,
    code: int,
    after: str = "",
    **options: Any,
):
    """Run a kind over a program of its own name that leaves `results` where it was told to."""
    world.write("package.json", "{}")
    script = f'#!/bin/sh\n{after}\ncp results.json "${variable}"\nexit {code}\n'
    if results is None:
        script = f"#!/bin/sh\n{after}\necho 'this went wrong'\nexit {code}\n"
    else:
        world.write("results.json", results)
    world.write(f"node_modules/.bin/{kind}", script).chmod(0o755)
    return only(world.run(check("t", kind=kind, options=options)))


def records(result) -> dict[str, str]:
    return {test.id: test.status.value for test in result.tests}


def run_node_stand_in(
    world: World, kind: str, results: str | None, *, packages: tuple[str, ...], code: int, options
):
    """Run a kind that has Node do the work, with a `node` that only leaves `results`."""
    world.write("package.json", "{}")
    for package in packages:
        world.write(f"node_modules/{package}/package.json", "{}")
    script = f"#!/bin/sh\necho 'this went wrong'\nexit {code}\n"
    if results is not None:
        world.write("results.json", results)
        script = f'#!/bin/sh\ncp results.json "$RELEASE_MANAGER_RESULTS"\nexit {code}\n'
    world.write("bin/node", script).chmod(0o755)
    environ = {**os.environ, "PATH": f"{world.root}/bin:{os.environ['PATH']}"}
    return only(world.run(check("t", kind=kind, options=options), environ=environ))
