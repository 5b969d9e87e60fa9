"""The job summary's section on what changed since the last run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.model.history import Change, Comparison
from harness.report.difference import Entry, Group, groups, headline, word
from harness.report.markdown import code, inline
from harness.report.text import clip, plural

_NEW_FAILURES = 25
_OTHERS = 8
_TESTS = 5
_NAMES = 200
_NAME = 200


def since_the_last_run(run: str, found: Comparison) -> Iterator[str]:
    """The section, then the same with fewer names, then without, for pages that are nearly full."""
    yield _section(run, found, _NEW_FAILURES, _OTHERS, _NAMES)
    yield _section(run, found, _OTHERS, 2, 20)
    yield _section(run, found, 0, 0, 0)


def _section(run: str, found: Comparison, new: int, others: int, names: int) -> str:
    """Each change with its number and its first names; those of new failures as far as may be."""
    lines: list[str] = []
    whole = True
    for group in groups(found):
        is_new = group.change is Change.NEW_FAILURE
        told = group.entries[: new if is_new else others]
        merely_named = group.entries[len(told) :][: names if is_new else 0]
        lines += (_entry(group, entry) for entry in told)
        lines += _merely_named(group, merely_named)
        rest = len(group.entries) - len(told) - len(merely_named)
        if rest and (told or merely_named):
            lines.append(f"- **{word(group.change)}** and {plural(rest, 'more check')}")
        hidden_tests = any(len(entry.tests) > _TESTS for entry in told)
        whole = whole and not (rest or group.unnamed or merely_named or hidden_tests)
    base = code(clip(found.base, 80))
    against = f"Against run {base} ({found.conclusion.value}): {headline(found)}."
    parts = ["### Since the last run", against, "\n".join(lines)]
    if not whole:
        argv = f"release-manager report diff {clip(found.base, 80)} {clip(run, 80)} --all"
        parts.append(f"Everything by name: {code(argv)}")
    return "\n\n".join(filter(None, parts))


def _entry(group: Group, entry: Entry) -> str:
    line = f"- **{word(group.change)}** {_code(entry.check)}: {inline(clip(entry.text, _NAME))}"
    if not entry.tests:
        return line
    tests = ", ".join(map(_code, entry.tests[:_TESTS]))
    rest = len(entry.tests) - _TESTS
    more = f" and {plural(rest, 'more test')}" if rest > 0 else ""
    return f"{line}; {tests}{more}"


def _merely_named(group: Group, entries: Sequence[Entry]) -> Iterator[str]:
    if entries:
        yield f"- **{word(group.change)}** too: {', '.join(_code(one.check) for one in entries)}"


def _code(name: str) -> str:
    return code(clip(name, _NAME))
