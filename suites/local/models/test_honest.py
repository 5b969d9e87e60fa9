"""Left alone, the server is what RFC 9110 asks of one that serves files."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from urllib.request import urlopen

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.models.answer import Asked, deliver
from fixtures.models.client import File, ModelServer
from fixtures.models.content import BLOCK, Content
from fixtures.models.fault import Fault, Name, parse
from fixtures.providers.behaviour import BehaviourError
from fixtures.providers.delivery import Head, Write
from suites.local.models.conftest import SIZE

SMALL = Content(3, 2 * BLOCK + 5)


def sent(content: Content, fault: str = "ok", **headers: str) -> tuple[Head, bytes]:
    """Head and body of an answer, without a socket."""
    asked = Asked(
        method="GET",
        headers=headers,
        content=content,
        path="/files/x",
        moved="/moved/x",
        elsewhere="http://localhost:1/moved/x",
        now=datetime(2026, 1, 1, tzinfo=UTC),
        extra={},
    )
    steps = list(deliver(asked, parse(fault)))
    (head,) = [step for step in steps if isinstance(step, Head)]
    return head, b"".join(step.data for step in steps if isinstance(step, Write))


class TestWhole:
    def test_three_clients_get_the_same_bytes(self, file: File) -> None:
        answer = httpx2.get(file.url)
        with urlopen(file.url) as other:
            assert other.read() == answer.content
        assert hashlib.sha256(answer.content).hexdigest() == file.sha256
        assert (len(answer.content), answer.headers["accept-ranges"]) == (SIZE, "bytes")

    def test_head_tells_size_and_validator(self, file: File) -> None:
        head = httpx2.head(file.url)
        assert head.headers["content-length"] == str(SIZE)
        assert head.headers["etag"] == httpx2.get(file.url).headers["etag"]

    def test_content_is_the_seeds(self) -> None:
        assert Content(1, 9).sha256() == Content(1, 9).sha256() != Content(2, 9).sha256()
        # Pinned: another machine, another year, the same file.
        assert Content(1, 100_000).sha256()[:16] == "d3ca7af0bc37904d"

    def test_record_tells_ranges_and_hides_keys(self, server: ModelServer, file: File) -> None:
        headers = {"range": "bytes=5-9", "authorization": "Bearer hf_secretsecret"}
        httpx2.get(file.url, headers=headers)
        (record,) = server.asked(file)
        assert (record["status"], record["bytes_sent"]) == (206, 5)
        assert record["headers"]["range"] == "bytes=5-9"
        assert "hf_secretsecret" not in json.dumps(record)


class TestRanges:
    @settings(deadline=None)
    @given(st.data())
    def test_any_parts_make_the_whole(self, data: st.DataObject) -> None:
        cuts = sorted(data.draw(st.sets(st.integers(1, SMALL.size - 1), max_size=4)))
        whole = b""
        for start, end in zip([0, *cuts], [*cuts, SMALL.size], strict=True):
            head, body = sent(SMALL, range=f"bytes={start}-{end - 1}")
            assert head.headers["content-range"] == f"bytes {start}-{end - 1}/{SMALL.size}"
            assert head.length == len(body) == end - start
            whole += body
        assert hashlib.sha256(whole).hexdigest() == SMALL.sha256()

    @pytest.mark.parametrize(
        ("asked", "start", "end"),
        [("bytes=-5", -5, None), ("bytes=131000-", 131_000, None), ("bytes=7-9999999", 7, None)],
    )
    def test_open_ends(self, asked: str, start: int, end: int | None) -> None:
        _, whole = sent(SMALL)
        head, body = sent(SMALL, range=asked)
        assert (head.status, body) == (206, whole[start:end])

    @pytest.mark.parametrize("asked", [f"bytes={SMALL.size}-", "bytes=9-3", "bytes=-0"])
    def test_what_is_not_there_is_416_with_the_size(self, asked: str) -> None:
        head, body = sent(SMALL, range=asked)
        assert (head.status, body) == (416, b"")
        assert head.headers["content-range"] == f"bytes */{SMALL.size}"

    @pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "lines=1-2", "bytes=-", "bytes=x-"])
    def test_what_is_not_understood_is_the_whole(self, asked: str) -> None:
        assert sent(SMALL, range=asked)[0].status == 200


class TestConditions:
    def test_validators(self) -> None:
        etag = SMALL.etag
        part = {"range": "bytes=5-"}
        assert sent(SMALL, **part, **{"if-range": etag})[0].status == 206
        assert sent(SMALL, **part, **{"if-range": '"other"'})[0].status == 200
        assert sent(SMALL, **{"if-none-match": etag})[0].status == 304
        assert sent(SMALL, **{"if-match": '"other"'})[0].status == 412
        assert sent(SMALL, **{"if-match": etag})[0].status == 200

    def test_unmodified_over_the_wire(self, file: File) -> None:
        etag = httpx2.head(file.url).headers["etag"]
        answer = httpx2.get(file.url, headers={"if-none-match": etag})
        assert (answer.status_code, answer.content) == (304, b"")


class TestLanguage:
    @pytest.mark.parametrize("name", Name)
    def test_every_fault_is_written_as_it_is_read(self, name: Name) -> None:
        assert parse(str(Fault(name=name, delay_ms=5))) == Fault(name=name, delay_ms=5)

    @pytest.mark.parametrize(
        "wrong",
        [
            "cutt",
            "cut;after",
            "cut;at=3",
            "ok;after=1",
            "cut;after=1;after=2",
            "cut;after=x",
            "redirect;to=moon",
            "limited;date=2",
            "limited;retry_after=-1",
        ],
    )
    def test_typos_are_refused(self, wrong: str) -> None:
        with pytest.raises(BehaviourError):
            parse(wrong)

    def test_control_refuses_them_too(self, server: ModelServer) -> None:
        for item in ({"behaviour": "cutt"}, {"behaviour": "ok", "text": "words"}):
            answer = httpx2.post(f"{server.address}/_control/queue", json=item)
            assert (answer.status_code, bool(answer.json()["error"])) == (400, True)
        assert "cut" in httpx2.get(f"{server.address}/_control/behaviours").json()
