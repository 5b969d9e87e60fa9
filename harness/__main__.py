"""Entry point of `release-manager` and `python -m harness`; everything else is lazy."""

from __future__ import annotations

import os
import sys


def _open_closed_streams() -> None:
    """Give input and outputs that the caller closed (`2>&-`, some daemons) a place to go.

    Otherwise the next file that is opened, the journal for example, takes the number of an output,
    and what children print ends up in it.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number is given, and all below this one are taken.
            os.open(os.devnull, os.O_RDWR)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", closefd=False))


def main() -> None:
    """Run the command line and leave with its exit code."""
    _open_closed_streams()
    from harness.cli.standing import answer

    code = answer(sys.argv[1:])
    if code is None:
        from harness.cli.app import run

        code = run(sys.argv[1:])
    sys.exit(code)


if __name__ == "__main__":
    main()
