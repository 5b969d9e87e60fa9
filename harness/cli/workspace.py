"""A project with definitions: finds its root, reads its files, builds the objects commands need."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from harness import __version__
from harness.cli.checkout import checkout, digest_of_parts
from harness.errors import HostError, UsageError
from harness.model.plan import Capability, Host

if TYPE_CHECKING:
    from jinja2 import BytecodeCache

    from harness.model.definitions import Definitions
    from harness.model.plan import Plan
    from harness.plan.selection import Selection
    from harness.run.kinds.registry import KindRegistry

PHASES = "phases"
REPORTS = "reports"
POLICY = "policy.yaml"
FAULTS = "fixtures/faults"
CACHE = Path(".release-manager/cache")
CAPABILITIES = CACHE / "capabilities.msgpack"


class Workspace:
    """One project. Nothing is read until it is asked for."""

    def __init__(self, root: Path) -> None:
        """Name the project's root folder."""
        self.root = root
        self.loaded: dict[str, bytes] = {}
        """The definition files as they were loaded, by their path relative to the root."""

    @classmethod
    def find(cls, root: str | None) -> Workspace:
        """The project at `root`, or the nearest one above the working folder.

        Raises `UsageError` when there is none.
        """
        if root is not None:
            path = Path(root).resolve()
            if not (path / PHASES / POLICY).is_file():
                raise UsageError(
                    f"{path / PHASES / POLICY}: not found",
                    next_step="name a project's root, or write its first phases with"
                    " `release-manager init`",
                )
            return cls(path)
        here = Path.cwd()
        for folder in (here, *here.parents):
            if (folder / PHASES / POLICY).is_file():
                return cls(folder)
        raise UsageError(
            f"{here}: neither this folder nor one above it holds {PHASES}/{POLICY}",
            next_step="go to a project, name one with --root, or write its first phases with"
            " `release-manager init`",
        )

    @property
    def reports(self) -> Path:
        """Where run folders stand."""
        return self.root / REPORTS

    def kinds(self) -> KindRegistry:
        """Every check kind: the built-in ones and those other packages bring."""
        from harness.run.kinds.registry import KindRegistry

        return KindRegistry.discover()

    def files(self, name: str = PHASES) -> dict[str, bytes]:
        """Every definition file, by its path relative to the root. Raises `HostError`."""
        folder = self.root / name
        paths = sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])
        return {path.relative_to(self.root).as_posix(): _definition(path) for path in paths}

    def definitions(self, kinds: KindRegistry) -> Definitions:
        """Load and validate every definition file, from the cache when nothing changed.

        Raises `DefinitionError` with every problem of every file.
        """
        from harness.record.cache import DefinitionsCache, definitions_key

        files, faults = self.files(), self.files(FAULTS)
        self.loaded = {**files, **faults}
        key = definitions_key(self.loaded, (__version__, sys.version, *kinds.fingerprint()))
        cache = DefinitionsCache(self.root / CACHE)
        definitions = cache.get(key)
        if definitions is None:
            from harness.load import load
            from harness.system.probe import KNOWN

            definitions = load(
                files, kinds=kinds.options(), capabilities=frozenset(KNOWN), faults=faults
            )
            cache.put(key, definitions)
        return definitions

    def host(self, capabilities: Iterable[str], *, flags: Mapping[str, bool], event: str) -> Host:
        """This machine, with the capabilities that are asked about."""
        return Host(
            system=platform.system().lower(),
            machine=platform.machine(),
            cpus=available_cpus(),
            memory_mb=_memory_mb(),
            capabilities=_observe(sorted(set(capabilities)), self.root / CAPABILITIES),
            flags=dict(flags),
            event=event,
        )

    def plan(
        self,
        definitions: Definitions,
        *,
        selection: Selection,
        profile: str | None,
        flags: Mapping[str, bool],
        event: str,
    ) -> Plan:
        """The plan for this machine. Raises `UsageError` for a selection of nothing."""
        from harness.cli.memory import expected_durations, with_clean_passes
        from harness.plan import make_plan, referenced_capabilities
        from harness.system.probe import KNOWN

        # A demanded name that nothing knows is the plan's to refuse: there is nothing to probe.
        wanted = {*referenced_capabilities(definitions), *KNOWN.keys() & selection.require}
        plan = make_plan(
            definitions,
            project=definitions.policy.project or self.root.name,
            host=self.host(wanted, flags=flags, event=event),
            selection=selection,
            profile=profile,
            durations=expected_durations(self.root),
        )
        plan = with_clean_passes(self.root, plan)
        if not definitions.faults:
            return plan
        from harness.cli.proofs import with_proofs

        return with_proofs(self, plan, definitions)

    def source(self) -> dict[str, str]:
        """What is being verified: commit, branch, whether files differ from it, and digests.

        `definitions` is of the definition files, `modified` of the tracked files that differ.
        """
        return {**checkout(str(self.root)), "definitions": digest_of_parts(self.files().items())}

    def templates(self) -> dict[str, str]:
        """The report templates, by file name. Raises `HostError` when they are not there."""
        package = Path(__file__).resolve().parent.parent
        # A wheel carries them inside the package; a checkout has them beside it.
        for folder in (package / "templates", package.parent / REPORTS / "templates"):
            if folder.is_dir():
                return {
                    path.relative_to(folder).as_posix(): path.read_text("utf-8")
                    for path in sorted(folder.rglob("*.*"))
                    if path.is_file() and not path.name.startswith(".")
                }
        raise HostError(
            "the report templates are missing", next_step="install release-manager again"
        )


def _definition(path: Path) -> bytes:
    """The bytes of one definition file; a pipe or a device, which may never end, is refused."""
    if path.exists() and not path.is_file():
        raise HostError(
            f"{path}: is no regular file",
            next_step="put a YAML file there, or move it out of the folder",
        )
    try:
        return path.read_bytes()
    except OSError as error:
        raise HostError(
            f"{path}: cannot be read ({error.strerror})",
            next_step="mend the file or its permissions, or remove it",
        ) from error


def template_cache() -> BytecodeCache | None:
    """Compiled templates, kept for this person's next run; None where no folder can be made.

    Like Python's own compiled modules it only saves time: a changed template is compiled again.
    """
    from jinja2 import FileSystemBytecodeCache

    try:
        # A RuntimeError is a user without a home, as containers like to have them.
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
        folder = Path(base) / "release-manager" / "templates"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return None
    return FileSystemBytecodeCache(str(folder)) if os.access(folder, os.W_OK) else None


def available_cpus() -> int:
    """Processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory_mb() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // (1024 * 1024)
    except (ValueError, OSError):
        return 0


def _observe(names: list[str], memory: Path) -> dict[str, Capability]:
    if not names:
        return {}
    from harness.system.remembered import observed

    return observed(names, memory)
