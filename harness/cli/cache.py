"""`cache`: what is kept of earlier results, how sound it is, and less of it."""

from __future__ import annotations

from datetime import UTC, datetime

import click
import msgspec

from harness.cli.reusing import result_cache
from harness.cli.workspace import Workspace
from harness.errors import ExitCode


@click.group(name="cache")
def command() -> None:
    """Look after the cache of passed results (.release-manager/results).

    \b
    Examples:
      release-manager cache stats
      release-manager cache prune --to-mb 50
      release-manager cache verify
    """


@command.command(name="stats")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@click.pass_obj
def stats(root: str | None, /, as_json: bool) -> int:
    """Say how much is kept, and how long ago it was used."""
    cache = result_cache(Workspace.find(root).root)
    found = cache.stats()
    if as_json:
        click.echo(msgspec.json.encode(msgspec.structs.asdict(found)).decode())
    else:
        click.echo(f"{found.entries:,} results, {_mib(found.bytes)} of {_mib(found.limit)}")
        if found.entries:
            click.echo(f"last used between {_day(found.oldest_use)} and {_day(found.newest_use)}")
    return _tell(cache.troubles)


@command.command(name="prune")
@click.option(
    "--to-mb",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Keep this many MiB of what was used last.",
)
@click.pass_obj
def prune(root: str | None, /, to_mb: int) -> int:
    """Remove results, what was used longest ago first."""
    cache = result_cache(Workspace.find(root).root)
    gone = cache.prune(to_mb * 1024 * 1024)
    click.echo(f"{gone:,} results removed, {cache.stats().entries:,} kept")
    return _tell(cache.troubles)


@command.command(name="verify")
@click.pass_obj
def verify(root: str | None, /) -> int:
    """Read every entry and remove those that are damaged; exit 1 when there were any."""
    sound, damaged = result_cache(Workspace.find(root).root).verify()
    click.echo(f"{sound:,} results are sound, {len(damaged):,} problems")
    return _tell(damaged)


def _tell(troubles: list[str]) -> int:
    for text in troubles:
        click.echo(f"warning: {text}", err=True)
    return ExitCode.BLOCKED if troubles else ExitCode.APPROVED


def _mib(size: int) -> str:
    return f"{size / 1024 / 1024:.1f} MiB"


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
