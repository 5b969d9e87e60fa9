"""`prove`: break the product on purpose, and demand that its checks say so."""

from __future__ import annotations

import difflib
import hashlib
import os
import signal
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click
import msgspec

from harness.cli.selecting import plan_for, selecting
from harness.cli.workspace import Workspace
from harness.errors import ExitCode, HostError, UsageError

if TYPE_CHECKING:
    from harness.model.fault import Proof
    from harness.plan.proving import Trial

_MARKS = {"caught": "✓", "survived": "✗", "inconclusive": "?"}
_COLOURS = {"caught": "green", "survived": "red", "inconclusive": "yellow"}
_TAIL_LINES = 30


@click.command(name="prove")
@selecting
@click.option("--fault", "faults", multiple=True, metavar="ID", help="Only this fault; repeatable.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), help="Cores to use; by default all.")
@click.option("--fresh", is_flag=True, help="Prove again what is proven already.")
@click.option("--keep", is_flag=True, help="Print where the scratch tree is, and its runs' output.")
@click.option("--json", "as_json", is_flag=True, help="Print every proof as a line of JSON.")
@click.option("--plain", is_flag=True, help="Plain lines even on a terminal.")
@click.pass_obj
def command(root: str | None, /, **options: Any) -> int:
    """Break the product on purpose and demand that its checks notice.

    Each fault of fixtures/faults/ is put into a scratch copy; the checks whose must-catch names it
    run there and must fail for the expected reason. A check that passes lets the fault survive; a
    failure for another reason proves nothing. The project itself is only read.

    Exits with 0 when every fault was caught, 1 when one survived, 3 when one is inconclusive.

    \b
    Examples:
      release-manager prove
      release-manager prove v7-1/unit-tests
      release-manager prove --fault swallowed-panic --fresh
      release-manager prove --json | jq -r 'select(.catch != "caught") | .fault'
    """
    from harness.cli.proofs import Keys
    from harness.plan.proving import trials

    workspace = Workspace.find(root)
    definitions = workspace.definitions(workspace.kinds())
    if not definitions.faults:
        raise UsageError(
            "there is no fault to prove", next_step="describe some in fixtures/faults/*.yaml"
        )
    names = [one.fault.id for one in definitions.faults]
    for name in options["faults"]:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            raise UsageError(
                f"no fault is called {name!r}",
                next_step=f"did you mean {near[0]}?" if near else "see fixtures/faults/",
            )
    plan = plan_for(workspace, options)
    selected = plan_for(workspace, {**options, "no_needs": True})
    todo, elsewhere = trials(
        definitions,
        plan,
        checks=[check.id for check in selected.checks],
        faults=options["faults"],
    )
    if not todo and not elsewhere:
        raise UsageError(
            "none of the selected checks must catch a fault",
            next_step="name the faults in must-catch of a check",
        )
    key = Keys(workspace.root, plan)
    show = _Show(as_json=options["as_json"], plain=options["plain"])
    for name, why in elsewhere.items():
        show.line(f"{name}: makes no sense here: {why}")
    proofs, interrupted = _prove(workspace, plan, definitions, todo, key, show, options)
    return show.end(proofs, sum(len(one.expected) for one in todo), interrupted)


def _prove(
    workspace: Workspace,
    plan: Any,
    definitions: Any,
    todo: Sequence[Trial],
    key: Any,
    show: _Show,
    options: dict[str, Any],
) -> tuple[list[Proof], bool]:
    """Every proof, old or new; and whether a signal ended it."""
    from harness.cli.proofs import PROOFS
    from harness.cli.proving import Prover
    from harness.record.proofs import Ledger
    from harness.run.dispatch import Stop
    from harness.system.scratch import Scratch

    stop = Stop()

    def interrupt(number: int, _frame: FrameType | None) -> None:
        stop.request(signal.Signals(number).name)

    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    previous = {number: signal.signal(number, interrupt) for number in signals}
    proofs: list[Proof] = []
    scratch = Scratch(_scratch_folder(workspace.root), workspace.root)
    prover = Prover(
        plan, scratch, kinds=workspace.kinds(), stop=stop, jobs=options["jobs"],
        root=workspace.root, ledger=Ledger(workspace.root / PROOFS), source=workspace.source(),
        key=key, begins=show.begins,
    )  # fmt: skip
    try:
        missing: list[Trial] = []
        for trial in todo:
            left = dict(trial.expected)
            for name in trial.expected:
                known = None if options["fresh"] else prover.known(name, trial.fault)
                if known is not None:
                    del left[name]
                    proofs.append(known)
                    show.proof(known, reused=True)
            if left:
                missing.append(msgspec.structs.replace(trial, expected=left))
        if not missing:
            return proofs, False
        with scratch:
            show.begins(f"copying the project to {scratch.tree}")
            scratch.sync(shared=definitions.shared, linked=definitions.linked)
            if options["keep"]:
                show.line(f"scratch tree: {scratch.tree}, output: {scratch.tree.parent / 'runs'}")
            runnable = [name for one in missing for name in one.expected]
            checks = {check.id: check for check in plan.checks}
            controls = [name for name in dict.fromkeys(runnable) if checks[name].decision != "skip"]
            show.begins("control run without a fault")
            wrong = prover.controls(controls, fresh=options["fresh"])
            for trial in missing:
                if stop.requests:
                    break
                show.begins(trial.fault.id)
                for proof in prover.prove(trial, wrong):
                    proofs.append(proof)
                    show.proof(proof)
    finally:
        show.close()
        for number, handler in previous.items():
            signal.signal(number, handler)
    return proofs, stop.requests > 0


def _scratch_folder(root: Path) -> Path:
    """Where the scratch trees of a project are: outside it, under this person's cache."""
    try:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    except RuntimeError as error:
        raise HostError(
            "there is no home folder to put a scratch copy into", next_step="set XDG_CACHE_HOME"
        ) from error
    name = f"{root.name}-{hashlib.sha256(str(root).encode()).hexdigest()[:12]}"
    folder = Path(base).resolve() / "release-manager" / "scratch" / name
    if folder.is_relative_to(root):
        raise HostError(
            f"{folder}: the scratch copy would lie inside the project",
            next_step="set XDG_CACHE_HOME to a folder outside of it",
        )
    return folder


class _Show:
    """Progress on standard error, the result on standard output."""

    def __init__(self, *, as_json: bool, plain: bool) -> None:
        self._json = as_json
        self._zero = time.monotonic()
        self._status: Any = None
        if not plain and sys.stderr.isatty() and not os.environ.get("CI"):
            from rich.console import Console

            self._status = Console(stderr=True).status("")
            self._status.start()

    def begins(self, what: str) -> None:
        """What goes on now."""
        from harness.cli.display import clock_text

        if self._status is not None:
            from rich.text import Text

            self._status.update(Text(f"{clock_text(time.monotonic() - self._zero)}  {what}"))

    def line(self, text: str) -> None:
        """A line for a person."""
        from harness.cli.display import clock_text

        click.echo(f"[{clock_text(time.monotonic() - self._zero)}] {text}", err=True)

    def proof(self, proof: Proof, *, reused: bool = False) -> None:
        """One proof, new or known."""
        if self._json:
            click.echo(msgspec.json.encode(proof))
        word = click.style(f"{proof.catch.value:>12}", fg=_COLOURS[proof.catch.value])
        when = f", proven {proof.at}" if reused else ""
        self.line(f"{word}  {proof.check} x {proof.fault}  ({proof.reason}{when})")

    def close(self) -> None:
        """Give the terminal back."""
        if self._status is not None:
            self._status.stop()

    def end(self, proofs: Sequence[Proof], asked: int, interrupted: bool) -> int:
        """Matrix, output of what was not caught, and the exit code."""
        if not self._json:
            for line in matrix(proofs):
                click.echo(line)
            for proof in proofs:
                if proof.catch != "caught":
                    click.echo(f"\n{proof.catch.value}: {proof.check} x {proof.fault}")
                    click.echo(f"  {proof.title}\n  {proof.reason}")
                    for line in proof.output.rstrip().splitlines()[-_TAIL_LINES:]:
                        click.echo(f"  | {line}")
        counts = {word: sum(one.catch == word for one in proofs) for word in _MARKS}
        total = ", ".join(f"{count} {word}" for word, count in counts.items())
        rest = f", {asked - len(proofs)} not tried" if asked > len(proofs) else ""
        click.echo(f"\n{asked} to prove: {total}{rest}", err=self._json)
        if interrupted:
            return ExitCode.INTERRUPTED
        if counts["survived"]:
            return ExitCode.BLOCKED
        return ExitCode.INCOMPLETE if counts["inconclusive"] or rest else ExitCode.APPROVED


def matrix(proofs: Iterable[Proof]) -> list[str]:
    """Every check with its faults; each line says by itself what became of one."""
    by_check: dict[str, list[Proof]] = {}
    for proof in proofs:
        by_check.setdefault(proof.check, []).append(proof)
    lines: list[str] = []
    for check in sorted(by_check):
        lines += ["", check]
        for one in sorted(by_check[check], key=lambda one: one.fault):
            lines.append(f"  {_MARKS[one.catch.value]} {one.catch.value:<12}  {one.fault}")
    return lines
