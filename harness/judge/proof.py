"""Whether a check caught a fault: failed, and for the reason that was expected. Pure.

Only an expected failure is a catch. A check that passes lets the fault survive; everything else (a
build that breaks instead, another test that fails, no answer) proves nothing either way.
"""

from __future__ import annotations

import re

from harness.judge.observe import believed
from harness.judge.words import one
from harness.model.fault import Catch, Expectation
from harness.model.glob import matches_id
from harness.model.plan import PlannedCheck
from harness.model.result import Status, TestRecord
from harness.model.run import CheckResult

_BAD = (Status.FAILED, Status.ERRORED)


def is_unproven(check: PlannedCheck) -> bool:
    """Whether a blocking check has no fault, or one without a current and certain proof."""
    if check.advisory:
        return False
    certain = {
        proof.fault
        for proof in check.proofs
        if proof.current and proof.catch is not Catch.INCONCLUSIVE
    }
    return not check.must_catch or not certain.issuperset(check.must_catch)


def weigh(expected: Expectation, result: CheckResult) -> tuple[Catch, str]:
    """What became of the fault, and why, in words that stand alone."""
    status, why = believed(result)
    if status is Status.PASSED:
        return Catch.SURVIVED, "the check passed although the fault was there"
    if status is Status.FLAKY:
        return Catch.INCONCLUSIVE, "the check is flaky: it failed once and passed once"
    if status is not Status.FAILED:
        return Catch.INCONCLUSIVE, f"the check was {status.value}: {one(why) or 'no reason given'}"
    if expected.test:
        return _by_test(expected, result)
    return _by_message(expected, result)


def _by_test(expected: Expectation, result: CheckResult) -> tuple[Catch, str]:
    """A test that was expected failed, with the message that was expected."""
    failed = [test for test in result.tests if test.status in _BAD]
    # A test that could not even run (an import or a fixture broke) counts only by what it says.
    matching = [
        test
        for test in failed
        if matches_id(test.id, expected.test)
        and (test.status is Status.FAILED or (expected.message and _said(expected, test)))
    ]
    if not matching:
        if not failed:
            return Catch.INCONCLUSIVE, f"failed before any test did: {one(result.reason)}"
        names = ", ".join(one(test.id) for test in failed[:3])
        more = f" and {len(failed) - 3} more" if len(failed) > 3 else ""
        return (
            Catch.INCONCLUSIVE,
            f"other tests failed, none that matches {one(expected.test)}: {names}{more}",
        )
    if not expected.message:
        return Catch.CAUGHT, f"{one(matching[0].id)} failed"
    for test in matching:
        if _said(expected, test):
            return Catch.CAUGHT, f"{one(test.id)} failed and said {one(expected.message)}"
    return (
        Catch.INCONCLUSIVE,
        (
            f"{one(matching[0].id)} failed, but did not say {one(expected.message)}:"
            f" {one(matching[0].message) or 'no message'}"
        ),
    )


def _by_message(expected: Expectation, result: CheckResult) -> tuple[Catch, str]:
    texts = [result.reason, result.output.text]
    texts += [f"{found.file}: {found.message}" for found in result.findings]
    texts += [text for test in result.tests for text in (test.message, test.output)]
    if _found(expected.message, *texts):
        return Catch.CAUGHT, f"failed and said {one(expected.message)}"
    return (
        Catch.INCONCLUSIVE,
        f"failed, but nothing in it says {one(expected.message)}: {one(result.reason)}",
    )


def _said(expected: Expectation, test: TestRecord) -> bool:
    return _found(expected.message, test.message, test.output)


def _found(pattern: str, *texts: str) -> bool:
    return any(re.search(pattern, text, re.MULTILINE) for text in texts)
