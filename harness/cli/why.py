"""`why`: what changed since a check last ran, or which run would answer for it."""

from __future__ import annotations

import difflib
from typing import Any

import click
import msgspec

from harness.cli.reusing import Reuse, keys_now, result_cache
from harness.cli.selecting import plan_for, selecting
from harness.cli.workspace import Workspace
from harness.errors import UsageError
from harness.model.plan import Decision
from harness.plan.key import Manifest, differences


@click.command(name="why")
@click.argument("check")
@selecting
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.pass_obj
def command(root: str | None, /, check: str, as_json: bool, **options: Any) -> None:
    """Say why CHECK would run, or which earlier run answers for it.

    CHECK is an id: v7-1/unit-tests, unit-tests, or one instance of a matrix. Nothing runs.

    \b
    Examples:
      release-manager why v7-1/unit-tests
      release-manager why 'v7-0/build-core[c11]' --json
    """
    workspace = Workspace.find(root)
    reuse = Reuse(workspace, plan_for(workspace, options))
    plan = reuse.plan
    ids = [one.id for one in plan.checks]
    names = [one for one in ids if check in {one, one.split("/", 1)[1]}]
    names = names or [
        one for one in ids if check in {one.split("[")[0], one.split("[")[0].split("/", 1)[1]}
    ]
    if not names:
        near = difflib.get_close_matches(check, [*ids, *(one.split("/", 1)[1] for one in ids)], 1)
        raise UsageError(
            f"no check is called {check!r}",
            next_step=f"did you mean {near[0]}?" if near else "`release-manager plan` lists them",
        )
    keys = keys_now(workspace, plan)
    checks = {one.id: one for one in plan.checks}
    answers: list[dict[str, Any]] = []
    for name in names:
        planned, keyed = checks[name], keys[name]
        answer: dict[str, Any] = {"check": name, "reused": planned.decision is Decision.REUSE}
        last = result_cache(workspace.root).last(name)
        if planned.decision is not Decision.RUN:
            answer["because"] = [planned.reason]
        elif keyed.manifest is None:
            answer["because"] = [f"it always runs: {keyed.why_not}"]
        elif last is None:
            answer["because"] = ["no execution of it is remembered here"]
        else:
            answer["since"] = last.run_id
            changed = differences(msgspec.convert(last.manifest, Manifest), keyed.manifest)
            if not changed:
                changed = [
                    f"nothing changed, but its result was not kept: {last.not_kept}"
                    if last.not_kept
                    else "nothing changed, but its result may not be reused:"
                    " a dependency runs, its output is gone, or the policy says so"
                ]
            answer["because"] = changed
        answers.append(answer)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(answers)).decode())
        return
    for answer in answers:
        how = (
            "is reused"
            if answer["reused"]
            else "does not run"
            if (checks[answer["check"]].decision is Decision.SKIP)
            else "runs"
        )
        since = f" (since run {answer['since']})" if "since" in answer else ""
        click.echo(f"{answer['check']} {how}{since}")
        for text in answer["because"]:
            click.echo(f"  {text}")
