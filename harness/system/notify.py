"""Being told that something in some folders changed, by the system's own means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.errors import HostError

_QUIET_MS = 120
"""A burst of changes (a save, a checkout) is over when nothing followed for so long."""
_LONGEST_BURST_MS = 2_000
_FIRST_LOOK_MS = 300


def changes_in(folders: Sequence[str]) -> Iterator[frozenset[str]]:
    """The paths of what was touched in these folders, not below them, burst by burst.

    What comes first may be empty: from then on nothing is missed, so look once more for what
    happened before. Ends when one of the folders is gone. Raises `HostError` when the system cannot
    watch so much, `KeyboardInterrupt` for Ctrl-C.
    """
    from watchfiles import watch

    try:
        for number, burst in enumerate(
            watch(
                *folders,
                watch_filter=None,
                debounce=_LONGEST_BURST_MS,
                step=_QUIET_MS,
                rust_timeout=_FIRST_LOOK_MS,
                yield_on_timeout=True,
                recursive=False,
                ignore_permission_denied=True,
            )
        ):
            if burst or number == 0:
                yield frozenset(path for _, path in burst)
    except FileNotFoundError:
        return
    except (OSError, RuntimeError) as error:
        raise HostError(
            f"{len(folders):,} folders cannot be watched ({error})",
            next_step="allow more watches (on Linux: sysctl fs.inotify.max_user_watches), have git"
            " ignore what tools make, or set WATCHFILES_FORCE_POLLING=true",
        ) from error
