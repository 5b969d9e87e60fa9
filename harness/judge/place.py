"""Where to look for what a check says: the place of the very thing that its message tells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.judge.words import one
from harness.model.base import Record
from harness.model.result import Severity, Status, TestRecord
from harness.model.run import CheckResult

_BAD = (Status.FAILED, Status.ERRORED, Status.FLAKY)


class _Candidate(Record, frozen=True):
    """A place, and the words by which a message would name it."""

    place: str
    words: tuple[str, ...]


def place_of(result: CheckResult, why: str) -> str:
    """`file:line:column` of what `why` tells; else of the first trouble, or of the definition.

    An empty text when `why` names the place itself.
    """
    candidates = list(_candidates(result))
    told = (one for one in candidates if any(word in why for word in one.words))
    chosen = next(told, None) or next(iter(candidates), None)
    if chosen is None:
        return f"defined at {result.check.position}"
    return "" if chosen.place in one(why) else one(chosen.place)


def place_of_test(test: TestRecord) -> str:
    """`file:line` of a test, or its id where its runner does not say."""
    if not test.file:
        return one(test.id)
    return one(f"{test.file}:{test.line}" if test.line else test.file)


def _candidates(result: CheckResult) -> Iterator[_Candidate]:
    """Error findings, tests, then lesser findings; those of the last attempt first."""
    attempts = list(reversed(result.attempts))
    findings = [found for attempt in attempts for found in attempt.outcome.findings if found.file]
    graver = sorted(findings, key=lambda found: found.severity is not Severity.ERROR)
    errors = sum(found.severity is Severity.ERROR for found in findings)
    places = [
        _Candidate(
            place=":".join(
                str(part) for part in (found.file, found.line, found.line and found.column) if part
            ),
            words=_words(f"{found.file}:{found.line}:" if found.line else "", found.message),
        )
        for found in graver
    ]
    yield from places[:errors]
    for attempt in attempts:
        for test in attempt.outcome.tests:
            if test.status in _BAD:
                yield _Candidate(place=place_of_test(test), words=_words(test.id, test.message))
    yield from places[errors:]


def _words(*texts: str) -> tuple[str, ...]:
    return tuple(_first_lines(text for text in texts if text.strip()))


def _first_lines(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield text.strip().splitlines()[0]
