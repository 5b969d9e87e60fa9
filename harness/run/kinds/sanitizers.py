"""Recognises reports of memory and race checkers in what a program printed.

A sanitizer can report and the program still exit 0 (UndefinedBehaviorSanitizer does by default), so
kinds that run products look for reports themselves. Formats: the runtime of clang and gcc
(`==PID==ERROR: AddressSanitizer: …`, `file:line:col: runtime error: …`,
`WARNING: ThreadSanitizer: …`), Go's race detector (`WARNING: DATA RACE` and the access) and
valgrind (`==PID== Invalid read …`, `ERROR SUMMARY`). A report may begin in the middle of a line: a
test runner was printing its own when the program wrote.
"""

from __future__ import annotations

import re

from harness.model.ports import Completed
from harness.model.result import Finding
from harness.run.kinds.ending import read_output_bytes

_HINTS = (
    b"Sanitizer",
    b": runtime error: ",
    b"ERROR SUMMARY: ",
    b"== Invalid ",
    b"Undefined Beh",
    b"DATA RACE",
)
_REPORT_LIMIT = 20
GO_RACE = "Go race detector"

_SANITIZER = re.compile(
    r"(?<!\S)(?P<head>==\d+==\s?ERROR|WARNING|==\d+==\s?WARNING|SUMMARY): "
    r"(?P<tool>\w+Sanitizer): (?P<what>[^\n]+)"
)
_RUNTIME = re.compile(
    r"(?<!\S)(?P<file>[^\s:]+):(?P<line>\d+):(?P<column>\d+): runtime error: (?P<what>[^\n]+)"
)
_MIRI = re.compile(
    r"^error: Undefined Behavior: (?P<what>[^\n]+)\n"
    r"\s*--> (?P<file>[^\n:]+):(?P<line>\d+):(?P<column>\d+)",
    re.MULTILINE,
)
_VALGRIND = re.compile(r"^==\d+== ERROR SUMMARY: (?P<count>[\d,]+) errors", re.MULTILINE)
_VALGRIND_WHAT = re.compile(
    r"^==\d+== (?P<what>(?:Invalid |Conditional jump|Use of uninit|Mismatched free|Syscall param"
    r"|Process terminating|[\d,]+ bytes in [\d,]+ blocks are definitely)[^\n]*)",
    re.MULTILINE,
)
_GO_RACE = re.compile(
    r"WARNING: DATA RACE\r?\n\s*(?P<what>(?:Previous )?(?:Atomic )?(?:Read|Write|read|write) at 0x"
    r"[0-9a-f]+ by [^\n:]+)",
)
_GO_FRAME = re.compile(r"^\s+(?P<file>/?[^\s:]+\.go):(?P<line>\d+)", re.MULTILINE)
_FRAME = re.compile(r"#\d+ 0x[0-9a-f]+ in [^\n]*? (?P<file>/[^\s:()]+):(?P<line>\d+)")
_SYSTEM = re.compile(r"/(?:rustc|usr|build)/|sanitizer_common|/lsan/|/asan/|/tsan/")


def find_reports(completed: Completed) -> tuple[Finding, ...]:
    """The reports in a finished command's output, at most twenty."""
    data = read_output_bytes(completed)
    if not any(hint in data for hint in _HINTS):
        return ()
    return parse_reports(data.decode("utf-8", "replace"))


def parse_reports(text: str) -> tuple[Finding, ...]:
    """The reports in a text, each placed at its first frame outside system code."""
    found: list[Finding] = []
    for match in _SANITIZER.finditer(text):
        if match["head"] == "SUMMARY" and found:
            continue  # the summary repeats the report above it
        file, line = _first_frame(text, match.end())
        found.append(
            Finding(
                message=f"{match['tool']}: {match['what']}",
                file=file,
                line=line,
                rule=match["tool"],
            )
        )
    for rule, pattern in (("UndefinedBehaviorSanitizer", _RUNTIME), ("miri", _MIRI)):
        found.extend(
            Finding(
                message=f"{rule}: {match['what']}",
                file=match["file"],
                line=int(match["line"]),
                column=int(match["column"]),
                rule=rule,
            )
            for match in pattern.finditer(text)
        )
    for match in _GO_RACE.finditer(text):
        end = text.find("\n\n", match.end())
        frame = _GO_FRAME.search(text, match.end(), end if end >= 0 else len(text))
        found.append(
            Finding(
                message=f"{GO_RACE}: data race: {match['what']}",
                file=frame["file"] if frame else "",
                line=int(frame["line"]) if frame else 0,
                rule=GO_RACE,
            )
        )
    if any(match["count"] != "0" for match in _VALGRIND.finditer(text)):
        whats = [match["what"] for match in _VALGRIND_WHAT.finditer(text)] or ["errors reported"]
        found.extend(Finding(message=f"valgrind: {what}", rule="valgrind") for what in whats)
    return tuple(found[:_REPORT_LIMIT])


def is_report(finding: Finding) -> bool:
    """Whether a finding is one of these reports, whoever found it."""
    return finding.rule.endswith("Sanitizer") or finding.rule in {"miri", "valgrind", GO_RACE}


def _first_frame(text: str, start: int) -> tuple[str, int]:
    # A report's first stack ends at an empty line; what follows tells of allocation and free.
    end = text.find("\n\n", start)
    for match in _FRAME.finditer(text, start, end if end >= 0 else len(text)):
        if not _SYSTEM.search(match["file"]):
            return match["file"], int(match["line"])
    return "", 0
