from __future__ import annotations

import pytest
import yaml

from harness.cli.scaffold import scaffold


def checks_of(manifests: dict[str, str]) -> dict[str, dict[str, object]]:
    text = scaffold(manifests, project="sample").files["phases/build-and-test.yaml"]
    return {check["id"]: check for check in yaml.safe_load(text)["checks"]}


@pytest.mark.parametrize(
    ("manifest", "text", "expected"),
    [
        ("Cargo.toml", '[package]\nname="x"\nversion="1.0.0"', ["cargo-build", "cargo-test"]),
        ("package.json", '{"scripts": {"build": "b", "test": "t"}}',
         ["npm-install", "npm-build", "npm-test"]),
        ("package.json", '{"scripts": {"test": "echo \\"Error: no test specified\\" && exit 1"}}',
         ["npm-install"]),
        ("package.json", "{ broken", ["npm-install"]),
        ("pyproject.toml", "[tool.pytest.ini_options]", ["pytest"]),
        ("pyproject.toml", "[project]\nname='x'", ["python-compiles"]),
        ("pyproject.toml", "= broken", ["python-compiles"]),
        ("CMakeLists.txt", "project(x)", ["cmake-configure", "cmake-build", "ctest"]),
        ("Makefile", "all: x\n\ntest: all\n\t./t\nX := 1\n", ["make-all", "make-test"]),
        ("Makefile", "X := 1\n", ["readme"]),
    ],
)  # fmt: skip
def test_each_manifest_becomes_checks(manifest: str, text: str, expected: list[str]) -> None:
    assert list(checks_of({manifest: text})) == expected


def test_an_unknown_repository_still_gets_a_check_that_runs() -> None:
    assert list(checks_of({})) == ["readme"]


def test_checks_in_folders_keep_apart() -> None:
    checks = checks_of({"Cargo.toml": "", "web/package.json": "{}", "lib/Makefile": "test:\n"})
    assert list(checks) == ["cargo-build", "cargo-test", "make-test-lib", "npm-install-web"]
    assert checks["npm-install-web"]["with"]["cwd"] == "web"  # type: ignore[index]


def test_a_stated_version_is_compared_from_then_on() -> None:
    made = scaffold(
        {"Cargo.toml": '[package]\nversion = "1.2.3"', "web/package.json": '{"version": "1.2.3"}'},
        project="sample",
    )
    assert made.files["VERSION"] == "1.2.3\n"
    declared = yaml.safe_load(made.files["phases/versions.yaml"])["declared"]
    assert [place["file"] for place in declared] == ["Cargo.toml", "web/package.json"]


def test_no_version_no_versions_file() -> None:
    assert "phases/versions.yaml" not in scaffold({"Makefile": "test:"}, project="x").files


def test_a_hostile_project_name_stays_text() -> None:
    name = 'x"\nrules: {}\n#'
    policy = yaml.safe_load(scaffold({}, project=name).files["phases/policy.yaml"])
    assert policy["project"] == name
