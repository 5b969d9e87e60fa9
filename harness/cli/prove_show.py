"""How `prove` tells what it does and what came of it: progress, the matrix, the exit code."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
import time
from collections.abc import Iterable, Sequence
from typing import Any

import click
import msgspec

from harness.cli.display import clock_text
from harness.errors import ExitCode
from harness.model.event import CheckFinished
from harness.model.fault import Catch, Proof

_MARKS = {Catch.CAUGHT: "✓", Catch.SURVIVED: "✗", Catch.INCONCLUSIVE: "?"}
_COLOURS = {Catch.CAUGHT: "green", Catch.SURVIVED: "red", Catch.INCONCLUSIVE: "yellow"}
_TAIL_LINES = 30


class Show:
    """Progress on standard error, the result on standard output."""

    def __init__(self, *, as_json: bool, plain: bool) -> None:
        """Begin now; live when somebody watches a terminal."""
        self._json = as_json
        self._zero = time.monotonic()
        self._status: Any = None
        if not plain and sys.stderr.isatty() and not os.environ.get("CI"):
            from rich.console import Console

            self._status = Console(stderr=True).status("")
            self._status.start()

    def begins(self, what: str) -> None:
        """What goes on now, for whoever watches."""
        if self._status is not None:
            from rich.text import Text

            self._status.update(Text(f"{clock_text(time.monotonic() - self._zero)}  {what}"))

    def ended(self, event: CheckFinished) -> None:
        """A check of the control run ended, which may take minutes."""
        took = clock_text(event.at - event.started)
        self.line(f"{event.outcome.status.value:>12}  {event.check}  without a fault, in {took}")

    def line(self, text: str) -> None:
        """A line for a person, also in a log."""
        click.echo(f"[{clock_text(time.monotonic() - self._zero)}] {text}", err=True)

    def proof(self, proof: Proof, *, reused: bool = False) -> None:
        """One proof, new or known."""
        if self._json:
            click.echo(msgspec.json.encode(proof))
        word = click.style(f"{proof.catch.value:>12}", fg=_COLOURS[proof.catch])
        when = f", proven {proof.at}" if reused else ""
        self.line(f"{word}  {proof.check} x {proof.fault}  ({proof.reason}{when})")

    def close(self) -> None:
        """Give the terminal back."""
        if self._status is not None:
            self._status.stop()

    def end(self, proofs: Sequence[Proof], asked: int, interrupted: bool) -> int:
        """Matrix, output of what was not caught, and the exit code."""
        if not self._json:
            width = min(shutil.get_terminal_size((100, 24)).columns, 120)
            for line in matrix(proofs, width):
                click.echo(line)
            for proof in proofs:
                if proof.catch is not Catch.CAUGHT:
                    click.echo(f"\n{proof.catch.value}: {proof.check} x {proof.fault}")
                    click.echo(f"  {proof.title}\n  {proof.reason}")
                    for line in proof.output.rstrip().splitlines()[-_TAIL_LINES:]:
                        click.echo(f"  | {line}")
        counts = {word: sum(one.catch is word for one in proofs) for word in _MARKS}
        total = ", ".join(f"{count} {word}" for word, count in counts.items())
        rest = f", {asked - len(proofs)} not tried" if asked > len(proofs) else ""
        click.echo(f"\n{asked} to prove: {total}{rest}", err=self._json)
        return exit_code(counts, interrupted=interrupted, tried=not rest)


def exit_code(counts: dict[Catch, int], *, interrupted: bool, tried: bool) -> ExitCode:
    """What the command ends with; a survivor weighs more than what nobody knows."""
    if interrupted:
        return ExitCode.INTERRUPTED
    if counts[Catch.SURVIVED]:
        return ExitCode.BLOCKED
    return ExitCode.APPROVED if tried and not counts[Catch.INCONCLUSIVE] else ExitCode.INCOMPLETE


def matrix(proofs: Iterable[Proof], width: int = 100) -> list[str]:
    """Every check with its faults by what became of them; each line can be read by itself."""
    by_check: dict[str, dict[Catch, list[str]]] = {}
    for proof in proofs:
        by_check.setdefault(proof.check, {}).setdefault(proof.catch, []).append(proof.fault)
    lines: list[str] = []
    for check in sorted(by_check):
        lines += ["", check]
        for word, mark in _MARKS.items():
            if faults := sorted(by_check[check].get(word, ())):
                begin = f"  {mark} {word.value:<12}  "
                lines += textwrap.wrap(
                    ", ".join(faults), width, initial_indent=begin,
                    subsequent_indent=" " * len(begin), break_on_hyphens=False,
                )  # fmt: skip
    return lines
