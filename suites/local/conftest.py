"""What the suites of local models share: skips that say what is missing."""

from __future__ import annotations

import shutil

import pytest


@pytest.fixture(scope="session")
def node() -> None:
    """Skips where there is no Node; packages that are not as locked are an error of the test."""
    if shutil.which("node") is None:
        pytest.skip("capability_missing: node is not installed; install Node 20 or later")
