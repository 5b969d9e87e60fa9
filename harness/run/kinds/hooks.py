"""The hook through which other packages bring check kinds.

from harness.run.kinds.hooks import hookimpl

@hookimpl
def release_manager_kinds():
    return [MyKind()]
"""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from harness.model.ports import Kind

PROJECT = "release_manager"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def release_manager_kinds() -> Iterable[Kind]:
    """Kinds that this package brings; each name must be new."""
    return ()
