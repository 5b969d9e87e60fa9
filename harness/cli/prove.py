"""`prove`: break the product on purpose, and demand that its checks say so."""

from __future__ import annotations

import difflib
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from harness.cli.selecting import plan_for, selecting
from harness.cli.workspace import Workspace
from harness.errors import DefinitionError, HostError, UsageError

if TYPE_CHECKING:
    from harness.cli.proofs import Keys
    from harness.cli.prove_show import Show
    from harness.cli.proving import Prover
    from harness.model.definitions import Definitions
    from harness.model.fault import Proof
    from harness.model.plan import Plan
    from harness.plan.proving import Trial
    from harness.run.stop import Stop
    from harness.system.scratch import Scratch

_SYNCS = 3


@click.command(name="prove")
@selecting
@click.option("--fault", "faults", multiple=True, metavar="ID", help="Only this fault; repeatable.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), help="Cores to use; by default all.")
@click.option("--fresh", is_flag=True, help="Prove again what is proven already.")
@click.option(
    "--keep",
    is_flag=True,
    help="Leave the last fault in the scratch tree and print where it is, to look at it; the next"
    " use of the tree mends it.",
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Only see whether every fault still applies to the sources; nothing runs.",
)
@click.option("--json", "as_json", is_flag=True, help="Print every proof as a line of JSON.")
@click.option("--plain", is_flag=True, help="Plain lines even on a terminal.")
@click.pass_obj
def command(root: str | None, /, **options: Any) -> int:
    """Break the product on purpose and demand that its checks notice.

    Each fault of fixtures/faults/ is put into a scratch copy; the checks whose must-catch names it
    run there and must fail for the expected reason. A check that passes lets the fault survive; a
    failure for another reason proves nothing. The project itself is only read.

    What was caught is not proven again until something it depends on changes. Exits with 0 when
    every fault was caught, 1 when one survived, 3 when one is inconclusive or was not tried; a
    --dry-run exits with 4 when a fault no longer applies.

    \b
    Examples:
      release-manager prove
      release-manager prove v7-1/unit-tests
      release-manager prove --fault swallowed-panic --fresh
      release-manager prove --dry-run
      release-manager prove --json | jq -r 'select(.catch != "caught") | .fault'
    """
    from harness.cli.prove_show import Show
    from harness.plan.proving import trials
    from harness.run.stop import Stop, heeding_signals

    workspace = Workspace.find(root)
    definitions = workspace.definitions(workspace.kinds())
    _demand(definitions, options["faults"])
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
    if options["dry_run"]:
        return _rehearse(workspace, definitions, todo)
    show = Show(as_json=options["as_json"], plain=options["plain"])
    try:
        for name, why in elsewhere.items():
            show.line(f"{name}: makes no sense here: {why}")
        stop = Stop()
        with heeding_signals(stop):
            proofs = _prove(workspace, plan, definitions, todo, show, stop, options)
    finally:
        show.close()
    return show.end(proofs, sum(len(one.expected) for one in todo), stop.requests > 0)


def _demand(definitions: Definitions, wanted: Sequence[str]) -> None:
    """Raise `UsageError` unless there are faults, and all that were asked for."""
    names = [one.fault.id for one in definitions.faults]
    if not names:
        raise UsageError(
            "there is no fault to prove", next_step="describe some in fixtures/faults/*.yaml"
        )
    for name in wanted:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            raise UsageError(
                f"no fault is called {name!r}",
                next_step=f"did you mean {near[0]}?" if near else "see fixtures/faults/",
            )


def _rehearse(workspace: Workspace, definitions: Definitions, todo: Sequence[Trial]) -> int:
    """Apply every fault in memory. Raises `DefinitionError` with each that no longer applies."""
    from harness.system.patch import PatchError, changes

    def read(name: str) -> bytes | None:
        path = workspace.root / name
        return path.read_bytes() if path.is_file() else None

    positions = {one.fault.id: one.position for one in definitions.faults}
    problems: list[str] = []
    for trial in todo:
        try:
            changes(trial.fault, read)
        except (PatchError, OSError) as error:
            place = positions[trial.fault.id]
            problems.append(
                f"{place}: the fault {trial.fault.id} no longer applies: {error};"
                " describe it on the sources as they are"
            )
    if problems:
        raise DefinitionError(problems)
    click.echo(f"{len(todo)} faults apply; nothing was run")
    return 0


def _prove(
    workspace: Workspace,
    plan: Plan,
    definitions: Definitions,
    todo: Sequence[Trial],
    show: Show,
    stop: Stop,
    options: dict[str, Any],
) -> list[Proof]:
    """Every proof, old or new, as far as no signal came."""
    from harness.cli.proofs import Keys
    from harness.cli.proving import Prover
    from harness.record.proofs import PROOFS, Ledger
    from harness.report.text import plural
    from harness.system.leading import led
    from harness.system.scratch import Scratch, tidy

    folder = _scratch_folder(workspace.root)
    scratch = Scratch(folder, workspace.root)
    key = Keys(workspace, plan, definitions)
    prover = Prover(
        plan, scratch, kinds=workspace.kinds(), stop=stop, jobs=options["jobs"],
        ledger=Ledger(workspace.root / PROOFS), source=workspace.source(), key=key,
        environ=lambda: led(
            {**os.environ, **definitions.scratch_env},
            root=workspace.root, tree=scratch.tree, linked=definitions.linked,
        ),
        watcher=show,
    )  # fmt: skip
    proofs, missing = _known(prover, todo, show, fresh=options["fresh"])
    if not missing:
        return proofs
    for gone in tidy(folder.parent):
        show.line(f"removed a scratch tree that nobody used any more: {gone}")
    with scratch:
        _sync(workspace, plan, definitions, scratch, key, show)
        if options["keep"]:
            show.line(f"scratch tree: {scratch.tree}, work files of its runs: {scratch.runs}")
        checks = {check.id: check for check in plan.checks}
        runnable = dict.fromkeys(name for one in missing for name in one.expected)
        controls = [name for name in runnable if checks[name].decision != "skip"]
        show.line(f"control run of {plural(len(controls), 'check')}, without a fault")
        wrong = prover.controls(controls, fresh=options["fresh"])
        for trial in missing:
            if stop.requests:
                break
            show.begins(trial.fault.id)
            leave = options["keep"] and trial is missing[-1]
            for proof in prover.prove(trial, wrong, leave=leave):
                proofs.append(proof)
                show.proof(proof)
    return proofs


def _known(
    prover: Prover, todo: Sequence[Trial], show: Show, *, fresh: bool
) -> tuple[list[Proof], list[Trial]]:
    """The proofs that still stand, and what is left to prove."""
    proofs: list[Proof] = []
    missing: list[Trial] = []
    for trial in todo:
        left = dict(trial.expected)
        for name in trial.expected:
            known = None if fresh else prover.known(name, trial.fault)
            if known is not None:
                del left[name]
                proofs.append(known)
                show.proof(known, reused=True)
        if left:
            missing.append(msgspec.structs.replace(trial, expected=left))
    return proofs, missing


def _sync(
    workspace: Workspace,
    plan: Plan,
    definitions: Definitions,
    scratch: Scratch,
    key: Keys,
    show: Show,
) -> None:
    """Copy the project as the keys know it. Raises `HostError` when it changes all the while."""
    from harness.cli.proofs import Keys

    for _ in range(_SYNCS):
        show.begins(f"copying the project to {scratch.tree}")
        scratch.sync(shared=definitions.shared, linked=definitions.linked)
        if key.still_holds(Keys(workspace, plan, definitions)):
            return
    raise HostError(
        "the project changes faster than it can be copied",
        next_step="prove again when nobody edits it, or prove a clone",
    )


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
