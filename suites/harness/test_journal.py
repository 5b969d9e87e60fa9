from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import EvidenceError, HostError
from harness.model.event import (
    EVENT_SCHEMA,
    CheckFinished,
    CheckPrecluded,
    CheckStarted,
    Event,
    Noted,
    RunFinished,
    RunStarted,
    decode,
    encode,
)
from harness.model.plan import Decision, Host, Plan, PlannedCheck
from harness.model.result import Outcome, Output, Status, TestRecord
from harness.model.run import fold
from harness.model.spec import Condition, Effect, Position, Profile
from harness.record.journal import JournalWriter, parse_journal, read_journal


def header() -> RunStarted:
    check = PlannedCheck(
        id="p/a",
        phase="p",
        title="A",
        kind="command",
        decision=Decision.RUN,
        reason="selected",
        position=Position(file="phases/p.yaml", line=5, column=3),
    )
    plan = Plan(
        schema=1,
        project="sample",
        selection="everything",
        profile_name="change",
        profile=Profile(about="x", rules={Condition.FAILED: Effect.BLOCK}),
        host=Host(system="linux", machine="x86_64", cpus=2, memory_mb=1024),
        phases=(),
        checks=(check,),
    )
    return RunStarted(
        at=0.0,
        schema=EVENT_SCHEMA,
        run_id="20260101T000000Z-000000",
        started_at="2026-01-01T00:00:00Z",
        harness_version="7.0.0rc1",
        command="release-manager verify",
        root="project",
        source={},
        plan=plan,
    )


def finished(text: str = "", at: float = 2.0) -> CheckFinished:
    return CheckFinished(
        at=at,
        check="p/a",
        started=1.0,
        exit_code=0,
        output=Output(head=text, total_bytes=len(text)),
        outcome=Outcome(
            status=Status.PASSED, tests=(TestRecord(id="t", status=Status.PASSED, message=text),)
        ),
    )


texts = st.text(max_size=200)
times = st.floats(min_value=0, max_value=1e6)
later_events = st.one_of(
    st.builds(CheckStarted, at=times, check=st.just("p/a"), command=texts),
    st.builds(finished, texts, times),
    st.builds(CheckPrecluded, at=times, check=texts, reason=texts),
    st.builds(Noted, at=times, text=texts),
    st.builds(RunFinished, at=times),
)


def write(path: Path, events: list[Event]) -> bytes:
    writer = JournalWriter(path)
    for event in events:
        writer.emit(event)
    writer.close()
    return path.read_bytes()


@given(st.lists(later_events, max_size=20))
def test_events_survive_the_round_trip(events: list[Event]) -> None:
    for event in events:
        assert decode(encode(event)) == event


@settings(max_examples=25, deadline=None)  # each example waits for the disk
@given(events=st.lists(later_events, max_size=10))
def test_a_journal_gives_back_what_was_written(
    events: list[Event], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    write(path, [header(), *events])
    assert read_journal(path).events == (header(), *events)


def test_every_cut_is_torn_or_whole_and_never_a_pass(tmp_path: Path) -> None:
    content = write(tmp_path / "j", [header(), finished("\n\x00 text"), RunFinished(at=3.0)])
    first = content.index(b"\n") + 1
    for cut in range(first, len(content)):
        journal = parse_journal(content[:cut], name="j")
        run = fold(journal.events)
        assert not run.finished
        assert bool(journal.torn) == (content[cut - 1 : cut] != b"\n")


def test_a_journal_cut_inside_its_header_proves_nothing(tmp_path: Path) -> None:
    content = write(tmp_path / "j", [header()])
    with pytest.raises(EvidenceError, match="empty"):
        parse_journal(content[: len(content) // 2], name="j")


@settings(max_examples=200, deadline=None)  # each example waits for the disk
@given(data=st.data())
def test_any_changed_byte_is_found(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("journal") / "j"
    content = write(path, [header(), finished("secret"), RunFinished(at=3.0)])
    index = data.draw(st.integers(min_value=0, max_value=len(content) - 2))
    value = data.draw(st.integers(min_value=0, max_value=255).filter(lambda v: v != content[index]))
    changed = content[:index] + bytes([value]) + content[index + 1 :]
    with pytest.raises(EvidenceError, match="j:"):
        parse_journal(changed, name="j")


@pytest.mark.parametrize("lines", [[0, 2], [0, 2, 1], [1, 2], [0, 1, 1, 2]])
def test_removed_reordered_and_repeated_lines_are_found(tmp_path: Path, lines: list[int]) -> None:
    content = write(tmp_path / "j", [header(), finished(), RunFinished(at=3.0)]).splitlines(True)
    with pytest.raises(EvidenceError, match="does not follow"):
        parse_journal(b"".join(content[line] for line in lines), name="j")


def test_a_missing_journal_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="there is no journal; name a run folder"):
        read_journal(tmp_path / "journal.jsonl")


def test_a_journal_is_never_overwritten(tmp_path: Path) -> None:
    JournalWriter(tmp_path / "j").close()
    with pytest.raises(HostError, match="choose a writable folder"):
        JournalWriter(tmp_path / "j")
