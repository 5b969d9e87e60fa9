"""A plan as a person or another tool reads it: text, JSON, Mermaid, DOT. Pure; gives texts.

Whatever stands in a title cannot end a label early or forge a node: each form escapes for itself.
"""

from __future__ import annotations

import msgspec

from harness.model.plan import Decision, Plan, PlannedCheck
from harness.model.result import Override, OverrideKind, SkipReason
from harness.plan.bite import bite, findings
from harness.plan.graph import reduced

CANNOT_RUN = "cannot run: "
_SKIP_WORDS = {
    SkipReason.NOT_APPLICABLE: "not applicable",
    SkipReason.CAPABILITY_MISSING: "capability missing",
}


def as_json(plan: Plan) -> str:
    """The whole plan, two spaces of indent; the same plan always gives the same text."""
    return msgspec.json.format(msgspec.json.encode(plan), indent=2).decode()


def as_text(plan: Plan) -> str:
    """Every phase and check with what will happen to it, and why; ends with a line break.

    Checks that were not selected are counted, not listed: there may be ten thousand.
    """
    lines = [
        f"{_one_line(plan.project)}: {_summary(plan)}",
        f"selection: {_one_line(plan.selection)}; judged by profile {plan.profile_name}",
    ]
    if plan.services:
        lines.append(f"services: {', '.join(plan.services)}")
    for phase in plan.phases:
        checks = [check for check in plan.checks if check.phase == phase.id]
        lines += ["", f"{phase.id}  {_one_line(phase.title)}", f"  {_one_line(phase.about)}"]
        for check in checks:
            lines += _check_lines(check)
        rest = sum(name.startswith(f"{phase.id}/") for name in plan.deselected)
        if rest:
            lines.append(f"  ({rest} deselected)")
    if found := list(findings(plan)):
        lines += ["", "proof of bite", *(f"  {_one_line(text)}" for text in found)]
    return "\n".join(lines) + "\n"


def _summary(plan: Plan) -> str:
    running = sum(1 for check in plan.checks if will_run(check))
    blocked = sum(1 for check in plan.checks if check.reason.startswith(CANNOT_RUN))
    count = len(plan.checks) + len(plan.deselected)
    parts = [f"{count} check{'s' * (count != 1)}", f"{running} to run"]
    if reused := sum(1 for check in plan.checks if check.decision is Decision.REUSE):
        parts.append(f"{reused} reused")
    if blocked:
        parts.append(f"{blocked} cannot run")
    for skip, words in _SKIP_WORDS.items():
        if (count := sum(1 for check in plan.checks if check.skip is skip)) > 0:
            parts.append(f"{count} skipped ({words})")
    for kind in OverrideKind:  # entries, not checks: some are about tests alone
        given = (one for check in plan.checks for one in check.overrides)
        if (count := sum(1 for one in given if one.kind is kind)) > 0:
            parts.append(f"{count} {kind}")
    if plan.deselected:
        parts.append(f"{len(plan.deselected)} deselected")
    return ", ".join(parts)


def will_run(check: PlannedCheck) -> bool:
    """Whether it is to run and nothing known now stands in its way."""
    return check.decision is Decision.RUN and not check.reason.startswith(CANNOT_RUN)


def _check_lines(check: PlannedCheck) -> list[str]:
    word = {"run": "run ", "reuse": "keep"}.get(style := _style(check), style)
    lines = [f"  {word}  {check.id}  {_one_line(check.title)}  [{check.kind}]"]
    lines.append(f"        why: {_one_line(check.reason)}")
    for given in check.overrides:
        lines += _override_lines(given)
    for one in check.considered:
        if one.lacked:
            lines.append(f"        not by {_one_line(one.title)}: {_one_line(one.lacked)}")
        else:
            lines.append(f"        by {_one_line(one.title)}")
    if check.must_catch:
        lines.append(f"        {bite(check)}")
    if check.needs:
        shown = ", ".join(check.needs[:6])
        more = f" and {len(check.needs) - 6} more" if len(check.needs) > 6 else ""
        lines.append(f"        needs: {shown}{more}")
    if check.services:
        lines.append(f"        services: {', '.join(check.services)}")
    return lines


def _override_lines(given: Override) -> list[str]:
    """What somebody answers for, until when, and how far it is from its release."""
    what = f"{_one_line(given.test)} " if given.test else ""
    who = f"{_one_line(given.owner)} ({_one_line(given.issue)}): {_one_line(given.reason)}"
    lines = [f"        {what}{given.kind} until {given.expires} by {who}"]
    if given.released:
        lines.append(
            f"        {given.release_after} clean passes: released; remove the entry"
            f" ({_one_line(str(given.position))})"
        )
    elif given.release_after:
        lines.append(
            f"        {given.clean_passes} of {given.release_after} clean passes to its release"
        )
    return lines


def _one_line(text: str) -> str:
    return "".join(one if one.isprintable() else " " for one in text).strip()


def as_mermaid(plan: Plan) -> str:
    """A Mermaid flow chart of the selected checks by phase, without edges that others imply."""
    drawn, edges = _drawing(plan)
    names = {check.id: f"c{index}" for index, check in enumerate(drawn)}
    lines = ["flowchart LR"]
    for index, phase in enumerate(plan.phases):
        inside = [check for check in drawn if check.phase == phase.id]
        if not inside:
            continue
        lines.append(f'  subgraph p{index}["{_mermaid(f"{phase.id}: {phase.title}")}"]')
        for check in inside:
            label = f"{_mermaid(check.id)}<br/>{_mermaid(check.title)}"
            if not will_run(check):
                label += f"<br/><i>{_mermaid(check.reason)}</i>"
            lines.append(f'    {names[check.id]}["{label}"]:::{_style(check)}')
        lines.append("  end")
    lines += [f"  {names[need]} --> {names[check]}" for need, check in edges]
    lines += [
        "  classDef run stroke-width:2px",
        "  classDef reuse stroke-width:1px",
        "  classDef skip stroke-dasharray:4 4",
        "  classDef stop stroke-width:2px,stroke-dasharray:1 3",
    ]
    return "\n".join(lines) + "\n"


def as_dot(plan: Plan) -> str:
    """The same drawing for Graphviz."""
    drawn, edges = _drawing(plan)
    names = {check.id: f"c{index}" for index, check in enumerate(drawn)}
    lines = ["digraph plan {", "  rankdir=LR;", '  node [shape=box, fontname="sans-serif"];']
    for index, phase in enumerate(plan.phases):
        inside = [check for check in drawn if check.phase == phase.id]
        if not inside:
            continue
        lines.append(f"  subgraph cluster_{index} {{")
        lines.append(f'    label="{_dot(f"{phase.id}: {phase.title}")}";')
        for check in inside:
            label = f"{_dot(check.id)}\\n{_dot(check.title)}"
            if not will_run(check):
                label += f"\\n{_dot(check.reason)}"
            style = {"run": "solid", "reuse": "bold", "skip": "dashed", "stop": "dotted"}[
                _style(check)
            ]
            lines.append(f'    {names[check.id]} [label="{label}", style={style}];')
        lines.append("  }")
    lines += [f"  {names[need]} -> {names[check]};" for need, check in edges]
    lines.append("}")
    return "\n".join(lines) + "\n"


def _drawing(plan: Plan) -> tuple[list[PlannedCheck], list[tuple[str, str]]]:
    """What is drawn: every check, and as few edges as say the same."""
    drawn = list(plan.checks)
    kept = {check.id for check in drawn}
    edges = reduced({check.id: [one for one in check.needs if one in kept] for check in drawn})
    return drawn, [(need, check) for check, needs in edges.items() for need in needs]


def _style(check: PlannedCheck) -> str:
    if will_run(check):
        return "run"
    if check.decision is Decision.REUSE:
        return "reuse"
    return "skip" if check.skip else "stop"


def _mermaid(text: str) -> str:
    """Every sign that is not plainly a letter, digit or harmless mark becomes an entity code."""
    return "".join(
        one if one.isalnum() or one in " .,:;/-_()[]" else f"#{ord(one)};"
        for one in _one_line(text)
    ).replace("--", "#45;#45;")


def _dot(text: str) -> str:
    return _one_line(text).replace("\\", "\\\\").replace('"', '\\"')
