"""Runs real children under a real supervisor, for tests."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from harness.system.child import Child, Ended, Launch
from harness.system.loop import Loop
from harness.system.process import Supervisor
from harness.system.redact import Redactor


class Nursery:
    """One supervisor; `run` starts children together and gives their ends in the same order."""

    def __init__(self, folder: Path, environ: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.loop = Loop()
        environ = dict(os.environ) if environ is None else environ
        self.supervisor = Supervisor(self.loop, environ=environ, redactor=Redactor(environ))
        self._count = 0

    def launch(self, argv: Sequence[str], **more: object) -> Launch:
        self._count += 1
        defaults = {
            "name": f"child {self._count}",
            "argv": tuple(argv),
            "cwd": str(self.folder),
            "output_file": self.folder / f"child-{self._count}" / "output.log",
        }
        return Launch(**(defaults | more))  # type: ignore[arg-type]

    def start(self, argv: Sequence[str], ends: list[Ended], **more: object) -> Child:
        return self.supervisor.start(self.launch(argv, **more), ends.append)

    def wait(self) -> None:
        while self.supervisor.busy:
            self.loop.run_once(10)

    def run(
        self,
        *argvs: Sequence[str],
        while_running: Callable[[Child], None] | None = None,
        **more: object,
    ) -> list[Ended]:
        ended: dict[int, Ended] = {}
        for number, argv in enumerate(argvs):
            child = self.supervisor.start(
                self.launch(argv, **more), lambda end, number=number: ended.update({number: end})
            )
            if while_running is not None:
                self.loop.after(0.2, lambda child=child: while_running(child))
        self.wait()
        return [ended[number] for number in range(len(argvs))]

    def close(self) -> None:
        self.supervisor.close()
        self.loop.close()


def children_of_this_process() -> list[int]:
    text = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    return [int(pid) for pid in text.split()]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False
