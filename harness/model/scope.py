"""Every name that `if:` and `${{ }}` may use, and where its value comes from.

`if:` is decided at plan time and sees: each capability by its name, `flag.NAME` (a flag nobody set
is off), `platform.linux|macos|windows`, `system`, `machine`, `event`, `host.cpus`,
`host.memory_mb`, `matrix.AXIS`. Placeholders see `matrix.AXIS` at plan time and the rest when the
check runs: `services.NAME.url|host`, `services.NAME.ports.PORT`, `run.work|root|python|cpus`,
`host.cpus`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from harness.model.expression import ExpressionError, Name, Value, type_name
from harness.model.plan import Host
from harness.model.ports import CheckContext, ServiceAddress
from harness.model.spec import Scalar

_TRUTH = frozenset({"truth value"})
_TEXT = frozenset({"text"})
_NUMBER = frozenset({"number"})

PLATFORMS = {"linux": "linux", "darwin": "macos", "windows": "windows"}
_CONDITION_TYPES: dict[str, frozenset[str]] = {
    **{f"platform.{name}": _TRUTH for name in PLATFORMS.values()},
    "event": _TEXT,
    "system": _TEXT,
    "machine": _TEXT,
    "host.cpus": _NUMBER,
    "host.memory_mb": _NUMBER,
}
RUN_TEXTS = ("run.work", "run.root", "run.python")
RUN_NAMES = (*RUN_TEXTS, "run.cpus", "host.cpus")
FLAG = "flag."


class UnknownNameError(ExpressionError):
    """A name that nothing answers to; `known` holds those that would have done."""

    def __init__(self, name: Name, known: Collection[str]) -> None:
        super().__init__(f'nothing is called "{name.name}"', name.offset)
        self.name = name.name
        self.known = tuple(known)


def condition_types(
    name: Name, *, capabilities: Collection[str], axes: Mapping[str, Collection[Scalar]]
) -> frozenset[str]:
    """The types a name of an `if:` can have. Raises `UnknownNameError`."""
    text = name.name
    if text in capabilities:
        return _TRUTH
    if (types := _CONDITION_TYPES.get(text)) is not None:
        return types
    if text.startswith(FLAG) and len(text) > len(FLAG):
        return _TRUTH
    axis = text.removeprefix("matrix.")
    if axis != text and axis in axes:
        return frozenset(type_name(value) for value in axes[axis])
    raise UnknownNameError(
        name, [*capabilities, *_CONDITION_TYPES, *(f"matrix.{one}" for one in axes)]
    )


def condition_scope(host: Host) -> dict[str, Value]:
    """What `if:` sees of a host, all but `matrix` and flags nobody set."""
    scope: dict[str, Value] = {
        name: capability.present for name, capability in host.capabilities.items()
    }
    scope.update({f"platform.{name}": host.system == key for key, name in PLATFORMS.items()})
    scope.update({FLAG + name: state for name, state in host.flags.items()})
    scope["event"] = host.event
    scope["system"] = host.system
    scope["machine"] = host.machine
    scope["host.cpus"] = host.cpus
    scope["host.memory_mb"] = host.memory_mb
    return scope


def matrix_scope(combination: Mapping[str, Scalar]) -> dict[str, Value]:
    """What `matrix.AXIS` stands for in one instance of a check."""
    return {f"matrix.{axis}": value for axis, value in combination.items()}


def service_scope(services: Mapping[str, ServiceAddress]) -> dict[str, Value]:
    """What `services.…` stands for while these services run."""
    scope: dict[str, Value] = {}
    for name, address in services.items():
        scope[f"services.{name}.url"] = address.url
        scope[f"services.{name}.host"] = address.host
        for port, number in address.ports.items():
            scope[f"services.{name}.ports.{port}"] = number
    return scope


def run_scope(
    context: CheckContext, *, host_cpus: int, matrix: Mapping[str, Scalar] | None = None
) -> dict[str, Value]:
    """Every placeholder's value for a check that is about to run."""
    return {
        **matrix_scope(matrix or {}),
        **service_scope(context.services),
        "run.work": str(context.work),
        "run.root": str(context.root),
        "run.python": context.python,
        "run.cpus": context.cpus,
        "host.cpus": host_cpus,
    }
