"""The two bases of every model type.

`Record` is what we write ourselves (plans, events, results): compact, frozen, decoded as written.
`Entry` is what people write in YAML: kebab-case keys, unknown keys refused, documented for editors.
"""

from __future__ import annotations

import msgspec


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Frozen data written and read by the harness itself."""


class Entry(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    gc=False,
    rename="kebab",
    forbid_unknown_fields=True,
):
    """Frozen data written by people in YAML; its docstring and field descriptions reach editors."""
