"""`python -m suites.gateway.memory_safety TOOL [pytest arguments]`: one memory check as a command.

Exit status: 0 clean, 1 an error or an uncaught planted bug, 3 the tool is not on this host (said on
standard error), else pytest's own. A run in which nothing was checked is never 0.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pytest

from suites.gateway.memory_safety.tools import missing

TOOLS = ("miri", "asan", "valgrind")
UNAVAILABLE = 3


def main() -> int:
    """Runs the tool's tests, or says why they cannot run here."""
    parser = argparse.ArgumentParser(prog="python -m suites.gateway.memory_safety")
    parser.add_argument("tool", choices=TOOLS)
    arguments, for_pytest = parser.parse_known_args()
    reasons = missing(arguments.tool)
    if reasons:
        sys.stderr.write("".join(f"{reason}\n" for reason in reasons))
        return UNAVAILABLE
    path = Path(__file__).parent / f"test_{arguments.tool}.py"
    return int(pytest.main([str(path), "-v", "--tb=short", *for_pytest]))


if __name__ == "__main__":
    sys.exit(main())
