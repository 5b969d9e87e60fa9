"""The difference to an earlier run in few words: a check's own change and its tests' as one entry.

Shared by the job summary and the terminal, so that both say the same. Decides nothing: what counts
as a change is `compare`'s to say, and the gravest changes stand first already.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.model.base import Record
from harness.model.history import Change, Changed, Comparison
from harness.report.text import plural

_WORDS = {
    Change.NEW_FAILURE: "newly failing",
    Change.STILL_FAILING: "still failing",
    Change.FLAKY: "flaky",
    Change.GONE: "gone",
    Change.SLOWER: "slower",
    Change.FIXED: "fixed",
    Change.ADDED: "added",
}


class Entry(Record, frozen=True):
    """One check that changed in one way, and the tests of it that did.

    `text` says how; of a check that did not itself change, how its first test did.
    """

    check: str
    text: str
    tests: tuple[str, ...] = ()


class Group(Record, frozen=True):
    """All that changed in one way. `unnamed` counts the changes that the journal did not keep."""

    change: Change
    entries: tuple[Entry, ...]
    unnamed: int = 0


def word(change: Change) -> str:
    """What a change of the kind is called."""
    return _WORDS[change]


def headline(comparison: Comparison) -> str:
    """Every kind of change with its number: `2 newly failing, 1 fixed`; or that nothing changed."""
    counts = comparison.counts
    said = [f"{counts[one]:,} {_WORDS[one]}" for one in Change if counts.get(one)]
    return ", ".join(said) or "nothing changed"


def groups(comparison: Comparison) -> tuple[Group, ...]:
    """The changes by kind, gravest first; within a kind in the order of the comparison."""
    found = []
    for change in Change:
        kept = [one for one in comparison.changes if one.change is change]
        if total := max(len(kept), comparison.counts.get(change, 0)):
            found.append(Group(change=change, entries=_entries(kept), unnamed=total - len(kept)))
    return tuple(found)


def _entries(changes: list[Changed]) -> tuple[Entry, ...]:
    by_check: dict[str, list[Changed]] = {}
    for one in changes:
        by_check.setdefault(one.check, []).append(one)
    return tuple(
        Entry(
            check=check,
            text=next((one.text for one in found if not one.test), found[0].text),
            tests=tuple(one.test for one in found if one.test),
        )
        for check, found in by_check.items()
    )


def named(names: Sequence[str], most: int, noun: str) -> str:
    """`a, b and 3 more tests`: at most `most` names, the rest counted as of that `noun`."""
    shown = ", ".join(names[:most])
    rest = len(names) - most
    return shown if rest <= 0 else f"{shown} and {plural(rest, f'more {noun}')}"
