"""What the vendors' Node SDKs are asked, here and through the gateway: the same questions."""

from __future__ import annotations

import pytest

from fixtures.sdks import client


@pytest.fixture(scope="session", autouse=True)
def _node() -> None:
    if reason := client.lacking():
        pytest.skip(reason)
