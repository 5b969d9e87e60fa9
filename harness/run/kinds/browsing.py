"""Options that the kinds `axe` and `lighthouse` share: who is signed in, and steps on a page."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from harness.errors import CheckSetupError
from harness.model.base import Entry
from harness.model.spec import ID_PATTERN

Selector = Annotated[str, Meta(min_length=1, max_length=500)]
Path = Annotated[
    str, Meta(pattern="^/", description="Path of the page, with its query and fragment.")
]
_ACTIONS = ("click", "fill", "select", "press", "wait_for", "wait_gone")


class Step(Entry, frozen=True):
    """One thing a person does on a page; exactly one of its actions.

    Selectors are Playwright's (`role=button[name="Save"]`, `text=Saved`, CSS); `label=E-mail` is
    the form field of that label.
    """

    click: Annotated[str, Meta(description="What to click.")] = ""
    fill: Annotated[str, Meta(description="Field to fill with `value` or `value-from`.")] = ""
    select: Annotated[str, Meta(description="List to choose `value` from.")] = ""
    press: Annotated[str, Meta(description="Key to press, such as `Tab` or `Control+K`.")] = ""
    wait_for: Annotated[str, Meta(description="What must become visible.")] = ""
    wait_gone: Annotated[str, Meta(description="What must no longer be visible.")] = ""
    value: Annotated[str, Meta(description="What is typed or chosen; never a secret.")] = ""
    value_from: Annotated[
        str, Meta(description="Variable of the environment that holds what is typed: a secret.")
    ] = ""


class Session(Entry, frozen=True):
    """How somebody signs in; what that leaves in the browser is what their pages find."""

    steps: Annotated[list[Step], Meta(min_length=1, description="What they do there.")]
    path: Annotated[Path, Meta(description="Page where they begin.")] = "/"


Sessions = dict[Annotated[str, Meta(pattern=ID_PATTERN)], Session]


def see_steps(steps: list[Step], where: str) -> None:
    """Raise `CheckSetupError` for a step that does nothing, or two things."""
    for number, step in enumerate(steps, start=1):
        if sum(1 for action in _ACTIONS if getattr(step, action)) != 1:
            raise CheckSetupError(
                f"step {number} of {where} has none or several of {', '.join(_ACTIONS)}",
                next_step="give each step one action",
            )


def see_sessions(sessions: Sessions, used: set[str]) -> None:
    """Raise `CheckSetupError` for a session that nobody described."""
    for name in sorted(used - sessions.keys() - {""}):
        there = ", ".join(sorted(sessions)) or "none"
        raise CheckSetupError(
            f"no session is called {name!r}",
            next_step=f"describe it in `sessions`; there are {there}",
        )
    for name, session in sessions.items():
        see_steps(session.steps, f"session {name!r}")
