"""The expression language: what it means and what it refuses; placeholders and their filling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model.expression import (
    ExpressionError,
    evaluate,
    interpolate,
    names,
    parse,
    placeholders,
    verify,
)
from harness.model.fill import fill, typed_options
from suites.harness.loading import TestsOptions

SCOPE = {
    "docker": True,
    "apple-silicon": False,
    "g++": True,
    "python3.11": True,
    "flag.voice_mode": False,
    "event": "pull_request",
    "host.cpus": 4,
    "matrix.n": 1,
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("docker", True),
        ("!docker", False),
        ("not docker", False),
        ("docker && apple-silicon", False),
        ("docker and not apple-silicon", True),
        ("apple-silicon || g++", True),
        ("apple-silicon or docker and g++", True),
        ("(apple-silicon or docker) && python3.11", True),
        ("event == 'pull_request'", True),
        ('event != "pull_request"', False),
        ("not event == 'push'", True),
        ("! docker == false", True),
        ("host.cpus == 4", True),
        ("host.cpus == 4.0", True),
        ("'it''s' == \"it's\"", True),
        ("matrix.n == true", False),
        ("true", True),
        ("-1 == -1", True),
    ],
)
def test_expression_means(text: str, value: bool) -> None:
    assert evaluate(parse(text), SCOPE) is value


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("", 0),
        ("   ", 0),
        ("docker &&", 9),
        ("docker docker", 7),
        ("(docker", 7),
        ("docker)", 6),
        ("a == b == c", 7),
        ("docker & x", 7),
        ("f(x)", 1),
        ("x[0]", 1),
        ("'open", 0),
        ("a + b", 2),
        ("&& a", 0),
        ("a; b", 1),
    ],
)
def test_unreadable_expression_tells_the_place(text: str, offset: int) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert caught.value.offset == offset


@pytest.mark.parametrize("text", ["(" * 500 + "a" + ")" * 500, "!" * 900 + "a", "a " * 1500])
def test_monstrous_expression_is_refused_not_followed(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text)


@given(st.text(max_size=200) | st.text("()!&|='\" abnotr.", max_size=200))
def test_parsing_raises_nothing_but_its_own_error(text: str) -> None:
    try:
        expression = parse(text)
    except ExpressionError as error:
        assert 0 <= error.offset <= len(text)
    else:
        assert all(text[one.offset :].startswith(one.name) for one in names(expression))


def test_text_is_no_truth_value() -> None:
    with pytest.raises(ExpressionError, match="where true or false is wanted"):
        evaluate(parse("event && docker"), SCOPE)


def test_unknown_name_is_an_error_not_false() -> None:
    with pytest.raises(ExpressionError, match='nothing is called "dokcer"'):
        evaluate(parse("dokcer"), SCOPE)


def test_comparison_that_can_never_hold_is_refused() -> None:
    with pytest.raises(ExpressionError, match="never equal"):
        verify(parse("docker == 'yes'"), lambda name: frozenset({"truth value"}))


def test_whole_placeholder_keeps_its_type() -> None:
    assert interpolate("${{ host.cpus }}", SCOPE) == 4
    assert interpolate("${{host.cpus}}", SCOPE) == 4
    assert interpolate("-j${{ host.cpus }}", SCOPE) == "-j4"
    assert interpolate("${{ docker }}/${{ event }}", SCOPE) == "true/pull_request"


def test_partial_filling_leaves_what_is_not_known_yet() -> None:
    text = "${{ matrix.n }} at ${{ services.gateway.url }}"
    assert interpolate(text, SCOPE, partial=True) == "1 at ${{ services.gateway.url }}"
    with pytest.raises(ExpressionError, match=r"services\.gateway\.url"):
        interpolate(text, SCOPE)


@pytest.mark.parametrize("text", ["${{ a", "${{ a + b }}", "${{}}", "x ${{ f() }}", "${{ '}}' }}"])
def test_malformed_placeholder_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        placeholders(text)


_NAMES = st.sampled_from(sorted(SCOPE))
_PIECES = st.lists(
    st.text().filter(lambda text: "$" not in text) | _NAMES.map("${{{{ {} }}}}".format)
)


@given(_PIECES, st.sets(_NAMES))
def test_filling_in_two_steps_is_filling_at_once(pieces: list[str], first: set[str]) -> None:
    text = "".join(pieces)
    some = {name: SCOPE[name] for name in first}
    halfway = interpolate(text, some, partial=True)
    assert fill(halfway, SCOPE) == interpolate(text, SCOPE)


@given(st.text().filter(lambda text: "${{" not in text))
def test_text_without_placeholders_stays_as_it_is(text: str) -> None:
    assert interpolate(text, {}) == text


def test_options_are_typed_after_filling() -> None:
    options = typed_options(
        TestsOptions,
        {
            "path": "${{ matrix.n }}",
            "expect-at-least": "${{ host.cpus }}",
            "select": ["${{ matrix.n }}", "a${{ docker }}"],
            "workers": "${{ host.cpus }}",
        },
        SCOPE,
    )
    assert options == TestsOptions(path="1", expect_at_least=4, select=["1", "atrue"], workers=4)


def test_number_a_plan_filled_in_is_spelt_where_text_is_wanted() -> None:
    options = typed_options(TestsOptions, {"path": 3.5, "workers": 2, "select": [True]}, {})
    assert options == TestsOptions(path="3.5", workers=2, select=["true"])
