"""Model values with every text in them made `plain`; the same object when nothing had to change."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from msgspec.structs import replace

from harness.model.fault import Proof
from harness.model.history import Comparison, Mark
from harness.model.plan import Capability, Considered
from harness.model.result import Attachment, Excerpt, Finding, Output, Override, TestRecord
from harness.report.text import plain

_T = TypeVar("_T")


def cleaned(clean: Callable[[_T], _T], values: tuple[_T, ...]) -> tuple[_T, ...]:
    """Each value cleaned."""
    return tuple(clean(value) for value in values)


def test_record(test: TestRecord) -> TestRecord:
    """A test whose id, message, place and output are plain."""
    name, message, file, printed = (
        plain(test.id),
        plain(test.message),
        plain(test.file),
        plain(test.output),
    )
    attachments = cleaned(attachment, test.attachments)
    lines = excerpt(test.excerpt)
    if (
        name is test.id
        and message is test.message
        and file is test.file
        and printed is test.output
        and attachments == test.attachments
        and lines is test.excerpt
    ):
        return test
    return replace(
        test,
        id=name,
        message=message,
        file=file,
        output=printed,
        attachments=attachments,
        excerpt=lines,
    )


def excerpt(lines: Excerpt | None) -> Excerpt | None:
    """Lines of source that are plain."""
    if lines is None:
        return None
    file, text = plain(lines.file), plain(lines.text)
    if file is lines.file and text is lines.text:
        return lines
    return replace(lines, file=file, text=text)


def finding(found: Finding) -> Finding:
    """A finding whose message, place and rule are plain."""
    return replace(
        found,
        message=plain(found.message),
        file=plain(found.file),
        rule=plain(found.rule),
        excerpt=excerpt(found.excerpt),
    )


def attachment(kept: Attachment) -> Attachment:
    """An attachment whose name, path and type are plain."""
    return replace(
        kept, name=plain(kept.name), path=plain(kept.path), media_type=plain(kept.media_type)
    )


def output(printed: Output) -> Output:
    """An output whose two ends are plain."""
    head, tail = plain(printed.head), plain(printed.tail)
    if head is printed.head and tail is printed.tail:
        return printed
    return replace(printed, head=head, tail=tail)


def considered(alternative: Considered) -> Considered:
    """An alternative whose words are plain."""
    return replace(alternative, title=plain(alternative.title), lacked=plain(alternative.lacked))


def override(given: Override) -> Override:
    """An override whose words are plain."""
    place = given.position
    return replace(
        given,
        position=None if place is None else replace(place, file=plain(place.file)),
        reason=plain(given.reason),
        owner=plain(given.owner),
        issue=plain(given.issue),
        expires=plain(given.expires),
        created=plain(given.created),
        test=plain(given.test),
    )


def capability(item: Capability) -> Capability:
    """A capability whose words, read from a tool's own output, are plain."""
    return replace(
        item,
        version=plain(item.version),
        detail=plain(item.detail),
        enables=plain(item.enables),
        install=plain(item.install),
    )


def mark(earlier: Mark) -> Mark:
    """A mark whose run is plain."""
    return replace(earlier, run_id=plain(earlier.run_id))


def comparison(found: Comparison | None) -> Comparison | None:
    """A comparison whose words are plain."""
    if found is None:
        return None
    return replace(
        found,
        base=plain(found.base),
        started_at=plain(found.started_at),
        changes=tuple(
            replace(one, check=plain(one.check), test=plain(one.test), text=plain(one.text))
            for one in found.changes
        ),
    )


def proof(found: Proof) -> Proof:
    """A proof whose words are plain."""
    return replace(
        found,
        check=plain(found.check),
        fault=plain(found.fault),
        title=plain(found.title),
        reason=plain(found.reason),
        at=plain(found.at),
        commit=plain(found.commit),
        changes=plain(found.changes),
        output=plain(found.output),
    )
