"""What the measurement needs of the machine: nginx, wrk, and two small C programs of its own.

Closed loops are driven by wrk. It neither paces requests nor looks into a stream; what does pace
them (vegeta, oha) has no time of the first event either and uses as much CPU as what is measured
here. So `load.c` does both.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from suites.bench.measure import FailedContenderError

HERE = Path(__file__).resolve().parent
PACKAGES = {"nginx": "nginx-light", "wrk": "wrk", "gcc": "gcc"}


def install() -> None:
    """Installs Debian's packages where root may, else says which are missing."""
    missing = [package for program, package in PACKAGES.items() if not found(program)]
    if not missing:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise FailedContenderError(f"missing: on Debian: sudo apt-get install {' '.join(missing)}")
    print(f"installing {' '.join(missing)}", file=sys.stderr)
    # A package that starts a server at once would be load of its own.
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for argv in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing],
    ):
        subprocess.run(argv, env=env, check=True, stdout=subprocess.DEVNULL)


def found(program: str) -> str | None:
    """Where a program is; daemons are often outside a user's path."""
    return shutil.which(program, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")


def compiled(name: str, into: Path) -> str:
    """Compiles one of our C programs."""
    into.mkdir(parents=True, exist_ok=True)
    program = into / name
    warnings = ("-Wall", "-Wextra", "-Werror")
    argv = ["gcc", "-std=c17", "-O2", *warnings, str(HERE / f"{name}.c"), "-o", str(program)]
    subprocess.run(argv, check=True)
    return str(program)
