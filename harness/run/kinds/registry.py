"""Every check kind by its name: the built-in ones, imported when first used, and plug-ins.

A package brings kinds through the entry point group `release_manager.kinds`: a module whose
function `release_manager_kinds()`, marked with `hookimpl`, returns kind objects. Installed packages
are looked through only when a name is not built in, or when every kind is wanted.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

import msgspec

from harness.errors import HostError

if TYPE_CHECKING:
    from harness.model.ports import Kind

GROUP = "release_manager.kinds"

BUILT_IN = {
    "axe": "harness.run.kinds.axe:AxeKind",
    "build": "harness.run.kinds.build:BuildKind",
    "c-tests": "harness.run.kinds.c_tests:CTestsKind",
    "cargo-test": "harness.run.kinds.cargo_test:CargoTestKind",
    "command": "harness.run.kinds.command:CommandKind",
    "files": "harness.run.kinds.files:FilesKind",
    "lighthouse": "harness.run.kinds.lighthouse:LighthouseKind",
    "playwright": "harness.run.kinds.playwright:PlaywrightKind",
    "pytest": "harness.run.kinds.pytest:PytestKind",
    "reproducible-build": "harness.run.kinds.reproducible_build:ReproducibleBuildKind",
    "size-budget": "harness.run.kinds.size_budget:SizeBudgetKind",
    "versions": "harness.run.kinds.versions:VersionsKind",
    "vitest": "harness.run.kinds.vitest:VitestKind",
}


class KindRegistry:
    """Names to kinds. Built-in names cannot be taken over by a plug-in."""

    def __init__(self, extra: Iterable[Kind] = ()) -> None:
        """Know the built-in kinds and `extra` ones, which nobody has to install."""
        self._kinds: dict[str, Kind] = {kind.name: kind for kind in extra}
        self._plugins_read = False

    @classmethod
    def discover(cls) -> KindRegistry:
        """The built-in kinds and those that installed packages bring."""
        return cls()

    def get(self, name: str) -> Kind:
        """The kind of that name. Raises `KeyError`, or `HostError` for a broken plug-in."""
        kind = self._kinds.get(name)
        if kind is not None:
            return kind
        if name in BUILT_IN:
            module, _, attribute = BUILT_IN[name].partition(":")
            kind = cast("Kind", getattr(importlib.import_module(module), attribute)())
            self._kinds[name] = kind
            return kind
        self._read_plugins()
        return self._kinds[name]

    def names(self) -> tuple[str, ...]:
        """Every name there is, sorted."""
        self._read_plugins()
        return tuple(sorted({*BUILT_IN, *self._kinds}))

    def options(self) -> Mapping[str, type[msgspec.Struct]]:
        """Kind name to the type of its `with:`; a kind is imported when it is looked up."""
        return _OptionTypes(self)

    def fingerprint(self) -> tuple[str, ...]:
        """What changes whenever a kind may have: its own files, and the folders of packages."""
        here = Path(__file__).parent
        files = [here / f"{path.split('.')[3].split(':')[0]}.py" for path in BUILT_IN.values()]
        folders = [Path(entry) for entry in sys.path if entry.endswith("-packages")]
        return tuple(
            f"{path.name}:{path.stat().st_mtime_ns}" for path in [*files, *folders] if path.exists()
        ) + tuple(sorted(self._kinds.keys() - BUILT_IN.keys()))

    def _read_plugins(self) -> None:
        if self._plugins_read:
            return
        self._plugins_read = True
        import pluggy

        from harness.run.kinds import hooks

        manager = pluggy.PluginManager(hooks.PROJECT)
        manager.add_hookspecs(hooks)
        try:
            manager.load_setuptools_entrypoints(GROUP)
            brought = [kind for kinds in manager.hook.release_manager_kinds() for kind in kinds]
        except Exception as error:  # a foreign package may raise anything
            raise HostError(
                f"a package that brings check kinds cannot be loaded ({error})",
                next_step=f"correct or uninstall the package with entry points in {GROUP!r}",
            ) from error
        for kind in brought:
            if kind.name in BUILT_IN or kind.name in self._kinds:
                raise HostError(
                    f"two kinds are called {kind.name!r}",
                    next_step="uninstall the package that brings the second one",
                )
            self._kinds[kind.name] = kind


class _OptionTypes(Mapping[str, type[msgspec.Struct]]):
    """The options of each kind, looked up lazily."""

    def __init__(self, registry: KindRegistry) -> None:
        self._registry = registry

    def __getitem__(self, name: str) -> type[msgspec.Struct]:
        return self._registry.get(name).options

    def __contains__(self, name: object) -> bool:
        return name in BUILT_IN or name in self._registry.names()

    def __iter__(self) -> Iterator[str]:
        return iter(self._registry.names())

    def __len__(self) -> int:
        return len(self._registry.names())
