"""Entry point of `release-manager` and `python -m harness`; everything else is lazy."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    from harness.cli.app import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
