from __future__ import annotations

import pytest

from harness import errors
from harness.errors import EXIT_MEANING, DefinitionError, ExitCode, HarnessError


def test_each_exit_code_has_one_meaning() -> None:
    values = [code.value for code in ExitCode.__members__.values()]
    assert len(values) == len(set(values)) == len(ExitCode.__members__)
    assert set(EXIT_MEANING) == set(ExitCode)
    assert len(set(EXIT_MEANING.values())) == len(EXIT_MEANING)


def test_only_approved_is_zero() -> None:
    assert [code for code in ExitCode if code == 0] == [ExitCode.APPROVED]


def test_every_expected_error_has_an_exit_code_of_its_own_kind() -> None:
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, HarnessError) and kind is not HarnessError
    ]
    assert kinds
    for kind in kinds:
        assert kind.exit_code not in {ExitCode.APPROVED, ExitCode.BUG}, kind


def test_an_error_says_what_and_what_next() -> None:
    error = HarnessError("a.yaml:3: no such thing", next_step="write it")
    assert str(error) == "a.yaml:3: no such thing; write it"


@pytest.mark.parametrize(("problems", "end"), [(["a"], "1 problem in"), (["a", "b"], "2 problems")])
def test_definition_errors_show_all_problems(problems: list[str], end: str) -> None:
    text = str(DefinitionError(problems))
    assert text.startswith("\n".join(problems))
    assert end in text
