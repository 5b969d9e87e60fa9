"""`files`: claims about files of the project: there, not there, containing, small, unchanged.

The looking is done by a child (`files_probe`), so that it is supervised like everything else.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from harness.errors import CheckSetupError
from harness.model.base import Entry
from harness.model.ports import CheckContext, Command, Completed
from harness.model.result import Finding, Outcome, Status
from harness.run.kinds.ending import broken_off, how_it_ended, last_line, with_last_line

_RESULTS = "files.json"
CANNOT_TRY = 2
"""The child's exit code when the claims themselves are wrong; it says why."""
Glob = Annotated[str, Meta(min_length=1, description="Glob relative to the project root.")]


class Content(Entry, frozen=True):
    """What files must or must not contain."""

    files: Annotated[list[Glob], Meta(min_length=1, description="Which files to read.")]
    match: Annotated[
        str, Meta(min_length=1, description="Regular expression; ^ and $ match at line ends.")
    ]
    message: Annotated[str, Meta(description="What to say when the claim does not hold.")] = ""


class Size(Entry, frozen=True):
    """How large files may be."""

    files: Annotated[list[Glob], Meta(min_length=1, description="Which files to measure.")]
    max_bytes: Annotated[int, Meta(ge=0, description="The largest size of each, in bytes.")]


class FilesOptions(Entry, frozen=True):
    """Claims about files; at least one. Every glob that must match has to match something."""

    must_exist: Annotated[list[Glob], Meta(description="Each must match a file.")] = []
    must_not_exist: Annotated[list[Glob], Meta(description="None may match a file.")] = []
    contains: Annotated[list[Content], Meta(description="Each file must match.")] = []
    not_contains: Annotated[list[Content], Meta(description="No file may match.")] = []
    max_size: Annotated[list[Size], Meta(description="No file may be larger.")] = []
    executable: Annotated[list[Glob], Meta(description="Each file must be executable.")] = []
    unchanged_in_git: Annotated[
        list[Glob], Meta(description="Files that must be tracked, and be as committed.")
    ] = []


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the child writes: how many claims it tried on how many files, and what is wrong."""

    claims: int
    files: int
    findings: list[Finding]


class FilesKind:
    """Hands the claims to the child and reads its answer."""

    name = "files"
    summary = "looks at files: present, absent, containing, small, executable, unchanged"
    options = FilesOptions

    def prepare(self, options: FilesOptions, context: CheckContext) -> Command:
        """The child; its claims are an argument, so that a person can repeat it."""
        if options == FilesOptions():
            raise CheckSetupError(
                "it claims nothing about any file", next_step="give `must-exist` or another claim"
            )
        return Command(
            argv=(
                context.python,
                "-m",
                "harness.run.kinds.files_probe",
                msgspec.json.encode(options).decode(),
                "--result",
                str(context.work / _RESULTS),
            )
        )

    def conclude(
        self, options: FilesOptions, context: CheckContext, completed: Completed
    ) -> Outcome:
        """The child's findings; without a whole answer nothing is known."""
        del options
        bad = broken_off(completed)
        if bad is not None:
            return bad
        try:
            answer = msgspec.json.decode((context.work / _RESULTS).read_bytes(), type=Answer)
        except (OSError, msgspec.MsgspecError) as error:
            if completed.exit_code == CANNOT_TRY and (said := last_line(completed)):
                return Outcome(status=Status.ERRORED, message=said)
            message = f"{how_it_ended(completed)}, and no answer could be read ({error})"
            return Outcome(status=Status.ERRORED, message=with_last_line(message, completed))
        if (completed.exit_code == 0) != (not answer.findings):
            return Outcome(
                status=Status.ERRORED,
                message=f"{how_it_ended(completed)} contradicts {len(answer.findings)} findings",
            )
        metrics = {"claims": answer.claims, "files": answer.files}
        if answer.findings:
            first = answer.findings[0]
            more = len(answer.findings) - 1
            return Outcome(
                status=Status.FAILED,
                message=f"{_placed(first)}" + (f" (and {more} more)" if more else ""),
                findings=tuple(answer.findings),
                metrics=metrics,
            )
        return Outcome(
            status=Status.PASSED,
            message=f"{answer.claims} claims hold for {answer.files} files",
            metrics=metrics,
        )


def _placed(finding: Finding) -> str:
    place = f"{finding.file}:{finding.line}: " if finding.line else ""
    return f"{place}{finding.message}"
