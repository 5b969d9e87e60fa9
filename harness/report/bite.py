"""Proof of bite: which check caught which fault, as a matrix, and what still wants a look."""

from __future__ import annotations

from collections import Counter

from harness.model.base import Record
from harness.model.fault import Catch, Proof
from harness.report.shape import View, ViewCheck

UNPROVEN = "not proven"
_CHECKS, _FAULTS = 60, 80
_PAIRS = 500
_WORST = (Catch.SURVIVED, Catch.INCONCLUSIVE)


class Pair(Record, frozen=True):
    """A check and a fault it must catch; no `proof` when nobody ever tried."""

    check: ViewCheck
    fault: str
    proof: Proof | None = None

    @property
    def word(self) -> str:
        """What became of it: caught, survived, inconclusive or not proven."""
        return self.proof.catch.value if self.proof else UNPROVEN

    @property
    def settled(self) -> bool:
        """Caught, and proven of what the check is today."""
        return self.proof is not None and self.proof.catch is Catch.CAUGHT and self.proof.current


class Line(Record, frozen=True):
    """A check's line of the matrix: one cell for each fault of it, None where none is demanded."""

    check: ViewCheck
    cells: tuple[Pair | None, ...]
    caught: int
    total: int


class Bite(Record, frozen=True):
    """What the page tells of proofs.

    `counts` is by word and over everything; `open` are the pairs tried and not settled, gravest
    first; `never` those that nobody tried, `settled` the others. `first` and `last` are the oldest
    and the newest proof.
    """

    faults: tuple[tuple[str, str], ...] = ()
    lines: tuple[Line, ...] = ()
    hidden_lines: int = 0
    counts: dict[str, int] = {}
    stale: int = 0
    open: tuple[Pair, ...] = ()
    never: tuple[Pair, ...] = ()
    settled: tuple[Pair, ...] = ()
    hidden: int = 0
    first: Proof | None = None
    last: Proof | None = None

    @property
    def total(self) -> int:
        """How many pairs of check and fault there are."""
        return sum(self.counts.values())


def bite(view: View) -> Bite:
    """Everything about the faults that the checks of this run must catch."""
    pairs = {check.id: found for check in view.checks().values() if (found := _pairs(check))}
    every = [pair for found in pairs.values() for pair in found]
    if not every:
        return Bite()
    proofs = sorted((pair.proof for pair in every if pair.proof), key=lambda proof: proof.at)
    unsettled = [pair for pair in every if pair.proof and not pair.settled]
    unsettled.sort(key=_gravity)
    never = [pair for pair in every if not pair.proof]
    settled = [pair for pair in every if pair.settled]
    room = max(0, _PAIRS - len(unsettled))
    lines, faults = _matrix(pairs)
    return Bite(
        faults=faults,
        lines=lines,
        hidden_lines=len(pairs) - len(lines),
        counts=dict(Counter(pair.word for pair in every)),
        stale=sum(1 for proof in proofs if not proof.current),
        open=tuple(unsettled[:_PAIRS]),
        never=tuple(never[:room]),
        settled=tuple(settled[: max(0, room - len(never))]),
        hidden=max(0, len(every) - _PAIRS),
        first=proofs[0] if proofs else None,
        last=proofs[-1] if proofs else None,
    )


def _pairs(check: ViewCheck) -> list[Pair]:
    """The check's faults in the order it names them; a proof of one it names no longer is last."""
    proofs = {proof.fault: proof for proof in check.proofs}
    names = dict.fromkeys((*check.must_catch, *proofs))
    return [Pair(check=check, fault=name, proof=proofs.get(name)) for name in names]


def _gravity(pair: Pair) -> int:
    """Survived, then inconclusive, then what was caught of something else than stands today."""
    caught = pair.proof.catch if pair.proof else Catch.CAUGHT
    return _WORST.index(caught) if caught in _WORST else len(_WORST)


def _matrix(pairs: dict[str, list[Pair]]) -> tuple[tuple[Line, ...], tuple[tuple[str, str], ...]]:
    """The first lines, whole ones, with the columns they need: fault and title."""
    columns: dict[str, str] = {}
    chosen: list[list[Pair]] = []
    for found in pairs.values():
        new = {pair.fault: pair.proof.title if pair.proof else "" for pair in found}
        if len(chosen) == _CHECKS or len(columns | new) > _FAULTS:
            break
        columns = {name: columns.get(name) or new.get(name, "") for name in columns | new}
        chosen.append(found)
    lines = []
    for found in chosen:
        by_fault = {pair.fault: pair for pair in found}
        lines.append(
            Line(
                check=found[0].check,
                cells=tuple(by_fault.get(name) for name in columns),
                caught=sum(1 for pair in found if pair.settled),
                total=len(found),
            )
        )
    return tuple(lines), tuple(columns.items())
