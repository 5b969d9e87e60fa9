"""The real binary under another wall clock: libfaketime between it and the C library.

Only the wall clock moves (`DONT_FAKE_MONOTONIC`), so timeouts stay what they are and the product
needs no hook for tests.
"""

from __future__ import annotations

from importlib.metadata import distribution
from pathlib import Path

# The package is only where the library comes from: its Python side is not imported.
_LIBRARY = "libfaketime/vendor/libfaketime/src/libfaketime.so.1"
LIBRARY = Path(str(distribution("libfaketime").locate_file(_LIBRARY)))


def later(*, days: float = 0, hours: float = 0) -> dict[str, str]:
    """The environment of a process that lives so much later."""
    assert LIBRARY.is_file(), f"{LIBRARY} is missing; make setup installs it"
    return {
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME": f"+{round(days * 86_400 + hours * 3_600)}",
        "DONT_FAKE_MONOTONIC": "1",
    }
