"""What `init` writes: from the files a repository has to phases that run. Pure."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from harness.model.base import Record

_MAKE_TARGET = re.compile(r"^([A-Za-z0-9][A-Za-z0-9_.-]*)\s*:(?!=)", re.MULTILINE)
_PLACEHOLDER_TEST = "no test specified"

MANIFESTS = ("Cargo.toml", "package.json", "pyproject.toml", "CMakeLists.txt", "Makefile")


class Sketch(Record, frozen=True):
    """One check to be written: what it claims and how it is answered."""

    id: str
    title: str
    uses: str
    options: dict[str, Any]
    needs: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()


class Place(Record, frozen=True):
    """One place that states the version, to be written into versions.yaml."""

    name: str
    file: str
    how: dict[str, str | bool]


class Scaffold(Record, frozen=True):
    """Everything `init` will write, by path relative to the root, and what it found."""

    files: dict[str, str]
    found: tuple[str, ...]


def scaffold(manifests: Mapping[str, str], *, project: str) -> Scaffold:
    """The definition files for a repository, from the text of its manifests by relative path.

    A repository without any known manifest still gets one check that runs and passes, so that there
    is something to change.
    """
    checks: list[Sketch] = []
    places: list[Place] = []
    for path in sorted(manifests, key=lambda name: (name.count("/"), name)):
        folder, _, name = path.rpartition("/")
        sketch = _SKETCHERS.get(name)
        if sketch is None:
            continue
        new_checks, new_places = sketch(manifests[path], folder)
        checks.extend(new_checks)
        places.extend(new_places)
    if not checks:
        checks.append(
            Sketch(
                id="readme",
                title="The repository says what it is",
                uses="files",
                options={"must-exist": ["README*"]},
            )
        )
    files = {
        "phases/build-and-test.yaml": _phase_text(checks),
        "phases/policy.yaml": _policy(project),
    }
    version = _source_version(manifests, places)
    if version:
        files["phases/versions.yaml"] = _versions_text(places)
        if "VERSION" not in manifests:
            files["VERSION"] = version + "\n"
    return Scaffold(files=files, found=tuple(sorted(manifests)))


def _suffix(folder: str) -> str:
    return "-" + re.sub(r"[^a-z0-9]+", "-", folder.lower()).strip("-") if folder else ""


def _at(folder: str) -> dict[str, str]:
    return {"cwd": folder} if folder else {}


def _inside(folder: str, *globs: str) -> tuple[str, ...]:
    return tuple(f"{folder}/{glob}" if folder else glob for glob in globs)


def _cargo(text: str, folder: str) -> tuple[list[Sketch], list[Place]]:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        data = {}
    tail = _suffix(folder)
    inputs = _inside(folder, "**/*.rs", "**/Cargo.toml", "Cargo.lock")
    checks = [
        Sketch(
            id=f"cargo-build{tail}",
            title="cargo build succeeds without a warning",
            uses="build",
            options={"run": ["cargo", "build", "--all-targets"], **_at(folder)},
            requires=("cargo",),
            inputs=inputs,
        ),
        Sketch(
            id=f"cargo-test{tail}",
            title="Rust tests pass",
            uses="cargo-test",
            options=_at(folder),
            needs=(f"cargo-build{tail}",),
            requires=("cargo",),
            inputs=inputs,
        ),
    ]
    file = f"{folder}/Cargo.toml" if folder else "Cargo.toml"
    for key in ("package.version", "workspace.package.version"):
        if isinstance(_get(data, key), str):
            return checks, [Place(name=f"Cargo{tail}", file=file, how={"toml": key})]
    return checks, []


def _node(text: str, folder: str) -> tuple[list[Sketch], list[Place]]:
    try:
        data = json.loads(text)
    except ValueError:
        data = {}
    scripts = data.get("scripts", {}) if isinstance(data, dict) else {}
    tail = _suffix(folder)
    install = f"npm-install{tail}"
    checks = [
        Sketch(
            id=install,
            title="npm packages install",
            uses="command",
            options={"run": ["npm", "install", "--no-audit", "--no-fund"], **_at(folder)},
            requires=("npm",),
            inputs=_inside(folder, "package.json", "package-lock.json"),
        )
    ]
    for script in ("lint", "build", "test"):
        body = scripts.get(script, "") if isinstance(scripts, dict) else ""
        if body and _PLACEHOLDER_TEST not in str(body):
            checks.append(
                Sketch(
                    id=f"npm-{script}{tail}",
                    title=f"npm run {script} succeeds",
                    uses="build" if script == "build" else "command",
                    options={"run": ["npm", "run", script], **_at(folder)},
                    needs=(install,),
                    requires=("npm",),
                )
            )
    places: list[Place] = []
    if isinstance(data, dict) and isinstance(data.get("version"), str):
        file = f"{folder}/package.json" if folder else "package.json"
        places.append(Place(name=f"package.json{tail}", file=file, how={"json": "version"}))
    return checks, places


def _python(text: str, folder: str) -> tuple[list[Sketch], list[Place]]:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        data = {}
    tail = _suffix(folder)
    checks: list[Sketch] = []
    if "pytest" in text:
        checks.append(
            Sketch(
                id=f"pytest{tail}",
                title="Python tests pass",
                uses="pytest",
                options=_at(folder),
                inputs=_inside(folder, "**/*.py", "pyproject.toml"),
            )
        )
    else:
        checks.append(
            Sketch(
                id=f"python-compiles{tail}",
                title="Every Python file compiles",
                uses="command",
                options={"run": ["python3", "-m", "compileall", "-q", "."], **_at(folder)},
                inputs=_inside(folder, "**/*.py"),
            )
        )
    file = f"{folder}/pyproject.toml" if folder else "pyproject.toml"
    if isinstance(_get(data, "project.version"), str):
        return checks, [Place(name=f"pyproject{tail}", file=file, how={"toml": "project.version"})]
    return checks, []


def _cmake(_text: str, folder: str) -> tuple[list[Sketch], list[Place]]:
    tail = _suffix(folder)
    build = f"{folder}/build" if folder else "build"
    configure, compile_ = f"cmake-configure{tail}", f"cmake-build{tail}"
    inputs = _inside(folder, "**/*.c", "**/*.cc", "**/*.cpp", "**/*.h", "**/CMakeLists.txt")
    return [
        Sketch(
            id=configure,
            title="CMake configures",
            uses="command",
            options={"run": ["cmake", "-S", folder or ".", "-B", build]},
            requires=("cmake",),
            inputs=inputs,
        ),
        Sketch(
            id=compile_,
            title="The C and C++ code builds without a warning",
            uses="build",
            options={"run": ["cmake", "--build", build, "--clean-first"]},
            needs=(configure,),
            requires=("cmake",),
            inputs=inputs,
        ),
        Sketch(
            id=f"ctest{tail}",
            title="CTest passes",
            uses="command",
            options={
                "run": ["ctest", "--test-dir", build, "--output-on-failure", "--no-tests=error"]
            },
            needs=(compile_,),
            requires=("cmake",),
        ),
    ], []


def _make(text: str, folder: str) -> tuple[list[Sketch], list[Place]]:
    targets = set(_MAKE_TARGET.findall(text))
    tail = _suffix(folder)
    checks: list[Sketch] = []
    build = ""
    if targets & {"all", "build"}:
        target = "build" if "build" in targets else "all"
        build = f"make-{target}{tail}"
        checks.append(
            Sketch(
                id=build,
                title=f"make {target} succeeds without a warning",
                uses="build",
                options={"run": ["make", target], **_at(folder)},
                requires=("make",),
            )
        )
    checks.extend(
        Sketch(
            id=f"make-{target}{tail}",
            title=f"make {target} succeeds",
            uses="command",
            options={"run": ["make", target], **_at(folder)},
            needs=(build,) if build else (),
            requires=("make",),
        )
        for target in ("test", "check")
        if target in targets
    )
    return checks, []


_SKETCHERS = {
    "Cargo.toml": _cargo,
    "package.json": _node,
    "pyproject.toml": _python,
    "CMakeLists.txt": _cmake,
    "Makefile": _make,
}


def _get(data: Any, dotted: str) -> Any:
    for key in dotted.split("."):
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _source_version(manifests: Mapping[str, str], places: list[Place]) -> str:
    """The text of VERSION, or the version of the first manifest that states one."""
    if "VERSION" in manifests:
        return manifests["VERSION"].strip() if places else ""
    for place in places:
        loads = json.loads if "json" in place.how else tomllib.loads
        found = _get(loads(manifests[place.file]), str(next(iter(place.how.values()))))
        if isinstance(found, str):
            return found
    return ""


def _value(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _phase_text(checks: list[Sketch]) -> str:
    lines = [
        "# yaml-language-server: $schema=schema/phase.schema.json",
        "schema: 1",
        "phase: build-and-test",
        "title: Build and test",
        "about: Does everything build, and does every test pass?",
        "checks:",
    ]
    for check in checks:
        lines += [
            f"  - id: {check.id}",
            f"    title: {_value(check.title)}",
            f"    uses: {check.uses}",
        ]
        if check.options:
            lines.append(f"    with: {_flow(check.options)}")
        for key, values in (
            ("needs", check.needs),
            ("requires", check.requires),
            ("inputs", check.inputs),
        ):
            if values:
                lines.append(f"    {key}: {_value(list(values))}")
    return "\n".join(lines) + "\n"


def _flow(options: Mapping[str, Any]) -> str:
    return "{ " + ", ".join(f"{key}: {_value(value)}" for key, value in options.items()) + " }"


def _policy(project: str) -> str:
    return f"""\
# yaml-language-server: $schema=schema/policy.schema.json
schema: 1
project: {_value(project)}
default: change
profiles:
  change:
    about: A change under review. Only what was selected has to be run.
    rules:
      failed: block
      flaky: block
      leaked: block
      errored: incomplete
      precluded: incomplete
      capability-missing: incomplete
      not-applicable: ignore
      deselected: ignore
      advisory-failed: warn
      reused: ignore
      waived: warn
      quarantined: warn
      unproven: ignore # until faults are described in fixtures/faults/; then warn
      survived: warn
  release:
    about: A release. Everything runs, afresh.
    rules:
      failed: block
      flaky: block
      leaked: block
      errored: incomplete
      precluded: incomplete
      capability-missing: incomplete
      not-applicable: ignore
      deselected: incomplete
      advisory-failed: block
      reused: incomplete
      waived: warn
      quarantined: block
      unproven: ignore # until faults are described in fixtures/faults/; then warn
      survived: block
"""


def _versions_text(places: list[Place]) -> str:
    lines = [
        "# yaml-language-server: $schema=schema/versions.schema.json",
        "schema: 1",
        "source: VERSION",
        "declared:",
    ]
    for place in places:
        how = ", ".join(f"{key}: {_value(value)}" for key, value in place.how.items())
        lines.append(f"  - {{ name: {_value(place.name)}, file: {_value(place.file)}, {how} }}")
    return "\n".join(lines) + "\n"
