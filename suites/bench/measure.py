"""Interleaved rounds of whole processes; CPU seconds and peak memory by wait4."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One finished process: CPU seconds (its children's too), wall seconds, peak MiB.

    `until` is wall seconds from its start to the moment its contender names, 0 without one.
    """

    cpu: float
    wall: float
    rss_mib: float
    until: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Contender:
    """One way to do the work. `prepare` runs before each round and is not measured.

    `moment` is asked afterwards when something happened, in seconds since 1970.
    """

    name: str
    argv: Sequence[str]
    cwd: Path
    prepare: Callable[[], None] | None = None
    moment: Callable[[], float] | None = None
    env: Mapping[str, str] | None = None
    expect: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """Medians over the rounds of one contender."""

    name: str
    cpu: float
    wall: float
    rss_mib: float
    until: float = 0.0


class FailedContenderError(Exception):
    """A contender did not do the work, so its time means nothing."""


def run_once(contender: Contender) -> Sample:
    """Run a contender to its end. Raises `FailedContenderError` for a wrong exit code."""
    if contender.prepare:
        contender.prepare()
    began, started = time.monotonic(), time.time()
    process = subprocess.Popen(
        contender.argv,
        cwd=contender.cwd,
        env={**os.environ, **(contender.env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode != contender.expect:
        tail = said.decode("utf-8", "replace")[-800:]
        raise FailedContenderError(f"{contender.name} ended with {process.returncode}:\n{tail}")
    return Sample(
        cpu=usage.ru_utime + usage.ru_stime,
        wall=time.monotonic() - began,
        rss_mib=usage.ru_maxrss / 1024,
        until=contender.moment() - started if contender.moment else 0.0,
    )


def interleave(contenders: Sequence[Contender], rounds: int) -> dict[str, Measured]:
    """Each contender once per round, in turn, so that a drifting machine hits all alike."""
    samples: dict[str, list[Sample]] = {contender.name: [] for contender in contenders}
    for _ in range(rounds):
        for contender in contenders:
            samples[contender.name].append(run_once(contender))
    return {
        name: Measured(
            name=name,
            cpu=statistics.median(sample.cpu for sample in taken),
            wall=statistics.median(sample.wall for sample in taken),
            rss_mib=max(sample.rss_mib for sample in taken),
            until=statistics.median(sample.until for sample in taken),
        )
        for name, taken in samples.items()
    }
