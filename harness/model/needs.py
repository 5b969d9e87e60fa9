"""What a name under `needs:` stands for; loading verifies with it, planning resolves with it.

`id` is a check of the same phase or else a whole phase; `phase/id` is a check anywhere; either may
name one instance of a matrix, `id[value,value]`. A check with a matrix stands for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class UnknownNeedError(ValueError):
    """Nothing is called that; `known` holds every name that would have done."""

    def __init__(self, what: str, known: Sequence[str]) -> None:
        super().__init__(what)
        self.what = what
        self.known = tuple(known)


class AmbiguousNeedError(ValueError):
    """Both a check of this phase and a whole phase are called that."""


class Needs:
    """Every name there is, built once for a set of phases.

    `phases` gives for each phase its checks by id, and for each check the ids of its instances
    (`phase/check`, or `phase/check[…]` for each combination of its matrix).
    """

    def __init__(self, phases: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        self._phases = phases
        self._whole: dict[str, tuple[str, ...]] = {}

    def whole_phase(self, phase: str) -> tuple[str, ...]:
        """The ids of every instance of a phase; one tuple, shared by all who ask."""
        if phase not in self._whole:
            self._whole[phase] = tuple(
                one for instances in self._phases[phase].values() for one in instances
            )
        return self._whole[phase]

    def is_phase(self, need: str, phase: str) -> bool:
        """Whether a name, read in `phase`, stands for a whole phase."""
        return need in self._phases and need not in self._phases.get(phase, {})

    def resolve(self, need: str, phase: str) -> tuple[str, ...]:
        """The ids that `need`, written in `phase`, stands for.

        Raises `UnknownNeedError` or `AmbiguousNeedError`.
        """
        own = self._phases.get(phase, {})
        if need in own:
            if need in self._phases and need != phase:
                raise AmbiguousNeedError(need)
            return tuple(own[need])
        if need in self._phases:
            return self.whole_phase(need)
        base, bracket, _ = need.partition("[")
        name, slash, check = base.partition("/")
        if not slash:
            name, check = phase, base
        instances = self._phases.get(name, {}).get(check)
        if instances is None or (not slash and not bracket):
            raise UnknownNeedError("no check and no phase is called that", self._names(phase))
        if not bracket:
            return tuple(instances)
        instance = f"{name}/{check}[{need.partition('[')[2]}"
        if instance not in instances:
            raise UnknownNeedError(f"{name}/{check} has no such instance", instances)
        return (instance,)

    def _names(self, phase: str) -> list[str]:
        qualified = [f"{name}/{check}" for name, checks in self._phases.items() for check in checks]
        return [*self._phases.get(phase, {}), *self._phases, *qualified]
