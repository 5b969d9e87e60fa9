from __future__ import annotations

import http.server
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.artifact.versions import Row, compare, same_version
from harness.model.spec import DeclaredVersion, ObservedVersion, Versions

VERSION = "7.0.0-rc1"


def rows(root: Path, *declared: DeclaredVersion, source: str = VERSION) -> tuple[Row, ...]:
    (root / "VERSION").write_text(source + "\n")
    places = list(declared) or [DeclaredVersion(name="source", file="VERSION", regex="(.+)")]
    versions = Versions(schema=1, source="VERSION", declared=places)
    comparison = compare(versions, root, observed=False, environ={})
    assert comparison.agree == all(row.ok for row in comparison.rows)
    return comparison.rows


def one(root: Path, declared: DeclaredVersion) -> Row:
    return rows(root, declared)[-1]


@pytest.mark.parametrize("spelling", ["7.0.0-rc1", "7.0.0rc1", "v7.0.0-rc.1", "7.0rc1"])
def test_spellings_of_one_version_agree(spelling: str) -> None:
    assert same_version(VERSION, spelling)


@pytest.mark.parametrize("spelling", ["7.0.0", "7.0.0-rc2", "7.0.1-rc1", "70.0-rc1", "", "x"])
def test_other_versions_and_no_versions_differ(spelling: str) -> None:
    assert not same_version(VERSION, spelling)


@given(st.tuples(*[st.integers(0, 99)] * 3), st.tuples(*[st.integers(0, 99)] * 3))
def test_release_numbers_compare_as_numbers(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    left, right = (".".join(map(str, numbers)) for numbers in (a, b))
    assert same_version(left, right) == (a == b)


def test_a_toml_place_is_read_and_its_line_named(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text('[workspace.package]\nversion = "7.0.0-rc2"\n')
    row = one(tmp_path, DeclaredVersion(name="c", file="c.toml", toml="workspace.package.version"))
    assert (row.ok, row.found, row.line) == (False, "7.0.0-rc2", 2)
    assert row.message == "c says 7.0.0-rc2, the source says 7.0.0-rc1"


def test_every_own_package_of_a_lock_file_counts(tmp_path: Path) -> None:
    (tmp_path / "Cargo.lock").write_text(
        '[[package]]\nname = "own-a"\nversion = "7.0.0-rc1"\n'
        '[[package]]\nname = "own-b"\nversion = "6.9.0"\n'
        '[[package]]\nname = "dep"\nversion = "1.0.0"\nsource = "registry"\n'
    )
    found = rows(tmp_path, DeclaredVersion(name="lock", file="Cargo.lock", cargo_lock=True))[1:]
    assert [(row.found, row.ok) for row in found] == [("7.0.0-rc1", True), ("6.9.0", False)]
    assert "own-b" in found[1].message
    assert found[1].line == 6


def test_the_first_match_is_the_changelogs_head(tmp_path: Path) -> None:
    (tmp_path / "CHANGELOG.md").write_text("# Changes\n\n## 7.0.0-rc1\n\n## 6.0.0\n")
    row = one(tmp_path, DeclaredVersion(name="log", file="CHANGELOG.md", regex=r"^## (\S+)"))
    assert (row.ok, row.line) == (True, 3)


@pytest.mark.parametrize(
    ("content", "how", "message"),
    [
        (None, {"toml": "a"}, "cannot be read"),
        ("x = ", {"toml": "a"}, "not TOML"),
        ("a = 1", {"toml": "a"}, "is not text"),
        ("a = 1", {"toml": "b.c"}, "there is no 'b.c'"),
        ("{", {"json": "a"}, "not JSON"),
        ("nothing", {"regex": "^v(.*)"}, "nothing matches"),
        ("", {"cargo_lock": True}, "no package of the workspace"),
    ],
)
def test_silence_is_never_agreement(
    tmp_path: Path, content: str | None, how: dict[str, Any], message: str
) -> None:
    if content is not None:
        (tmp_path / "f").write_text(content)
    row = one(tmp_path, DeclaredVersion(name="f", file="f", **how))
    assert not row.ok
    assert message in row.message


@pytest.mark.parametrize("source", ["", "not a version"])
def test_a_bad_source_agrees_with_nothing(tmp_path: Path, source: str) -> None:
    (row,) = rows(tmp_path, source=source)
    assert not row.ok
    assert "source of the version" in row.message


@pytest.mark.parametrize(("tag", "ok"), [(None, True), ("v7.0.0-rc1", True), ("v7.0.1", False)])
def test_a_tag_at_head_must_say_the_same(tmp_path: Path, tag: str | None, ok: bool) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(
            ["git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@t", *arguments],
            check=True,
            capture_output=True,
        )

    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "x")
    if tag:
        git("tag", tag)
    assert one(tmp_path, DeclaredVersion(name="tag", git_tag="v{version}")).ok is ok


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()
        self.wfile.write(b'{"build": {"version": "7.0.0-rc1"}}')

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def service() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def observe(root: Path, thing: ObservedVersion, environ: dict[str, str] | None = None) -> Row:
    (root / "VERSION").write_text(VERSION)
    versions = Versions(
        schema=1,
        source="VERSION",
        declared=[DeclaredVersion(name="s", file="VERSION", regex="(.+)")],
        observed=[thing],
    )
    return compare(versions, root, observed=True, environ=environ or {}).rows[-1]


def test_a_running_service_is_asked(tmp_path: Path, service: str) -> None:
    environ = {"RELEASE_MANAGER_SERVICE_MY_GATEWAY_URL": service}
    thing = ObservedVersion(
        name="healthz", service="my-gateway", path="/healthz", json="build.version"
    )
    assert observe(tmp_path, thing, environ).ok
    assert "is not running" in observe(tmp_path, thing).message
    gone = ObservedVersion(name="gone", service="my-gateway", path="/x", json="build.version")
    assert "no answer" in observe(tmp_path, gone, environ).message


@pytest.mark.parametrize(
    ("script", "ok", "message"),
    [
        ("print('tool 7.0.0-rc1')", True, ""),
        ("print('tool 6.0.0')", False, "says 6.0.0"),
        ("print('hello')", False, "does not match"),
        ("raise SystemExit(3)", False, "ended with 3"),
    ],
)
def test_a_program_is_asked(tmp_path: Path, script: str, ok: bool, message: str) -> None:
    thing = ObservedVersion(name="tool", run=[sys.executable, "-c", script], regex=r"tool (\S+)")
    row = observe(tmp_path, thing)
    assert row.ok is ok
    assert message in row.message


def test_what_is_not_built_names_the_command_that_builds_it(tmp_path: Path) -> None:
    thing = ObservedVersion(
        name="lib", library="lib.so", symbol="version", build="make EDITION=master"
    )
    row = observe(tmp_path, thing)
    assert not row.ok
    assert row.message.endswith("build it with `make EDITION=master`")


def test_a_library_is_asked(tmp_path: Path) -> None:
    source = tmp_path / "v.c"
    source.write_text('const char *version(void) { return "7.0.0-rc1"; }')
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-o", str(tmp_path / "v.so"), str(source)], check=True
    )
    assert observe(tmp_path, ObservedVersion(name="v", library="v.so", symbol="version")).ok
    wrong = observe(tmp_path, ObservedVersion(name="v", library="v.so", symbol="nothing"))
    assert "cannot be asked" in wrong.message
