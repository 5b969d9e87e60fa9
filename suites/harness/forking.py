"""The real command line in processes of its own that start at once: forked, with all imported.

For tests that start and kill it many times: each start costs what the command does, not what
Python takes to read its modules.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from pathlib import Path

from suites.harness.projects import Project

_PRELOADED = [
    "__main__",  # else each process would read the test runner's own modules again
    "harness.cli.display",
    "harness.cli.replay",
    "harness.cli.report",
    "harness.cli.resume",
    "harness.cli.reusing",
    "harness.cli.summary",
    "harness.cli.verify",
    "harness.compare",
    "harness.load",
    "harness.plan.release",
    "harness.record.cache",
    "harness.record.folder",
    "harness.record.history",
    "harness.record.journal",
    "harness.run.dispatch",
    "harness.run.kinds.registry",
    "harness.run.kinds.command",
    "harness.system.probe",
    "jinja2",
    "suites.harness.forking",
]


class Forked:
    """A running `release-manager`; what it says goes to a file."""

    def __init__(self, project: Project, *arguments: str) -> None:
        """Start it in the project's folder, with a person's environment."""
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(_PRELOADED)
        self.said = project.root / "said.txt"
        self._process = context.Process(
            target=_command_line,
            args=(project.argv(*arguments)[3:], str(project.root), project.environ(), self.said),
        )
        self._process.start()

    @property
    def pid(self) -> int:
        """Its process id, which is the parent's of every check it runs."""
        pid = self._process.pid
        assert pid is not None
        return pid

    @property
    def is_over(self) -> bool:
        """Whether it came to its end, or was killed."""
        return not self._process.is_alive()

    def kill(self) -> bool:
        """End it with SIGKILL, nothing else of its group; False when it was over already."""
        self._process.kill()
        return self.wait() == -9

    def wait(self) -> int:
        """Its exit code; minus the signal's number when a signal ended it."""
        self._process.join(90)
        code = self._process.exitcode
        assert code is not None, f"it does not end: {self.said.read_text('utf-8')}"
        self._process.close()
        return code


def _command_line(arguments: list[str], root: str, environ: dict[str, str], said: Path) -> None:
    os.chdir(root)
    os.environ.clear()
    os.environ.update(environ)
    file = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, target in ((nothing, 0), (file, 1), (file, 2)):
        os.dup2(number, target)
    sys.argv = ["release-manager", *arguments]
    from harness.cli.app import run

    sys.exit(run(arguments))
