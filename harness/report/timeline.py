"""Who ran when: checks on as few lanes as their times allow, and the longest chain of needs."""

from __future__ import annotations

import heapq
from collections.abc import Iterable

from harness.model.run import CheckResult
from harness.report.shape import Span, Timeline
from harness.report.text import plain


def timeline(results: Iterable[CheckResult]) -> Timeline:
    """The timeline of every check that started and ended; reused and skipped checks have none."""
    timed = [
        (result.start, max(result.start, result.end), result)
        for result in results
        if result.start is not None and result.end is not None and not result.reused_from
    ]
    chain, total = _longest_chain([result for _, _, result in timed])
    if len(chain) < 2:  # one check alone holds nobody up
        chain, total = {}, 0.0
    timed.sort(key=lambda item: (item[0], item[1], item[2].check.id))
    spans: list[Span] = []
    busy: list[tuple[float, int]] = []  # (when it ends, lane): lanes in use
    idle: list[int] = []  # lanes free again, lowest first
    lanes = 0
    for start, end, result in timed:
        while busy and busy[0][0] <= start:
            heapq.heappush(idle, heapq.heappop(busy)[1])
        if idle:
            lane = heapq.heappop(idle)
        else:
            lane, lanes = lanes, lanes + 1
        heapq.heappush(busy, (end, lane))
        spans.append(
            Span(
                check=plain(result.check.id),
                lane=lane,
                start=start,
                end=end,
                status=result.status,
                critical=result.check.id in chain,
            )
        )
    return Timeline(
        lanes=lanes,
        spans=tuple(spans),
        critical=tuple(plain(name) for name in chain),
        critical_seconds=total,
    )


def _longest_chain(results: Iterable[CheckResult]) -> tuple[dict[str, None], float]:
    """The chain of needs with the greatest sum of durations, first to last, and that sum.

    Results stand in the plan's order, which is a topological one.
    """
    reach: dict[str, float] = {}
    before: dict[str, str] = {}
    for result in results:
        name = result.check.id
        previous = max(
            (need for need in result.check.needs if need in reach),
            key=lambda need: (reach[need], need),
            default="",
        )
        if previous:
            before[name] = previous
        reach[name] = reach.get(previous, 0.0) + (result.duration or 0.0)
    if not reach:
        return {}, 0.0
    name = max(reach, key=lambda name: (reach[name], name))
    total, chain = reach[name], [name]
    while name in before:
        name = before[name]
        chain.append(name)
    return dict.fromkeys(reversed(chain)), total
