"""Proves faults one by one in a scratch tree: a control run first, then break, run, weigh, mend."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from harness import __version__
from harness.judge.proof import weigh
from harness.model.event import EVENT_SCHEMA, Event, RunStarted
from harness.model.fault import Catch, Expectation, Fault, Proof
from harness.model.plan import Decision, Plan, PlannedCheck
from harness.model.result import Status
from harness.model.run import CheckResult, Run, fold
from harness.plan.proving import Trial, broken, control
from harness.record.proofs import Ledger
from harness.run.dispatch import run_plan
from harness.run.kinds.registry import KindRegistry
from harness.run.stop import Stop
from harness.system.patch import PatchError
from harness.system.scratch import Scratch

_OUTPUT = 20_000
CONTROL = Fault(id="control", title="No fault", expect=[Expectation(check="any/check")])
Told = Callable[[str], None]


class _Clock:
    def __init__(self) -> None:
        self._zero = time.monotonic()

    def monotonic(self) -> float:
        return time.monotonic() - self._zero


class _Events:
    """Keeps what happens and names what begins."""

    def __init__(self, header: RunStarted, begins: Told) -> None:
        self.events: list[Event] = [header]
        self._begins = begins

    def emit(self, event: Event) -> None:
        self.events.append(event)
        if (name := getattr(event, "check", "")) and not hasattr(event, "outcome"):
            self._begins(name)


class Prover:
    """What all the trials of one command share."""

    def __init__(
        self,
        plan: Plan,
        scratch: Scratch,
        *,
        kinds: KindRegistry,
        stop: Stop,
        jobs: int | None,
        root: Path,
        ledger: Ledger,
        source: Mapping[str, str],
        key: Callable[[PlannedCheck, Fault], str],
        begins: Told,
    ) -> None:
        """Be ready to run parts of `plan` in `scratch`."""
        self._plan = plan
        self._scratch = scratch
        self._kinds = kinds
        self._stop = stop
        self._jobs = jobs
        self._root = root
        self._ledger = ledger
        self._source = source
        self._key = key
        self._begins = begins
        self._checks = {check.id: check for check in plan.checks}

    def known(self, check: str, fault: Fault) -> Proof | None:
        """The proof there is already, when nothing it depends on has changed."""
        proof = self._ledger.get(check, fault.id)
        key = self._key(self._checks[check], fault)
        return proof if proof is not None and proof.key == key else None

    def controls(self, checks: list[str], *, fresh: bool) -> dict[str, str]:
        """Run checks without a fault; those that do not pass, each with the reason."""
        unknown = [one for one in checks if fresh or self.known(one, CONTROL) is None]
        if not unknown:
            return {}
        run = self._run(control(self._plan, unknown), "control")
        wrong: dict[str, str] = {}
        for name in unknown:
            result = run.result(name)
            if result.status is Status.PASSED:
                self._keep(name, CONTROL, Catch.CAUGHT, "passes without a fault", result)
            else:
                why = result.reason or "no reason given"
                wrong[name] = f"without the fault the check is {result.status.value} too: {why}"
        return wrong

    def prove(self, trial: Trial, wrong: Mapping[str, str]) -> Iterator[Proof]:
        """Break the tree, run what must see it, weigh; the tree is mended afterwards."""
        fault = trial.fault
        runnable: dict[str, Expectation] = {}
        for name, expected in trial.expected.items():
            check = self._checks[name]
            if name in wrong:
                yield self._keep(name, fault, Catch.INCONCLUSIVE, wrong[name])
            elif check.decision is Decision.SKIP:
                yield self._proof(name, fault, Catch.INCONCLUSIVE, f"cannot run: {check.reason}")
            else:
                runnable[name] = expected
        if not runnable:
            return
        try:
            try:
                self._scratch.apply(fault)
            except PatchError as error:
                for name in runnable:
                    yield self._keep(name, fault, Catch.INCONCLUSIVE, str(error))
                return
            part = msgspec.structs.replace(trial, expected=runnable)
            run = self._run(broken(self._plan, part), fault.id)
        finally:
            self._scratch.mend()
        if self._stop.requests:
            return
        for name, expected in runnable.items():
            result = run.result(name)
            yield self._keep(name, fault, *weigh(expected, result), result)

    def _run(self, plan: Plan, name: str) -> Run:
        """Run a plan in the scratch tree, as `verify` would run it in the project."""
        started_at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        folder = self._scratch.tree.parent / "runs" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        header = RunStarted(
            at=0.0, schema=EVENT_SCHEMA, run_id=name, started_at=started_at,
            harness_version=__version__, command="release-manager prove",
            root=str(self._scratch.tree), source=dict(self._source), plan=plan,
        )  # fmt: skip
        sink = _Events(header, self._begins)
        run_plan(
            plan, root=self._scratch.tree, folder=folder, sink=sink, clock=_Clock(),
            kinds=self._kinds, jobs=self._jobs, environ=self._environ(), stop=self._stop,
        )  # fmt: skip
        return fold(sink.events)

    def _environ(self) -> dict[str, str]:
        """This process's environment; Python's search path leads into the tree, not the project."""
        environ = dict(os.environ)
        if path := environ.get("PYTHONPATH"):
            parts = [
                str(self._scratch.tree / Path(part).relative_to(self._root))
                if Path(part).is_relative_to(self._root)
                else part
                for part in path.split(os.pathsep)
            ]
            environ["PYTHONPATH"] = os.pathsep.join(parts)
        return environ

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
            said = [result.reason, *(f"{test.id}: {test.message}" for test in result.tests
                                     if test.status is Status.FAILED)]  # fmt: skip
            text = result.output.text
            if len(text) > _OUTPUT:
                text = f"[...]\n{text[-_OUTPUT:]}"
            facts["output"] = "\n".join([*said, text])[-2 * _OUTPUT :]
        return Proof(
            check=check,
            fault=fault.id,
            title=fault.title,
            catch=catch,
            reason=reason,
            at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            key=self._key(self._checks[check], fault),
            commit=self._source.get("commit", ""),
            changes=self._source.get("changed-files", ""),
            **facts,
        )
