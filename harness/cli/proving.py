"""Proves faults one by one in a scratch tree: a control run first, then break, run, weigh, mend."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec

from harness import __version__
from harness.judge.proof import weigh
from harness.judge.words import one
from harness.model.event import EVENT_SCHEMA, CheckFinished, CheckStarted, Event, RunStarted
from harness.model.fault import Catch, Expectation, Fault, Proof
from harness.model.plan import Decision, Plan
from harness.model.result import Status
from harness.model.run import CheckResult, Run, fold
from harness.plan.graph import closure
from harness.plan.proving import Trial, broken, control, untouched
from harness.plan.ready import Ended
from harness.record.proofs import Ledger
from harness.run.dispatch import run_plan
from harness.run.kinds.registry import KindRegistry
from harness.run.stop import Stop
from harness.system.patch import PatchError
from harness.system.scratch import Scratch

_OUTPUT = 20_000
CONTROL = Fault(id="", title="No fault", expect=[])
"""Stands for the run without a fault; no fault can have its id."""
CONTROL_RUN = ".control"


class _Clock:
    def __init__(self) -> None:
        self._zero = time.monotonic()

    def monotonic(self) -> float:
        return time.monotonic() - self._zero


class Watcher(Protocol):
    """Who is told what goes on."""

    def begins(self, what: str) -> None:
        """Something begins."""

    def ended(self, event: CheckFinished) -> None:
        """A check of the control run ended."""


class _Events:
    """Keeps what happens and tells of it."""

    def __init__(self, header: RunStarted, watcher: Watcher) -> None:
        self.events: list[Event] = [header]
        self._name = header.run_id
        self._watcher = watcher

    def emit(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, CheckStarted):
            self._watcher.begins(f"{self._name}: {event.check}")
        elif isinstance(event, CheckFinished) and self._name == CONTROL_RUN:
            self._watcher.ended(event)


class Prover:
    """What all the trials of one command share.

    `_stand` are the checks that passed in the tree as it is without a fault: what they made is
    there, so a fault that cannot reach them need not run them again.
    """

    def __init__(
        self,
        plan: Plan,
        scratch: Scratch,
        *,
        kinds: KindRegistry,
        stop: Stop,
        jobs: int | None,
        ledger: Ledger,
        source: Mapping[str, str],
        key: Callable[[str, Fault], str],
        environ: Callable[[], Mapping[str, str]],
        watcher: Watcher,
    ) -> None:
        """Be ready to run parts of `plan` in `scratch`."""
        self._plan = plan
        self._scratch = scratch
        self._kinds = kinds
        self._stop = stop
        self._jobs = jobs
        self._ledger = ledger
        self._source = source
        self._key = key
        self._environ = environ
        self._watcher = watcher
        self._checks = {check.id: check for check in plan.checks}
        self._stand: set[str] = set()

    def known(self, check: str, fault: Fault) -> Proof | None:
        """The proof there is that the check caught it, when nothing it depends on has changed."""
        key = self._key(check, fault)
        proof = self._ledger.get(check, fault.id)
        stands = proof is not None and key and proof.key == key and proof.catch is Catch.CAUGHT
        return proof if stands else None

    def controls(self, checks: Collection[str], *, fresh: bool) -> dict[str, CheckResult]:
        """Run checks without a fault; how those ended that did not pass."""
        unknown = [name for name in checks if fresh or self.known(name, CONTROL) is None]
        if not unknown:
            return {}
        part = control(self._plan, unknown)
        run = self._run(part, CONTROL_RUN)
        wrong: dict[str, CheckResult] = {}
        for check in part.checks:
            result = run.result(check.id)
            if result.status is Status.PASSED:
                self._stand.add(check.id)
                if check.id in unknown:
                    self._keep(check.id, CONTROL, Catch.CAUGHT, "passes without a fault", result)
            elif check.id in unknown:
                wrong[check.id] = result
        return wrong

    def prove(
        self, trial: Trial, wrong: Mapping[str, CheckResult], *, leave: bool = False
    ) -> Iterator[Proof]:
        """Break the tree, run what must see it, weigh; the tree is mended unless told to `leave`.

        Nothing is kept when a signal came meanwhile. Raises `HostError`.
        """
        fault = trial.fault
        runnable: dict[str, Expectation] = {}
        for name, expected in trial.expected.items():
            check = self._checks[name]
            if name in wrong:
                yield self._keep(name, fault, *_without(wrong[name]), wrong[name])
            elif check.decision is Decision.SKIP:
                yield self._proof(name, fault, Catch.INCONCLUSIVE, f"cannot run: {check.reason}")
            else:
                runnable[name] = expected
        if not runnable:
            return
        try:
            touched = self._scratch.apply(fault)
        except PatchError as error:
            for name in runnable:
                yield self._keep(name, fault, Catch.INCONCLUSIVE, str(error))
            return
        try:
            found = self._seen(trial, runnable, touched)
        finally:
            if not leave:
                self._scratch.mend()
        if self._stop.requests:
            return
        for name, (catch, reason, result) in found.items():
            yield self._keep(name, fault, catch, reason, result)

    def _seen(
        self, trial: Trial, runnable: dict[str, Expectation], touched: Collection[str]
    ) -> dict[str, tuple[Catch, str, CheckResult]]:
        """What each check made of the broken tree."""
        part = broken(self._plan, msgspec.structs.replace(trial, expected=runnable))
        whole = untouched(part, trial.fault, touched)
        standing = (self._stand & whole) - runnable.keys()
        run = self._run(part, trial.fault.id, ended=standing)
        status = {check.id: run.result(check.id).status for check in part.checks}
        # What ran just now out of the fault's reach has passed without it as well.
        clean = {name for name in whole - runnable.keys() if status[name] is Status.PASSED}
        apart = self._stand & untouched(self._plan, trial.fault, touched)
        self._stand = standing | clean | (apart - status.keys())
        needs = {check.id: check.needs for check in part.checks}
        found: dict[str, tuple[Catch, str, CheckResult]] = {}
        for name, expected in runnable.items():
            result = run.result(name)
            failed = [
                need
                for need in closure([name], needs)
                if need not in standing and status[need] is Status.FAILED
            ]
            if result.status is Status.PRECLUDED and failed and not self._stop.requests:
                found[name] = self._alone(part, name, expected, failed, run)
            else:
                found[name] = (*weigh(expected, result), result)
        return found

    def _alone(
        self, part: Plan, name: str, expected: Expectation, failed: list[str], run: Run
    ) -> tuple[Catch, str, CheckResult]:
        """A check that what it needs kept from running: whether it sees the fault by itself."""
        others = {check.id for check in part.checks if check.id != name}
        folder = f"{run.header.run_id}-{name.replace('/', '-')}"
        result = self._run(part, folder, ended=others).result(name)
        catch, reason = weigh(expected, result)
        first = ", ".join(failed)
        verb = "fail" if len(failed) > 1 else "fails"
        if catch is Catch.CAUGHT:
            return catch, f"{reason}; {first}, which it needs, {verb} with this fault too", result
        why = one(run.result(failed[0]).reason)
        text = f"{first}, which it needs, {verb} first ({why}); run all the same: {reason}"
        return Catch.INCONCLUSIVE, text, result

    def _run(self, plan: Plan, name: str, *, ended: Collection[str] = ()) -> Run:
        """Run a plan in the scratch tree, as `verify` would run it in the project."""
        folder = self._scratch.runs / name
        folder.mkdir(parents=True)
        header = RunStarted(
            at=0.0, schema=EVENT_SCHEMA, run_id=name, started_at=_now(),
            harness_version=__version__, command="release-manager prove",
            root=str(self._scratch.tree), source=dict(self._source), plan=plan,
        )  # fmt: skip
        sink = _Events(header, self._watcher)
        run_plan(
            plan, root=self._scratch.tree, folder=folder, sink=sink, clock=_Clock(),
            kinds=self._kinds, jobs=self._jobs, environ=self._environ(), stop=self._stop,
            ended={name: Ended(status=Status.PASSED) for name in ended},
        )  # fmt: skip
        return fold(sink.events)

    def _keep(
        self, check: str, fault: Fault, catch: Catch, reason: str, result: CheckResult | None = None
    ) -> Proof:
        proof = self._proof(check, fault, catch, reason, result)
        self._ledger.put(proof)
        return proof

    def _proof(
        self, check: str, fault: Fault, catch: Catch, reason: str, result: CheckResult | None = None
    ) -> Proof:
        facts: dict[str, Any] = {}
        if result is not None:
            facts["seconds"] = round(result.duration or 0.0, 3)
            facts["output"] = _output(result)
        return Proof(
            check=check,
            fault=fault.id,
            title=fault.title,
            catch=catch,
            reason=reason,
            at=_now(),
            key=self._key(check, fault),
            commit=self._source.get("commit", ""),
            changes=self._source.get("changed-files", ""),
            **facts,
        )


def _without(result: CheckResult) -> tuple[Catch, str]:
    """What a check proves that does not even pass without a fault."""
    why = one(result.reason) or "no reason given"
    text = f"without the fault the check is {result.status.value} too: {why}"
    return Catch.INCONCLUSIVE, text


def _output(result: CheckResult) -> str:
    """Why it ended so, its failed tests and the end of its output; bounded."""
    said = [
        result.reason,
        *(
            f"{test.id}: {test.message}"
            for test in result.tests
            if test.status in (Status.FAILED, Status.ERRORED)
        ),
    ]
    text = result.output.text
    if len(text) > _OUTPUT:
        text = f"[...]\n{text[-_OUTPUT:]}"
    return "\n".join([*said, text])[-2 * _OUTPUT :]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
