"""Which checks somebody asked for. Names and globs, nothing that depends on the host.

A pattern is a phase (`v7-1`), a check (`ffi`, in whichever phase), `phase/check`, or one instance
of a matrix (`v7-1/build[debug]`); `*` and `?` are wildcards, brackets are not.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Sequence

from harness.errors import UsageError
from harness.model.base import Record


class Narrowed(Record, frozen=True):
    """What an option leaves of a selection: ids, the reason of each, and words for the whole."""

    words: str
    reasons: dict[str, str]


class Selection(Record, frozen=True):
    """What to plan for; nothing given means everything.

    `patterns` and `tags` narrow one another; `exclude` takes away, even what others need.
    `with_needs` adds what the selected checks need, since a pass without it proves nothing.
    `require` names capabilities without which nothing shall run. Each of `narrowed` leaves only
    its own ids.
    """

    patterns: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    with_needs: bool = True
    require: tuple[str, ...] = ()
    narrowed: tuple[Narrowed, ...] = ()

    def __str__(self) -> str:
        parts = [*self.patterns] or ([] if self.narrowed else ["everything"])
        parts += [f"tag {tag}" for tag in self.tags]
        parts += [f"without {pattern}" for pattern in self.exclude]
        if not self.with_needs:
            parts.append("without their needs")
        parts += [f"requiring {name}" for name in self.require]
        parts += [one.words for one in self.narrowed]
        return ", ".join(parts)


class Candidate(Record, frozen=True):
    """The names of one check instance that a pattern may match."""

    id: str
    phase: str
    check: str
    tags: tuple[str, ...]

    @property
    def local(self) -> str:
        """The id without its phase: `check` or `check[value]`."""
        return self.id[len(self.phase) + 1 :]


def chosen(selection: Selection, candidates: Sequence[Candidate]) -> dict[str, str]:
    """The ids that are asked for, each with the reason; needs are not added here.

    Raises `UsageError` for a pattern or tag that matches nothing, and when nothing is left.
    """
    excluded = left_out(selection, candidates)
    matches = [(pattern, _matching(pattern, candidates)) for pattern in selection.patterns]
    reasons: dict[str, str] = {}
    if not matches:
        reasons = dict.fromkeys((one.id for one in candidates), "everything is selected")
    for pattern, ids in matches:
        reasons = dict.fromkeys(ids, f"selected by {pattern}") | reasons
    if selection.tags:
        reasons = _tagged(selection.tags, candidates, reasons)
    reasons = {one: reason for one, reason in reasons.items() if one not in excluded}
    for narrowed in selection.narrowed:
        reasons = {one: why for one, why in narrowed.reasons.items() if one in reasons}
    if not reasons:
        raise UsageError(
            f"the selection ({selection}) leaves no check",
            next_step="widen it; `release-manager plan` shows every check",
        )
    return reasons


def left_out(selection: Selection, candidates: Sequence[Candidate]) -> dict[str, str]:
    """The ids that `exclude` takes away, each with the pattern that does. Raises `UsageError`."""
    return {
        one: pattern
        for pattern in reversed(selection.exclude)
        for one in _matching(pattern, candidates)
    }


def _tagged(
    tags: Iterable[str], candidates: Sequence[Candidate], reasons: dict[str, str]
) -> dict[str, str]:
    known = {tag for one in candidates for tag in one.tags}
    for tag in tags:
        if tag not in known:
            raise UsageError(f"no check has the tag {tag!r}", next_step=_nearest(tag, known))
    kept: dict[str, str] = {}
    for one in candidates:
        carried = [tag for tag in tags if tag in one.tags]
        if carried and one.id in reasons:
            kept[one.id] = f"selected by tag {carried[0]}"
    return kept


def _matching(pattern: str, candidates: Sequence[Candidate]) -> list[str]:
    fits = _predicate(pattern)
    found = [one.id for one in candidates if fits(one)]
    if not found:
        names = {name for one in candidates for name in _names(one)}
        raise UsageError(f"nothing is called {pattern!r}", next_step=_nearest(pattern, names))
    return found


def _names(one: Candidate) -> tuple[str, ...]:
    return one.phase, one.check, f"{one.phase}/{one.check}", one.id, one.local


def _predicate(pattern: str) -> Callable[[Candidate], bool]:
    if "*" not in pattern and "?" not in pattern:
        return lambda one: pattern in (one.id, one.phase, one.check) or pattern in _names(one)
    fits = re.compile(
        "".join({"*": ".*", "?": "."}.get(sign, re.escape(sign)) for sign in pattern)
    ).fullmatch
    return lambda one: any(fits(name) for name in _names(one))


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.5)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return "`release-manager plan` shows every phase, check and tag"
