"""What the database holds of a key, read beside the gateway."""

from __future__ import annotations

import sqlite3

from suites.byok.envelope import Binding
from suites.byok.installation import Installation

_VERSION = """
SELECT key_versions.*, provider_keys.provider FROM key_versions
JOIN provider_keys ON provider_keys.tenant = key_versions.tenant AND id = key_id
WHERE key_id = ? AND key_versions.version = ?
"""


def stored(installation: Installation, key: str, version: int = 1) -> sqlite3.Row:
    """The row of one version of a key, with the key's provider."""
    (row,) = installation.rows(_VERSION, key, version)
    return row


def binding_of(row: sqlite3.Row) -> Binding:
    """What its secret is sealed for."""
    return Binding(
        tenant=row["tenant"], provider=row["provider"], key=row["key_id"], version=row["version"]
    )
