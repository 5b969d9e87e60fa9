"""No secret survives masking, however its text is cut, encoded or spread over lines."""

from __future__ import annotations

import base64
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.system.capture import plain_text
from harness.system.redact import MASK, Redactor, looks_secret

SECRET = "s3cr3t-Value+42/x"
KEY = "sk-" + "abcDEF0123456789ghij4567"
PEM = (
    "-----BEGIN RSA PRIVATE KEY-----\n"
    + "\n".join("MIIEowIBAAKCAQEA" * 4 for _ in range(6))
    + "\n-----END RSA PRIVATE KEY-----\n"
)


def streamed(redactor: Redactor, data: bytes, cuts: list[int]) -> bytes:
    stream = redactor.stream()
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    shown = b"".join(stream.feed(data[start:end]) for start, end in itertools.pairwise(edges))
    return shown + stream.finish()


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("OPENAI_API_KEY", True),
        ("GITHUB_TOKEN", True),
        ("DB_PASSWORD", True),
        ("CONVERGIO_MASTER_KEY", True),
        ("aws_secret_access_key", True),
        ("PGPASSWD", True),
        ("HTTP_COOKIE", True),
        ("SSH_AUTH_SOCK", False),
        ("VAULT_TOKEN_FILE", False),
        ("PWD", False),
        ("OLDPWD", False),
        ("PATH", False),
        ("KEYBOARD", False),
        ("MONKEY", False),
    ],
)
def test_names_of_secrets_are_recognised(name, secret):
    assert looks_secret(name) is secret


@given(
    before=st.binary(max_size=300),
    between=st.sampled_from([b"", b" ", b"\n", b"x" * 5000]),
    after=st.binary(max_size=300),
    cuts=st.lists(st.integers(min_value=0, max_value=20_000), max_size=8),
)
def test_no_cut_lets_a_value_through(before, between, after, cuts):
    redactor = Redactor({"APP_TOKEN": SECRET})
    data = before + SECRET.encode() + between + SECRET.encode() + after

    assert SECRET.encode() not in streamed(redactor, data, cuts)


@given(cuts=st.lists(st.integers(min_value=0, max_value=2_000), max_size=12))
def test_no_cut_lets_a_private_key_through(cuts):
    shown = streamed(Redactor({}), f"before\n{PEM}after\n".encode(), cuts)

    assert shown == b"before\n" + MASK + b"\nafter\n"


@given(prefix=st.binary(max_size=7), suffix=st.binary(max_size=7))
def test_a_value_inside_base64_is_masked_at_every_alignment(prefix, suffix):
    encoded = base64.b64encode(prefix + SECRET.encode() + suffix)

    assert MASK in Redactor({"APP_TOKEN": SECRET}).mask(b"Authorization: Basic " + encoded)


def test_a_value_in_an_address_is_masked():
    shown = Redactor({"APP_TOKEN": SECRET}).mask(b"GET /?key=s3cr3t-Value%2B42%2Fx HTTP/1.1")

    assert shown == b"GET /?key=" + MASK + b" HTTP/1.1"


def test_each_line_of_a_secret_is_one():
    redactor = Redactor({"SIGNING_KEY": "first-line\nsecond-line"})

    assert redactor.mask(b"x second-line y") == b"x " + MASK + b" y"


@pytest.mark.parametrize(
    "key",
    [
        KEY,
        "ghp_" + "a1B2" * 9,
        "github_pat_" + "a1B2_" * 8,
        "glpat-" + "x" * 20,
        "AKIA" + "A1B2" * 4,
        "AIza" + "x" * 35,
        "xoxb-" + "123456789012",
        "npm_" + "a1B2" * 9,
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
    ],
)
def test_the_shapes_of_well_known_keys_are_masked(key):
    assert Redactor({}).text(f'{{"key": "{key}"}}') == '{"key": "[REDACTED]"}'


@pytest.mark.parametrize(
    "text", ["task-runner-integration-tests-all", "right through the light", "sk-short", "--BEGIN"]
)
def test_ordinary_words_are_left_alone(text):
    assert Redactor({"EMPTY_TOKEN": "", "SHORT_TOKEN": "1"}).text(text) == text


@given(st.binary(max_size=400))
def test_plain_text_holds_nothing_that_moves_a_terminal(data):
    text = plain_text(data)

    assert not any(ord(char) < 32 and char not in "\n\t" for char in text)
    assert not any(0x7F <= ord(char) < 0xA0 for char in text)
