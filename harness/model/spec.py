"""What phase, service and policy files say, after validation.

These types are the file format: `load/` validates YAML against them and derives the JSON Schema
of `phases/schema/` from them. A field's description is what an editor shows.
"""

from __future__ import annotations

import enum
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType, field

from harness.model.base import Entry, Record

ID_PATTERN = r"^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$"
CAPABILITY_PATTERN = r"^[a-z0-9]([a-z0-9._+-]*[a-z0-9+])?$"
CHECK_PATTERN = r"^[a-z0-9][a-z0-9._-]*/[a-z0-9][a-z0-9._-]*(\[.+\])?$"
DATE_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
SAYING_PATTERN = r"\S"

Id = Annotated[str, Meta(pattern=ID_PATTERN, max_length=80)]
Text = Annotated[str, Meta(min_length=1, max_length=2000)]
Saying = Annotated[str, Meta(min_length=1, max_length=2000, pattern=SAYING_PATTERN)]
Date = Annotated[str, Meta(pattern=DATE_PATTERN)]
Argument = Annotated[str, Meta(max_length=32_768)]
Environment = dict[Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")], str]
Scalar = str | int | float | bool
SCHEMA_VERSION = 1


class Resources(Entry, frozen=True):
    """How much of the machine a check holds while it runs; bounds what runs beside it."""

    cpu: Annotated[float, Meta(gt=0, le=1024, description="Processor cores held.")] = 1
    memory_mb: Annotated[int, Meta(ge=0, description="Memory held, in MiB.")] = 0
    browser: Annotated[int, Meta(ge=0, description="Browser slots held.")] = 0
    gpu: Annotated[int, Meta(ge=0, description="GPU slots held.")] = 0


class Strategy(Entry, frozen=True):
    """One check instance for each combination of the matrix."""

    matrix: Annotated[
        dict[Id, Annotated[list[Scalar], Meta(min_length=1)]],
        Meta(min_length=1, description="Axis name to its values; used as ${{ matrix.AXIS }}."),
    ]
    exclude: Annotated[
        list[dict[str, Scalar]], Meta(description="Combinations to leave out; a subset matches.")
    ] = []


class Alternative(Entry, frozen=True):
    """One way to answer a check's question; the first whose needs the host meets is used."""

    title: Annotated[Text, Meta(description="What this alternative is, as the report names it.")]
    uses: Annotated[str, Meta(description="The kind that runs it.")]
    with_: Annotated[dict[str, Any], Meta(description="The kind's options.")] = field(
        default_factory=dict, name="with"
    )
    if_: Annotated[str, Meta(description="Expression that must hold.")] = field(
        default="", name="if"
    )
    requires: Annotated[list[str], Meta(description="Capabilities the host must have.")] = []
    env: Annotated[Environment, Meta(description="Environment on top of the check's own.")] = {}


class Check(Entry, frozen=True):
    """One node of the plan: a question with exactly one status as its answer."""

    id: Annotated[Id, Meta(description="Stable name, unique within the phase.")]
    title: Annotated[Text, Meta(description="The claim that a pass proves.")]
    about: Annotated[str, Meta(description="Why the check exists; Markdown is not rendered.")] = ""
    uses: Annotated[str, Meta(description="The kind that runs the check.")] | UnsetType = UNSET
    with_: Annotated[dict[str, Any], Meta(description="The kind's options.")] = field(
        default_factory=dict, name="with"
    )
    any_of: (
        Annotated[
            list[Alternative],
            Meta(
                min_length=1, description="Alternatives in order of preference, instead of `uses`."
            ),
        ]
        | UnsetType
    ) = UNSET
    needs: Annotated[
        list[str],
        Meta(description="Checks that must pass first: `id` here, `phase/id`, or a whole `phase`."),
    ] = []
    if_: Annotated[
        str, Meta(description="Expression over capabilities, platform, flags and event.")
    ] = field(default="", name="if")
    requires: Annotated[list[str], Meta(description="Capabilities the host must have.")] = []
    resources: Annotated[Resources, Meta(description="What the check holds while it runs.")] = (
        Resources()
    )
    timeout_minutes: Annotated[
        float, Meta(gt=0, le=1440, description="Deadline, in minutes; then INT, TERM, KILL.")
    ] = 10
    services: Annotated[list[str], Meta(description="Services that must be ready.")] = []
    inputs: Annotated[
        list[str],
        Meta(description="Globs of the files, and $NAMES of the variables, the result depends on."),
    ] = []
    env: Annotated[Environment, Meta(description="Environment of the check.")] = {}
    strategy: Annotated[Strategy, Meta(description="Runs the check once per combination.")] | (
        UnsetType
    ) = UNSET
    tags: Annotated[list[Id], Meta(description="Labels to select by: `--tag`.")] = []
    continue_on_error: Annotated[
        bool,
        Meta(
            description="A failure here is shown and weighed by the policy rule `advisory-failed`,"
            " and dependents still run."
        ),
    ] = False
    must_catch: Annotated[list[Id], Meta(description="Faults this check is proven to catch.")] = []


class Phase(Entry, frozen=True):
    """One YAML file: one question about the release, answered by its checks."""

    schema: Annotated[Literal[1], Meta(description="Version of this format.")]
    phase: Annotated[Id, Meta(description="Stable name of the phase.")]
    title: Annotated[Text, Meta(description="Name shown in reports.")]
    about: Annotated[Text, Meta(description="The one question this phase answers.")]
    checks: Annotated[list[Check], Meta(min_length=1, description="The checks.")]
    needs: Annotated[
        list[str], Meta(description="Phases or `phase/check` that must pass first.")
    ] = []
    env: Annotated[Environment, Meta(description="Environment of every check here.")] = {}
    tags: Annotated[list[Id], Meta(description="Labels of every check here.")] = []


class Readiness(Entry, frozen=True):
    """How to know that a service is ready: exactly one of `http`, `tcp`, `log`, `file`."""

    http: Annotated[str, Meta(description="Path answering 2xx, as PORT-NAME/path or /path.")] = ""
    tcp: Annotated[str, Meta(description="Port name that accepts a connection.")] = ""
    log: Annotated[str, Meta(description="Regular expression found in the service's output.")] = ""
    file: Annotated[str, Meta(description="File that exists, relative to its work folder.")] = ""
    timeout_seconds: Annotated[float, Meta(gt=0, le=3600, description="Then it has failed.")] = 30


class Service(Entry, frozen=True):
    """A process that checks need alive; started on free ports, always torn down."""

    title: Annotated[Text, Meta(description="Name shown in reports.")]
    run: Annotated[list[Argument], Meta(min_length=1, description="Program and arguments.")]
    ready: Annotated[Readiness, Meta(description="How to know that it serves.")]
    ports: Annotated[
        list[Id], Meta(description="Free ports to allocate; ${{ services.NAME.ports.PORT }}.")
    ] = []
    env: Annotated[Environment, Meta(description="Environment of the service.")] = {}
    cwd: Annotated[str, Meta(description="Working folder, relative to the project root.")] = "."
    requires: Annotated[list[str], Meta(description="Capabilities the host must have.")] = []
    needs: Annotated[list[str], Meta(description="Services that must be ready before.")] = []
    stop_seconds: Annotated[
        float, Meta(gt=0, le=600, description="Grace between TERM and KILL, in seconds.")
    ] = 5


class Services(Entry, frozen=True):
    """`services.yaml`: every service that checks can ask for."""

    schema: Annotated[Literal[1], Meta(description="Version of this format.")]
    services: Annotated[
        dict[Id, Service], Meta(min_length=1, description="Service name to service.")
    ]


class Effect(enum.StrEnum):
    """What a condition does to the verdict, weakest first."""

    IGNORE = "ignore"
    WARN = "warn"
    INCOMPLETE = "incomplete"
    BLOCK = "block"


class Condition(enum.StrEnum):
    """What can be true of a check or a run that a policy has an opinion on."""

    FAILED = "failed"
    FLAKY = "flaky"
    ERRORED = "errored"
    PRECLUDED = "precluded"
    NOT_APPLICABLE = "not-applicable"
    CAPABILITY_MISSING = "capability-missing"
    DESELECTED = "deselected"
    ADVISORY_FAILED = "advisory-failed"
    LEAKED = "leaked"
    REUSED = "reused"
    WAIVED = "waived"
    QUARANTINED = "quarantined"
    UNPROVEN = "unproven"
    SURVIVED = "survived"


class Profile(Entry, frozen=True):
    """One way to judge a run, for example of a change or of a release."""

    about: Annotated[Text, Meta(description="Who judges with this profile, and what it demands.")]
    rules: Annotated[
        dict[Condition, Effect],
        Meta(
            min_length=1,
            description="Condition to effect; what is left out takes its strictest effect.",
        ),
    ]


class Policy(Entry, frozen=True):
    """`policy.yaml`: how results become a verdict."""

    schema: Annotated[Literal[1], Meta(description="Version of this format.")]
    default: Annotated[Id, Meta(description="Profile used when none is named.")]
    profiles: Annotated[
        dict[Id, Profile], Meta(min_length=1, description="Profile name to profile.")
    ]
    project: Annotated[str, Meta(description="Name of what is judged, as reports show it.")] = ""


class DeclaredVersion(Entry, frozen=True):
    """A place in the sources that states the version: a file, and how to find it there."""

    name: Annotated[Text, Meta(description="What states it, as reports name it.")]
    file: Annotated[str, Meta(description="File, relative to the project root.")] = ""
    toml: Annotated[str, Meta(description="Dotted key of a TOML file.")] = ""
    json: Annotated[str, Meta(description="Dotted key of a JSON file; an empty key is `..`.")] = ""
    regex: Annotated[
        str, Meta(description="Pattern with one group; the first match in the file counts.")
    ] = ""
    cargo_lock: Annotated[
        bool, Meta(description="A Cargo.lock: every package of the workspace itself.")
    ] = False
    git_tag: Annotated[
        str, Meta(description="Tag that HEAD may carry, with {version}; no tag is no statement.")
    ] = ""


class ObservedVersion(Entry, frozen=True):
    """A built thing that is asked for its version: a program, a library, a running service."""

    name: Annotated[Text, Meta(description="What is asked, as reports name it.")]
    run: Annotated[list[Argument], Meta(description="Program and arguments.")] = []
    env: Annotated[Environment, Meta(description="Environment of the program.")] = {}
    library: Annotated[str, Meta(description="Shared library, relative to the root.")] = ""
    symbol: Annotated[str, Meta(description="Function of it: no arguments, a C string back.")] = ""
    service: Annotated[str, Meta(description="Running service to ask over HTTP.")] = ""
    path: Annotated[str, Meta(description="Path to ask the service for.")] = ""
    json: Annotated[str, Meta(description="Dotted key of the JSON answer.")] = ""
    regex: Annotated[str, Meta(description="Pattern with one group, searched in the answer.")] = ""
    build: Annotated[str, Meta(description="Command that builds it, for the error text.")] = ""


class Versions(Entry, frozen=True):
    """`versions.yaml`: the one source of the version and everything that must say the same."""

    schema: Annotated[Literal[1], Meta(description="Version of this format.")]
    source: Annotated[Text, Meta(description="File that holds the version and nothing else.")]
    declared: Annotated[
        list[DeclaredVersion], Meta(min_length=1, description="Places in the sources.")
    ]
    observed: Annotated[list[ObservedVersion], Meta(description="Built things to ask.")] = []


Scope = Literal["all"] | Annotated[list[Id], Meta(min_length=1)]


class Waiver(Entry, frozen=True):
    """One person's word that a check may fail, for a reason and until a day."""

    check: Annotated[
        str,
        Meta(
            pattern=CHECK_PATTERN,
            max_length=400,
            description="One check, `phase/check`, or one instance of its matrix,"
            " `phase/check[value]`; never a wildcard.",
        ),
    ]
    reason: Annotated[Saying, Meta(description="Why the failure may be borne.")]
    owner: Annotated[Saying, Meta(description="The person who answers for it.")]
    issue: Annotated[Saying, Meta(description="Where the mending is tracked: an id or address.")]
    created: Annotated[Date, Meta(description="Day it was given, as 2026-01-31.")]
    expires: Annotated[Date, Meta(description="Last day it counts, as 2026-01-31.")]
    scope: Annotated[
        Scope,
        Meta(description="`all`, or a list of the policy's profiles; elsewhere it is not there."),
    ]
    test: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=1000,
            pattern=SAYING_PATTERN,
            description="Only these tests of the check: a glob over their ids, in which `*` and `?`"
            " are wildcards and brackets stand for themselves. Without it the check as a whole.",
        ),
    ] = ""


class Waivers(Entry, frozen=True):
    """`waivers.yaml`: what may fail, who answers for it, and until when."""

    schema: Annotated[Literal[1], Meta(description="Version of this format.")]
    waivers: Annotated[
        list[Waiver], Meta(description="Checks, or tests, whose failure is borne for a while.")
    ] = []
    quarantine: Annotated[
        list[Waiver],
        Meta(description="Checks, or tests, that cannot be relied on yet; they still run."),
    ] = []
    quarantine_limit: Annotated[
        int, Meta(ge=0, description="How many entries quarantine may have; more is an error.")
    ] = 5
    quarantine_release_after: Annotated[
        int,
        Meta(
            ge=1,
            le=1000,
            description="Clean passes in a row, since `created`, after which a quarantine lifts"
            " nothing any more.",
        ),
    ] = 10


class Position(Record, frozen=True):
    """A place in a file people wrote; `line` and `column` count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"
