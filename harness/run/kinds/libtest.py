"""Reads the text that Rust's libtest and `cargo test` print. Pure.

Format: rustc's library/test, src/formatters/pretty.rs; cargo's `Running …`, `Doc-tests …` headers.
"""

from __future__ import annotations

import posixpath
import re

import msgspec

from harness.model.result import Status, TestRecord

_BINARY = re.compile(r"^\s+(?:Running (?P<what>.+?) \((?P<path>[^()]+)\)|Doc-tests (?P<doc>\S+))$")
_ANNOUNCED = re.compile(r"^running (?P<count>\d+) tests?$")
_TEST = re.compile(
    r"^test (?P<name>.+?) \.\.\. (?:.*\W)?"
    r"(?P<result>ok|FAILED|ignored)(?P<more>, .*)?(?: <[\d.]+s>)?$"
)
_TEST_OPEN = re.compile(r"^test (?P<name>.+?) \.\.\. ")
_RESULT_LATE = re.compile(r"(?:^|.*\W)(?P<result>ok|FAILED)$")
_TOTALS = re.compile(
    r"^test result: (?:ok|FAILED)\. (?P<passed>\d+) passed; (?P<failed>\d+) failed;"
    r" (?P<ignored>\d+) ignored; (?P<measured>\d+) measured;"
)
_SECTION = re.compile(r"^---- (?P<name>.+) stdout ----$")
_DEATH = re.compile(r"process didn't exit successfully: .*\((?P<how>[^()]*)\)$")
_PANIC = re.compile(r"panicked at (?P<file>[^:\n]+\.rs):(?P<line>\d+):\d+:$")
_DOC_PLACE = re.compile(r"^(?P<file>\S+\.(?:rs|md)) - .*\(line (?P<line>\d+)\)")
_OUTPUT_LIMIT = 16 * 1024


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """What a binary says of itself in its last line."""

    passed: int
    failed: int
    ignored: int
    measured: int


class Binary(msgspec.Struct, kw_only=True):
    """One test binary: what it announced, named and totalled. No totals: it died, `death` how."""

    name: str
    announced: int
    tests: list[TestRecord] = []
    totals: Totals | None = None
    death: str = ""


def read_libtest(text: str, *, cwd: str) -> list[Binary]:
    """Every binary that began to run tests; places in files are made relative to the root."""
    reader = _Reader(cwd)
    for line in text.splitlines():
        reader.take(line)
    reader.flush()
    return reader.binaries


class _Reader:
    def __init__(self, cwd: str) -> None:
        self.binaries: list[Binary] = []
        self._cwd = cwd
        self._name = "tests"
        self._current: Binary | None = None
        self._open_test = ""
        self._section = ""
        self._lines: dict[str, list[str]] = {}
        self._reasons: dict[str, tuple[Status, str]] = {}

    def take(self, line: str) -> None:
        if header := _BINARY.match(line):
            self.flush()
            self._name = f"doc-tests of {header['doc']}" if header["doc"] else header["what"]
        elif announced := _ANNOUNCED.match(line):
            self.flush()
            self._current = Binary(name=self._name, announced=int(announced["count"]))
            self.binaries.append(self._current)
        elif death := _DEATH.search(line):
            last = self.binaries[-1] if self.binaries else None
            if last is not None and last.totals is None:
                last.death = f"died ({death['how']})"
        elif self._current is not None:
            self._inside(self._current, line)

    def _inside(self, binary: Binary, line: str) -> None:
        if totals := _TOTALS.match(line):
            binary.totals = Totals(**{key: int(value) for key, value in totals.groupdict().items()})
            self.flush()
        elif section := _SECTION.match(line):
            self._section = section["name"]
            self._lines[self._section] = []
        elif self._section:
            if line == "failures:":
                self._section = ""
            else:
                self._lines[self._section].append(line)
        elif test := _TEST.match(line):
            self._named(test["name"], test["result"], test["more"] or "")
        elif opened := _TEST_OPEN.match(line):
            # With one thread the name comes before the test runs, and what it prints in between.
            self._open_test = opened["name"]
        elif self._open_test and (late := _RESULT_LATE.match(line)):
            self._named(self._open_test, late["result"], "")

    def _named(self, name: str, result: str, more: str) -> None:
        self._open_test = ""
        status = {"ok": Status.PASSED, "FAILED": Status.FAILED}.get(result, Status.SKIPPED)
        name = name.removesuffix(" - should panic")
        self._reasons[name] = (status, more.strip(", ") if status is Status.SKIPPED else "")

    def flush(self) -> None:
        """End the current binary: its names and its failures' output become records."""
        binary, self._current = self._current, None
        if binary is not None:
            binary.tests = [
                self._record(binary, name, status, why)
                for name, (status, why) in self._reasons.items()
            ]
        self._reasons, self._lines = {}, {}
        self._open_test = self._section = ""

    def _record(self, binary: Binary, name: str, status: Status, why: str) -> TestRecord:
        lines = self._lines.get(name) or self._lines.get(f"{name} - should panic") or []
        file, line, message = "", 0, why
        if doc := _DOC_PLACE.match(name):
            file, line = self._place(doc["file"]), int(doc["line"])
        for number, text in enumerate(lines):
            if panic := _PANIC.search(text):
                message = " ".join(_message(lines[number + 1 :]))
                if not file:
                    file, line = self._place(panic["file"]), int(panic["line"])
                break
        else:
            if status is Status.FAILED:
                message = next((text.strip() for text in lines if text.strip()), "")
        output = "\n".join(lines).strip("\n")
        return TestRecord(
            id=f"{binary.name}::{name}",
            status=status,
            message=message[:500],
            file=file,
            line=line,
            output=output if len(output) <= _OUTPUT_LIMIT else output[:_OUTPUT_LIMIT] + "\n[...]",
        )

    def _place(self, file: str) -> str:
        return posixpath.normpath(posixpath.join(self._cwd, file))


def _message(lines: list[str]) -> list[str]:
    """A panic's message: up to the backtrace or the note that follows it."""
    found = []
    for line in lines:
        if line.startswith(("stack backtrace:", "note: ", "----")) or not line.strip():
            break
        found.append(line.strip())
    return found
