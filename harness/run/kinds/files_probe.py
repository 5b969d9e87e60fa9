"""The child of kind `files`: tries every claim and says what does not hold.

    python -m harness.run.kinds.files_probe '{"must-exist": ["VERSION"]}'

Exits 0 when every claim holds, 1 when one does not, 2 when the claims cannot be read.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from harness.errors import CheckSetupError
from harness.model.result import Finding
from harness.run.kinds.files import CANNOT_TRY, Answer, Content, FilesOptions
from harness.run.kinds.globbing import matches

_MATCHES_SHOWN = 20


class _Looker:
    """Tries claims on one project and counts the files it looked at."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.seen: set[str] = set()

    def files(self, glob: str) -> list[str]:
        found = matches(self.root, glob)
        self.seen.update(found)
        return found

    def demanded(self, glob: str) -> tuple[list[str], list[Finding]]:
        """The files of a glob, or a finding when there are none: a claim about nothing is none."""
        found = self.files(glob)
        missing = [Finding(message=f"no file matches {glob}", file=glob, rule="must-exist")]
        return found, [] if found else missing

    def look(self, claims: FilesOptions) -> Iterator[Finding]:
        """Every way in which the claims do not hold."""
        for glob in claims.must_exist:
            yield from self.demanded(glob)[1]
        for glob in claims.must_not_exist:
            for file in self.files(glob):
                yield Finding(message=f"{file} must not exist", file=file, rule="must-not-exist")
        for content in claims.contains:
            yield from self._contains(content)
        for content in claims.not_contains:
            yield from self._not_contains(content)
        for size in claims.max_size:
            for glob in size.files:
                files, missing = self.demanded(glob)
                yield from missing
                for file in files:
                    found = (self.root / file).stat().st_size
                    if found > size.max_bytes:
                        message = (
                            f"{file} has {found:,} bytes, where {size.max_bytes:,} are allowed"
                        )
                        yield Finding(message=message, file=file, rule="max-size")
        for glob in claims.executable:
            files, missing = self.demanded(glob)
            yield from missing
            for file in files:
                if not os.access(self.root / file, os.X_OK):
                    message = f"{file} is not executable"
                    yield Finding(message=message, file=file, rule="executable")
        if claims.unchanged_in_git:
            yield from self._unchanged(claims.unchanged_in_git)

    def _contains(self, content: Content) -> Iterator[Finding]:
        pattern = _pattern(content)
        for glob in content.files:
            files, missing = self.demanded(glob)
            yield from missing
            for file in files:
                if not pattern.search(self._text(file)):
                    message = content.message or f"{file} has nothing matching {content.match!r}"
                    yield Finding(message=message, file=file, rule="contains")

    def _not_contains(self, content: Content) -> Iterator[Finding]:
        pattern = _pattern(content)
        for glob in content.files:
            files, missing = self.demanded(glob)
            yield from missing
            for file in files:
                text = self._text(file)
                for number, match in enumerate(pattern.finditer(text)):
                    if number == _MATCHES_SHOWN:
                        break
                    start = text.rfind("\n", 0, match.start()) + 1
                    yield Finding(
                        message=content.message or f"contains {match[0][:120]!r}",
                        file=file,
                        line=text.count("\n", 0, match.start()) + 1,
                        column=match.start() - start + 1,
                        rule="not-contains",
                    )

    def _text(self, file: str) -> str:
        return (self.root / file).read_text("utf-8", "replace")

    def _unchanged(self, globs: list[str]) -> Iterator[Finding]:
        """Files that git does not track, or that differ from the commit."""
        for glob in globs:
            files, missing = self.demanded(glob)
            yield from missing
            if not files:
                continue
            done = subprocess.run(
                ["git", "status", "--porcelain=v1", "--untracked-files=all", "--ignored",
                 "-z", "--", *files],
                cwd=self.root, capture_output=True, encoding="utf-8", errors="replace",
                check=False,
            )  # fmt: skip
            if done.returncode != 0:
                said = done.stderr.strip() or f"exit {done.returncode}"
                yield Finding(message=f"git cannot tell about {glob}: {said}", rule="git")
                continue
            for entry in filter(None, done.stdout.split("\0")):
                state, file = entry[:2], entry[3:]
                what = "is not tracked by git" if state in ("??", "!!") else "differs from git"
                yield Finding(message=f"{file} {what}", file=file, rule="unchanged-in-git")


def _pattern(content: Content) -> re.Pattern[str]:
    try:
        return re.compile(content.match, re.MULTILINE)
    except re.error as error:
        raise CheckSetupError(f"{content.match!r} is not a regular expression ({error})") from error


def _readable(found: Finding) -> Finding:
    """The finding without what is no text: the name of a file may be any bytes."""

    def text(said: str) -> str:
        return said.encode("utf-8", "surrogateescape").decode("utf-8", "replace")

    return msgspec.structs.replace(found, message=text(found.message), file=text(found.file))


def _claims(options: FilesOptions) -> int:
    return sum(len(getattr(options, field)) for field in options.__struct_fields__)


def main(arguments: list[str]) -> int:
    """Try the claims of the first argument; write the answer where `--result` says."""
    for stream in (sys.stdout, sys.stderr):
        # A locale without the character, or a file name that is no text, must cost no answer.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        options = msgspec.json.decode(arguments[0], type=FilesOptions)
        looker = _Looker(Path.cwd())
        findings = [_readable(found) for found in looker.look(options)]
    except (IndexError, msgspec.MsgspecError, CheckSetupError, OSError) as error:
        print(f"the claims cannot be tried: {error}", file=sys.stderr)  # noqa: T201
        return CANNOT_TRY
    answer = Answer(claims=_claims(options), files=len(looker.seen), findings=findings)
    for finding in findings:
        place = ":".join(str(part) for part in (finding.file, finding.line, finding.column) if part)
        print(f"{place}: {finding.message}" if place else finding.message)  # noqa: T201
    if len(arguments) == 3 and arguments[1] == "--result":
        Path(arguments[2]).write_bytes(msgspec.json.encode(answer))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
