"""One run: every contender under every kind of load, in windows that take turns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from suites.bench.gateway import doors, tools
from suites.bench.gateway import peers as others
from suites.bench.gateway.doors import Door
from suites.bench.gateway.loads import Loads
from suites.bench.gateway.sections import Bench, Section


def measured(folder: Path, rounds: int, *, peers: bool) -> Iterator[Section]:
    """Measures, yielding each table as soon as it is known.

    Raises `FailedContenderError` for an answer that is missing, wrong, cut short or not metered.
    """
    tools.install()
    programs = folder / "programs"
    loads = Loads(client=tools.compiled("load", programs), folder=programs)
    upstream = tools.compiled("upstream", programs)
    with ExitStack() as stack:
        contenders, judged = _contenders(stack, upstream, folder, peers=peers)
        bench = Bench(loads=loads, doors=contenders, judged=judged.name)
        bench.warm_up()
        yield bench.whole(rounds * 2)
        yield bench.paced(rounds)
        yield bench.short_streams(rounds)
        last = bench.many_streams()
        for door in contenders:
            if door.account:
                counted = door.account.check(bench.answered[door.name])
                last.notes.append(f"{door.name}: {counted}")
        if not peers:
            last.notes.append("LiteLLM and Portkey were not asked for; `make bench-peers` is")
        yield last


def _contenders(
    stack: ExitStack, upstream: str, folder: Path, *, peers: bool
) -> tuple[list[Door], Door]:
    """All of them, and the one that the bars are for: the strictest of ours."""
    direct = stack.enter_context(doors.direct(upstream, folder / "direct"))
    nginx = stack.enter_context(doors.nginx(direct.port, folder / "nginx"))
    ours = [
        stack.enter_context(doors.ours(direct.port, folder / name, accounts=accounts))
        for name, accounts in (("off", False), ("required", True))
    ]
    theirs = others.all_of_them(stack, direct.port, folder) if peers else []
    return [direct, nginx, *ours, *theirs], ours[-1]
