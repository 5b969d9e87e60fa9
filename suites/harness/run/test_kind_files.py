"""`files` and `versions`: claims tried by a child, and never believed without a whole answer."""

from __future__ import annotations

import subprocess

import pytest

from harness.run.kinds.registry import BUILT_IN, KindRegistry
from suites.harness.run.worlds import check, only

ROW = (
    '{"name":"cargo","where":"Cargo.toml","declared":"1.0.0","found":"%s","ok":%s,"message":"%s",'
    '"file":"Cargo.toml","line":3}'
)
GOOD = ROW % ("1.0.0", "true", "")


@pytest.fixture
def project(world):
    world.write("VERSION", "1.0.0\n")
    world.write("src/a.py", "one = 1\n# TODO later\ntwo = 2  # TODO too\n")
    tool = world.write("bin/tool", "#!/bin/sh\n")
    tool.chmod(0o755)
    return world


def files(project, **claims):
    options = {name.replace("_", "-"): value for name, value in claims.items()}
    return only(project.run(check("f", kind="files", options=options)))


@pytest.mark.parametrize(
    "claims",
    [
        {"must_exist": ["VERSION", "src/*.py"]},
        {"must_not_exist": ["*.orig"]},
        {"contains": [{"files": ["VERSION"], "match": r"^1\.0\.0$"}]},
        {"not_contains": [{"files": ["src/**/*.py"], "match": "FIXME"}]},
        {"max_size": [{"files": ["VERSION"], "max-bytes": 6}]},
        {"executable": ["bin/*"]},
    ],
    ids=lambda claims: next(iter(claims)),
)
def test_claims_that_hold(project, claims):
    assert files(project, **claims).status == "passed"


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"must_exist": ["../*"]}, "'../*' leaves the project; write globs relative to the root"),
        ({"contains": [{"files": ["VERSION"], "match": "("}]}, "'(' is not a regular expression"),
    ],
)
def test_claims_that_cannot_be_tried_say_why_first(project, claims, said):
    result = files(project, **claims)
    assert result.status == "errored"
    assert result.reason.startswith(f"the claims cannot be tried: {said}")


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"must_exist": ["LICENSE"]}, "no file matches LICENSE"),
        ({"must_not_exist": ["src/*"]}, "src/a.py must not exist"),
        ({"contains": [{"files": ["VERSION"], "match": "2"}]}, "VERSION has nothing matching '2'"),
        ({"not_contains": [{"files": ["gone/*"], "match": "x"}]}, "no file matches gone/*"),
        (
            {"max_size": [{"files": ["VERSION"], "max-bytes": 5}]},
            "has 6 bytes, where 5 are allowed",
        ),
        ({"executable": ["VERSION"]}, "VERSION is not executable"),
        ({"unchanged_in_git": ["VERSION"]}, "git cannot tell about VERSION"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_claims_that_do_not_hold(project, claims, said):
    result = files(project, **claims)

    assert (result.status.value, said in result.reason) == ("failed", True), result.reason


def test_forbidden_content_is_placed(project):
    result = files(project, not_contains=[{"files": ["src/*"], "match": "TODO"}])

    assert [(f.file, f.line, f.column) for f in result.findings] == [
        ("src/a.py", 2, 3),
        ("src/a.py", 3, 12),
    ]
    assert result.reason == "src/a.py:2: contains 'TODO' (and 1 more)"
    assert "src/a.py:2:3: contains 'TODO'" in result.output.text


def test_files_that_differ_from_git_are_named(project):
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for command in (["init", "-q"], ["add", "VERSION"], ["commit", "-qm", "One"]):
        subprocess.run([*git, *command], cwd=project.root, check=True)
    assert files(project, unchanged_in_git=["VERSION"]).status == "passed"

    project.write("VERSION", "1.0.1\n")
    project.folder = project.folder.parent / "again"
    project.sink.events.clear()
    result = files(project, unchanged_in_git=["VERSION", "src/*"])

    assert [f.message for f in result.findings] == [
        "VERSION differs from git",
        "src/a.py is not tracked by git",
    ]


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({}, "it claims nothing about any file"),
        ({"must_exist": ["../x"]}, "leaves the project"),
        ({"contains": [{"files": ["VERSION"], "match": "("}]}, "not a regular expression"),
    ],
)
def test_claims_that_cannot_be_tried_are_errors(project, claims, said):
    result = files(project, **claims)

    assert (result.status.value, said in result.reason) == ("errored", True), result.reason


@pytest.mark.parametrize(
    ("text", "exit_code", "status", "said"),
    [
        ('{"agree":true,"rows":[' + GOOD + "]}", 0, "passed", "1 places"),
        (
            'a warning\n{"agree":false,"rows":[' + ROW % ("1.0.1", "false", "says 1.0.1") + "]}",
            7,
            "failed",
            "1 of 1 places disagree; Cargo.toml:3: says 1.0.1",
        ),
        ('{"agree":true,"rows":[' + ROW % ("2", "false", "") + "]}", 0, "errored", "contradicts"),
        (
            '{"agree":true,"rows":[' + ROW % ("1.0.0", "true", "") + "]}",
            7,
            "errored",
            "contradicts",
        ),
        ('{"agree":true,"rows":[]}', 0, "failed", "no version was compared"),
        ('{"agree":true,', 0, "errored", "no comparison could be read"),
        ("", 5, "errored", "exit 5, and no comparison could be read"),
    ],
    ids=["agree", "disagree", "lying row", "lying exit", "empty", "cut", "silent"],
)
def test_versions_are_believed_only_when_they_add_up(
    world, monkeypatch, text, exit_code, status, said
):
    world.write("said.txt", text)
    program = world.write("python", f"#!/bin/sh\ncat said.txt\nexit {exit_code}\n")
    program.chmod(0o755)
    monkeypatch.setattr("harness.run.local.sys.executable", str(program))
    monkeypatch.setattr("harness.system.watchdog.start", _no_watchdog)
    monkeypatch.setattr("harness.system.watchdog.stop", lambda *_: None)
    result = only(world.run(check("v", kind="versions")))

    assert (result.status.value, said in result.reason) == (status, True), result.reason


def _no_watchdog(*_: object) -> tuple[int, int]:
    return -1, -1


def test_every_built_in_kind_is_whole():
    registry = KindRegistry.discover()
    for name in BUILT_IN:
        kind = registry.get(name)
        assert kind.name == name
        assert kind.summary
        assert kind.options.__doc__
    assert set(registry.options()) >= set(BUILT_IN)
    assert registry.fingerprint() == KindRegistry.discover().fingerprint()


def test_an_unknown_kind_is_a_key_error():
    with pytest.raises(KeyError):
        KindRegistry.discover().get("no-such-kind")
    assert "no-such-kind" not in KindRegistry.discover().options()
