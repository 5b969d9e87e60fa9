"""The view as SARIF 2.1.0: what `problems.py` lists, for whoever shows problems beside code.

Paths are relative to the project's root (`%SRCROOT%`). An override that lifts a failure is a
suppression, which keeps the result. What stopped a check from answering is a notification of the
tool's execution, as the standard wants it (3.20.21), for it says nothing of the code.
https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html
"""

from __future__ import annotations

import hashlib
import re
from typing import Any
from urllib.parse import quote

import msgspec

from harness.model.result import Severity, Status
from harness.model.spec import Effect
from harness.report.problems import Problem, problems
from harness.report.shape import View, ViewCheck
from harness.report.text import both_ends, clip, first_line, plural

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
MOST_RESULTS = 25_000
"""More than that and GitHub refuses the whole file."""
_ROOT = "%SRCROOT%"
_MESSAGE = 8_000
_PATH = 2_000
_RULE = 500
_IN_THE_WAY = (Effect.BLOCK, Effect.INCOMPLETE)
_DRIVE = re.compile(r"^[A-Za-z]:[\\/]")


def as_sarif(view: View) -> bytes:
    """The log, one run in it, indented; results gravest first."""
    found = problems(view)
    rules: dict[str, int] = {}
    descriptors: list[dict[str, Any]] = []
    results = []
    for problem in found[:MOST_RESULTS]:
        index = rules.setdefault(clip(problem.rule, _RULE), len(descriptors))
        if index == len(descriptors):
            descriptors.append(_rule(problem))
        results.append(_result(problem, index))
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "release-manager",
                        "version": view.run.harness_version,
                        "rules": descriptors,
                    }
                },
                "automationDetails": {
                    "id": f"release-manager/{view.run.id}",
                    "description": _message(f"{view.run.project}: {view.run.selection}"),
                },
                "invocations": [_invocation(view, len(found) - len(results))],
                "originalUriBaseIds": {
                    _ROOT: {"description": _message("the root of the project's sources")}
                },
                "columnKind": "unicodeCodePoints",
                "results": results,
                "properties": {
                    "verdict": view.verdict.conclusion.value,
                    "profile": view.verdict.profile,
                    "source": view.run.source,
                },
            }
        ],
    }
    return msgspec.json.format(msgspec.json.encode(log), indent=2) + b"\n"


def _rule(problem: Problem) -> dict[str, Any]:
    """A rule of a tool, or the check that is one itself. `help` is what GitHub asks for."""
    check = problem.check
    own = problem.rule == check.id
    about = (check.about if own else "") or check.title or check.id
    return {
        "id": clip(problem.rule, _RULE),
        "shortDescription": _message(check.title if own else problem.rule, 300),
        "fullDescription": _message(about, 1_000),
        "help": _message(f"{check.title}\nRun it again: {check.reproduce}"),
        "properties": {"tags": [check.phase, check.kind]},
    }


def _result(problem: Problem, index: int) -> dict[str, Any]:
    check = problem.check
    result: dict[str, Any] = {
        "ruleId": clip(problem.rule, _RULE),
        "ruleIndex": index,
        "level": problem.level.value,
        "message": _message(_words(problem)),
        "locations": [_location(problem)],
        "partialFingerprints": {"problem/v1": _fingerprint(problem)},
    }
    given = check.lifted(problem.test)
    # One that is over lifts nothing, and one that lifted nothing suppresses nothing.
    if given is not None and check.effect not in _IN_THE_WAY:
        words = f"{given.kind.value} until {given.expires} by {given.owner} ({given.issue})"
        result["suppressions"] = [
            {
                "kind": "external",
                "status": "accepted",
                "justification": clip(f"{words}: {given.reason}", _MESSAGE),
            }
        ]
    result["properties"] = {
        "check": check.id,
        "status": check.status.value,
        "effect": check.effect.value,
        "reproduce": check.reproduce,
        **({"failure": check.failure.value} if check.failure else {}),
    }
    return result


def _words(problem: Problem) -> str:
    """The message, led by what it is about unless it says so itself."""
    if problem.subject == first_line(problem.message):
        return problem.message
    return f"{problem.subject}: {problem.message}"


def _location(problem: Problem) -> dict[str, Any]:
    """The place, and the check as a logical one, which stands alone where there is no place."""
    location: dict[str, Any] = {
        "logicalLocations": [
            {
                "name": problem.check.title or problem.check.id,
                "fullyQualifiedName": problem.check.id,
            }
        ]
    }
    if not problem.file:
        return location
    place: dict[str, Any] = {"artifactLocation": _artifact(problem.file)}
    if problem.line > 0:
        place["region"] = {"startLine": problem.line}
        if problem.column > 0:
            place["region"]["startColumn"] = problem.column
    location["physicalLocation"] = place
    if not problem.own_place:
        location["message"] = _message("no place is known; the check is defined here")
    return location


def _artifact(file: str) -> dict[str, str]:
    """A reference below the root; what lies elsewhere is named absolutely, as a `file:` URI."""
    path = clip(file, _PATH)
    if _DRIVE.match(path):
        return {"uri": f"file:///{path[:2]}{quote(path[2:].replace(chr(92), '/'))}"}
    if path.startswith("/"):
        return {"uri": f"file://{quote('/' + path.lstrip('/'))}"}
    return {"uri": quote(path.removeprefix("./")), "uriBaseId": _ROOT}


def _fingerprint(problem: Problem) -> str:
    """The same for the same problem in the next run, wherever its line has moved to."""
    parts = (problem.check.id, problem.rule, problem.subject, problem.file)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _invocation(view: View, left_off: int) -> dict[str, Any]:
    run = view.run
    times = {"startTimeUtc": run.started_at, "endTimeUtc": run.finished_at}
    notifications = [
        _notification(_level(check), f"{check.id} is {check.status.value}: {check.reason}", check)
        for phase in view.phases
        for check in phase.checks
        if check.status in (Status.ERRORED, Status.PRECLUDED)
    ]
    if run.interrupted or not run.finished:
        how = f"the run was interrupted: {run.interrupted}" if run.interrupted else ""
        notifications.append(_notification(Severity.ERROR, how or "the run did not finish"))
    notifications.extend(_notification(Severity.NOTE, note) for note in view.notes)
    if left_off:
        said = f"{plural(left_off, 'more result')} left off here: see report.json"
        notifications.append(_notification(Severity.WARNING, said))
    return {
        "commandLine": run.command,
        **{name: time for name, time in times.items() if time},
        "exitCode": view.verdict.exit_code,
        "exitCodeDescription": f"{view.verdict.conclusion.value}: {view.verdict.sentence}",
        "executionSuccessful": run.finished and not run.interrupted,
        "toolExecutionNotifications": notifications,
    }


def _level(check: ViewCheck) -> Severity:
    return Severity.ERROR if check.effect in _IN_THE_WAY else Severity.WARNING


def _notification(level: Severity, text: str, check: ViewCheck | None = None) -> dict[str, Any]:
    notification: dict[str, Any] = {"level": level.value, "message": _message(text)}
    if check is not None:
        notification["locations"] = [{"logicalLocations": [{"fullyQualifiedName": check.id}]}]
    return notification


def _message(text: str, limit: int = _MESSAGE) -> dict[str, str]:
    """A message that is shown as it is: no placeholder (3.11.5), no embedded link (3.11.6)."""
    shown = both_ends(text, limit)
    return {"text": shown.replace("{", "{{").replace("}", "}}").replace("](", "] (")}
