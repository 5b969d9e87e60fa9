"""The search itself: what is there is found, however it is written; what is not there is not."""

from __future__ import annotations

import base64
import json
import secrets
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suites.byok.leaks import ENCODINGS, WINDOW, Canary, Finder, every_form, planted

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
SECRET = "sk-sim-" + "".join(secrets.choice(ALPHABET) for _ in range(41))
CANARY = Canary(label="acme/openai/1", secret=SECRET)
OTHER = Canary(label="acme/openai/2", secret="sk-sim-" + secrets.token_hex(20))
FINDER = Finder([CANARY, OTHER])
SURROUNDINGS = st.binary(max_size=200)
WINDOWS = st.integers(0, len(SECRET) - WINDOW).flatmap(
    lambda start: st.integers(start + WINDOW, len(SECRET)).map(lambda end: SECRET[start:end])
)


def labels(data: bytes) -> set[str]:
    return {hit.label for hit in FINDER.search(data)}


@given(
    before=SURROUNDINGS, after=SURROUNDINGS, part=WINDOWS, encoding=st.sampled_from([*ENCODINGS])
)
def test_any_part_in_any_encoding_is_found_anywhere(
    before: bytes, after: bytes, part: str, encoding: str
) -> None:
    text = before + ENCODINGS[encoding](part.encode()) + after
    assert (CANARY.label, encoding) in {(hit.label, hit.encoding) for hit in FINDER.search(text)}


# Written by other programs than ours, which the encoders above must agree with.
@given(before=SURROUNDINGS, after=SURROUNDINGS, part=WINDOWS)
def test_what_the_standard_library_encodes_is_found(before: bytes, after: bytes, part: str) -> None:
    inside = before + part.encode() + after
    for encoded in (
        base64.b64encode(inside),
        base64.urlsafe_b64encode(inside),
        inside.hex().encode(),
        inside[::-1],
        json.dumps(part).encode(),
        json.dumps({"key": part}).encode("utf-16"),
        quote(part, safe="").encode(),
        repr(list(inside)).encode(),
    ):
        assert labels(encoded) == {CANARY.label}


@given(part=WINDOWS, cuts=st.lists(st.integers(1, 40), max_size=8), before=SURROUNDINGS)
def test_nothing_hides_between_two_chunks(part: str, cuts: list[int], before: bytes) -> None:
    text, chunks = before + part.encode() + before, []
    for cut in cuts:
        chunks.append(text[:cut])
        text = text[cut:]
    assert FINDER.search(*chunks, text) == FINDER.search(b"".join([*chunks, text]))
    assert FINDER.search(*chunks, text)


@settings(max_examples=200)
@given(data=st.binary(max_size=4096))
def test_random_bytes_hold_nothing(data: bytes) -> None:
    assert FINDER.search(data) == []


def test_a_window_less_is_not_enough() -> None:
    for start in range(len(SECRET) - WINDOW + 2):
        assert FINDER.search(SECRET[start : start + WINDOW - 1].encode()) == []


def test_a_file_of_any_size_is_read_to_its_end(tmp_path: Path) -> None:
    file = tmp_path / "big"
    file.write_bytes(secrets.token_bytes((1 << 21) - 20) + SECRET.encode() + bytes(100))
    (hit, *_) = (hit for hit in FINDER.search_file(file) if hit.encoding == "plain")
    assert hit.offset == (1 << 21) - 20 + WINDOW - 1
    assert hit.count == len(SECRET) - WINDOW + 1


def test_every_form_is_told_apart_by_canary() -> None:
    found = {(hit.label, hit.encoding) for hit in FINDER.search(every_form(OTHER))}
    assert found >= {(OTHER.label, encoding) for encoding in ENCODINGS}
    assert CANARY.label not in {label for label, _ in found}


def test_what_is_reported_does_not_leak() -> None:
    hits = FINDER.search(planted(CANARY, "plain"))
    assert FINDER.search(repr((hits, CANARY)).encode()) == []


@pytest.mark.parametrize("canaries", [[], [Canary(label="short", secret="x" * (WINDOW - 1))]])
def test_a_search_for_nothing_is_refused(canaries: list[Canary]) -> None:
    with pytest.raises(ValueError, match="canar"):
        Finder(canaries)
