"""Aligned tables on standard output; what every comparison prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from suites.bench.measure import Measured


def table(title: str, rows: Sequence[tuple[str, ...]], header: tuple[str, ...]) -> None:
    """Print an aligned table."""
    print(f"\n{title}")
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    for row in [header, *rows]:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print("  " + "  ".join(cells))


def processes(title: str, results: Mapping[str, Measured], ours: str) -> None:
    """Print the medians of processes, with the ratio to ours where there is one to compare."""
    base = results[ours].cpu if ours else 0.0
    rows = [
        (
            result.name,
            f"{result.cpu:.3f}",
            f"{base / result.cpu:.2f}" if base and result.cpu else "-",
            f"{result.wall:.3f}",
            f"{result.rss_mib:.0f}",
        )
        for result in results.values()
    ]
    table(title, rows, ("tool", "CPU s", "ours/tool", "wall s", "peak MiB"))
