"""The kinds of load, each one window at a time, with the CPU that its contender used for it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from suites.bench.gateway.doors import Door
from suites.bench.gateway.figures import Window, summed_up
from suites.bench.gateway.tools import HERE
from suites.bench.measure import FailedContenderError

SECONDS = 120.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Loads:
    """What drives load: the compiled client, and where requests are written for it."""

    client: str
    folder: Path

    def closed(self, door: Door, connections: int, seconds: int) -> Window:
        """Asks again as soon as answered, with wrk."""
        request = self._written(door, None)
        argv = [
            "wrk",
            "-t1",
            f"-c{connections}",
            f"-d{seconds}s",
            "--timeout=30s",
            f"-s{HERE / 'chat.lua'}",
        ]
        argv += [f"http://127.0.0.1:{door.port}"]
        before = door.program.cpu_us()
        said = _run(door, argv, {"BENCH_REQUEST": str(request)})
        used = door.program.cpu_us() - before
        found = json.loads(said.splitlines()[-1])
        if found["failed"] or not found["requests"]:
            raise FailedContenderError(f"{door.name} failed requests of wrk:\n{said}")
        return Window(
            answers=found["requests"],
            p50=found["p50"],
            p99=found["p99"],
            cpu_us=used / found["requests"],
            per_second=found["requests"] / (found["us"] / 1e6),
        )

    def paced(self, door: Door, rate: int, count: int) -> Window:
        """Asks `rate` times a second whatever happens: each time counts from when it was due."""
        answers, cpu = self._timed(door, None, 64, count, rate)
        return summed_up(answers, cpu)

    def streamed(self, door: Door, stream: str, connections: int, count: int) -> Window:
        """Reads streams to their end, each connection the next as soon as one has ended."""
        answers, cpu = self._timed(door, stream, connections, count, 0)
        return summed_up(answers, cpu)

    def _timed(
        self, door: Door, stream: str | None, connections: int, count: int, rate: int
    ) -> tuple[Sequence[tuple[float, float]], float]:
        request = self._written(door, stream)
        before = door.program.cpu_us()
        argv = [self.client, door.port, request, connections, count, rate]
        said = _run(door, [str(part) for part in argv], {})
        used = door.program.cpu_us() - before
        answers = [
            (float(first), float(total)) for first, total in map(str.split, said.splitlines())
        ]
        if len(answers) != count:
            raise FailedContenderError(f"{door.name} answered {len(answers)} of {count}")
        return answers, used

    def _written(self, door: Door, stream: str | None) -> Path:
        name = f"{door.name.replace(' ', '-')}-{stream or 'whole'}"
        file = self.folder / name
        file.touch(mode=0o600)
        file.write_bytes(door.request(stream=stream))
        return file


def _run(door: Door, argv: Sequence[str], env: dict[str, str]) -> str:
    done = subprocess.run(
        argv, env={**os.environ, **env}, capture_output=True, text=True, timeout=SECONDS
    )
    if done.returncode:
        door.program.check()
        said = f"{done.stderr}\n{door.program.tail()}"
        raise FailedContenderError(f"{door.name}: {Path(argv[0]).name} gave up: {said}")
    return done.stdout
