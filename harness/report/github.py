"""The view as workflow commands that GitHub shows beside the code.

GitHub keeps ten annotations of a kind for each step and drops the rest in silence, so the gravest
come first and what is left off is said in a notice, a kind of its own. The escapes are those of
its own toolkit: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

# No import from `__future__` here: it would take the function's name.
from harness.model.result import Conclusion, Severity
from harness.report.problems import Problem, problems
from harness.report.shape import View
from harness.report.text import both_ends, clip, clip_lines, first_line, plural

MOST_OF_A_KIND = 10
_COMMAND = {Severity.ERROR: "error", Severity.WARNING: "warning"}
_MESSAGE = 3_000
_LINE = 500
_TITLE = 200
_FILE = 500


def annotations(view: View) -> list[str]:
    """One workflow command a line: errors, then warnings, then what is left off; notes are not.

    The first error is the verdict, unless it is APPROVED.
    """
    lines: dict[Severity, list[str]] = {Severity.ERROR: [], Severity.WARNING: []}
    left_off = dict.fromkeys(lines, 0)
    verdict = view.verdict
    if verdict.conclusion is not Conclusion.APPROVED:
        title = f"release-manager: {verdict.conclusion.value}"
        lines[Severity.ERROR].append(_command("error", {"title": title}, verdict.sentence))
    for problem in problems(view):
        if problem.level not in lines:
            continue
        if len(lines[problem.level]) < MOST_OF_A_KIND:
            lines[problem.level].append(_annotation(problem))
        else:
            left_off[problem.level] += 1
    notice = []
    if any(left_off.values()):
        rest = " and ".join(
            plural(count, f"more {_COMMAND[level]}") for level, count in left_off.items() if count
        )
        told = f"{rest} of this run: see report.html, or upload results.sarif"
        notice = [_command("notice", {"title": "release-manager: left off here"}, told)]
    return [*lines[Severity.ERROR], *lines[Severity.WARNING], *notice]


def _annotation(problem: Problem) -> str:
    properties: dict[str, str] = {}
    if problem.file:
        properties["file"] = clip(problem.file, _FILE)
        if problem.line:
            properties["line"] = str(problem.line)
            if problem.column:
                properties["col"] = str(problem.column)
    check = problem.check
    what = check.title if problem.subject == first_line(problem.message) else problem.subject
    properties["title"] = f"{clip(check.id, _TITLE)}: {clip(first_line(what), _TITLE)}"
    message = both_ends(clip_lines(problem.message.strip(), _LINE), _MESSAGE)
    return _command(
        _COMMAND[problem.level], properties, f"{message}\n\n{clip(check.reproduce, _LINE)}"
    )


def _command(name: str, properties: dict[str, str], message: str) -> str:
    given = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {given}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
