"""Faults: deliberate defects that checks must catch, and the proof that they do.

The `Entry` types are the format of `fixtures/faults/*.yaml`; a `Proof` is what `prove` writes down.
"""

from __future__ import annotations

import enum
from typing import Annotated

from msgspec import Meta, field

from harness.model.base import Entry, Record
from harness.model.spec import CHECK_PATTERN, Argument, Environment, Id, Position, Saying

RelativePath = Annotated[str, Meta(min_length=1, max_length=1000)]


class Edit(Entry, frozen=True):
    """A change of one file by an anchor: `find` must stand in it exactly once."""

    file: Annotated[RelativePath, Meta(description="File, relative to the project root.")]
    find: Annotated[
        str, Meta(min_length=1, description="Text that must occur exactly once in the file.")
    ]
    replace: Annotated[str, Meta(description="What stands there instead; may be empty.")]


class ServiceChange(Entry, frozen=True):
    """A service started differently: environment and arguments on top of its own."""

    env: Annotated[Environment, Meta(description="Environment on top of the service's.")] = {}
    arguments: Annotated[
        list[Argument], Meta(description="Arguments after the service's own.")
    ] = []


class Expectation(Entry, frozen=True):
    """The failure that must be seen: in which check, and by which test or message."""

    check: Annotated[
        str,
        Meta(pattern=CHECK_PATTERN, max_length=400, description="Check that must fail, phase/id."),
    ]
    test: Annotated[
        str, Meta(description="Glob over test ids; one that matches must be among the failures.")
    ] = ""
    message: Annotated[
        str,
        Meta(
            description="Regular expression, searched in the messages, findings and output of the"
            " check (of that test, when `test` is given)."
        ),
    ] = ""


class Fault(Entry, frozen=True):
    """One way to break the product, and the failure that must follow.

    It breaks by any of `edits`, `patch`, `env` and `services`; at least one of them.
    """

    id: Annotated[Id, Meta(description="Stable name, as `must-catch` writes it.")]
    title: Annotated[Saying, Meta(description="The defect, in words a reviewer would use.")]
    expect: Annotated[
        list[Expectation],
        Meta(min_length=1, description="One for each check whose `must-catch` names this fault."),
    ]
    about: Annotated[str, Meta(description="How people come to make this mistake.")] = ""
    edits: Annotated[list[Edit], Meta(description="Changes of files by anchor.")] = []
    patch: Annotated[
        str, Meta(description="Unified diff, paths relative to the project root with a/ and b/.")
    ] = ""
    env: Annotated[Environment, Meta(description="Environment of the checks that must fail.")] = {}
    services: Annotated[
        dict[Id, ServiceChange], Meta(description="Services started differently.")
    ] = {}
    if_: Annotated[
        str, Meta(description="Expression that must hold for the fault to make sense here.")
    ] = field(default="", name="if")


class Faults(Entry, frozen=True):
    """`fixtures/faults/*.yaml`: deliberate defects, each known to be caught."""

    schema: Annotated[int, Meta(ge=1, le=1, description="Version of this format.")]
    faults: Annotated[list[Fault], Meta(min_length=1, description="The faults.")]
    share: Annotated[
        list[RelativePath],
        Meta(
            description="Build folders that are not in git: each is copied into the scratch tree"
            " once and kept there, so that a fault costs a rebuild of what it touches."
        ),
    ] = []
    link: Annotated[
        list[RelativePath],
        Meta(description="Folders that are only read, such as a virtual environment: linked."),
    ] = []
    env: Annotated[
        Environment,
        Meta(
            description="Environment of all that runs in the scratch tree. Faults are in sources,"
            " so builds there may do without what only makes them slow, such as optimisation."
        ),
    ] = {}


class LoadedFault(Record, frozen=True):
    """A fault and where it stands."""

    fault: Fault
    position: Position


class Catch(enum.StrEnum):
    """What became of a fault: seen for the expected reason, not seen, or neither is certain."""

    CAUGHT = "caught"
    SURVIVED = "survived"
    INCONCLUSIVE = "inconclusive"


class Proof(Record, frozen=True):
    """What one check made of one fault.

    `at` is ISO 8601 in UTC; `commit` and `changes` name the sources it was proven on; `key` is the
    digest of everything the proof depends on. `current` is false when that has changed since.
    `output` is what the check said, bounded.
    """

    check: str
    fault: str
    title: str
    catch: Catch
    reason: str
    at: str
    key: str
    commit: str = ""
    changes: str = ""
    seconds: float = 0.0
    output: str = ""
    current: bool = True
