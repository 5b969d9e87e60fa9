"""Which library the Python binding uses, and that the two say the same of each other."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import convergio
import pytest
from convergio._declarations import DECLARATIONS
from convergio._library import locate, normalised, open_library
from convergio.errors import Status, refusal_type

from suites.gateway import builds

pytestmark = pytest.mark.usefixtures("shipped_library")


class TestDeclarations:
    def test_binding_declares_what_the_header_declares(self) -> None:
        header = re.sub(
            r"#if defined\(CONVERGIO_FAULT_INJECTION\).*?#endif",
            "",
            builds.header().read_text(),
            flags=re.DOTALL,
        )
        assert functions(DECLARATIONS) == functions(header)

    def test_statuses_are_the_headers(self) -> None:
        body = re.search(
            r"enum convergio_status\b.*?\{(.*?)\};", builds.header().read_text(), re.DOTALL
        )
        assert body is not None
        pinned = re.findall(r"^\s*CONVERGIO_(\w+) = (-?\d+)", body[1], re.MULTILINE)
        assert {name: int(number) for name, number in pinned} == {
            status.name: status.value for status in Status
        }

    def test_limits_are_the_headers(self) -> None:
        header = builds.header().read_text()
        assert f"#define CONVERGIO_ABI_VERSION {convergio.ABI_VERSION}\n" in header
        assert f"#define CONVERGIO_MAX_TEXT_BYTES {convergio.MAX_TEXT_BYTES}\n" in header

    def test_every_failure_has_an_exception_of_its_own(self) -> None:
        kinds = [refusal_type(status) for status in Status if status is not Status.OK]
        assert len(set(kinds)) == len(kinds) == len(Status) - 1
        assert refusal_type(12345) is convergio.RefusedError

    def test_declared_versions_agree_with_the_observed_one(self) -> None:
        project = tomllib.loads((builds.ROOT / "native/python/pyproject.toml").read_text())
        assert project["project"]["version"] == convergio.__version__
        assert normalised(convergio.library_version()) == convergio.__version__
        assert convergio.core_version() == convergio.library_version()
        assert convergio.edition() in {"master", "education", "business", "developer"}


class TestLoading:
    def test_another_version_is_refused_on_load(self, tmp_path: Path) -> None:
        library = stub_library(tmp_path, version="7.0.1", abi=convergio.ABI_VERSION)
        with pytest.raises(
            convergio.LibraryMismatchError, match=r"is version 7\.0\.1, this binding"
        ):
            open_library(library)

    def test_another_abi_is_refused_on_load(self, tmp_path: Path) -> None:
        library = stub_library(tmp_path, version="7.0.0-rc1", abi=99)
        with pytest.raises(convergio.LibraryMismatchError, match="speaks ABI 99, this binding ABI"):
            open_library(library)

    def test_a_library_that_is_something_else_is_refused(self, tmp_path: Path) -> None:
        library = compiled_library(tmp_path, "int something_else;")
        with pytest.raises(convergio.LibraryMismatchError, match="is not libconvergio"):
            open_library(library)

    def test_a_file_that_is_no_library_is_refused(self, tmp_path: Path) -> None:
        nonsense = tmp_path / "libconvergio.so"
        nonsense.write_bytes(b"\0" * 100)
        with pytest.raises(convergio.LibraryNotFoundError, match="cannot be loaded"):
            open_library(nonsense)

    def test_the_environment_decides_where_the_library_is(self) -> None:
        assert locate({"CONVERGIO_LIBRARY": "/somewhere/lib.so"}) == Path("/somewhere/lib.so")

    def test_importing_touches_no_library(self) -> None:
        program = "import convergio; print(convergio.__version__)"
        environment = {**os.environ, "CONVERGIO_LIBRARY": "/nowhere", "PYTHONPATH": source_path()}
        finished = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True
        )
        assert finished.stdout.strip() == convergio.__version__, finished.stderr

    @pytest.mark.parametrize(
        ("semver", "pep440"),
        [("7.0.0-rc1", "7.0.0rc1"), ("7.0.0-rc.2", "7.0.0rc2"), ("7.1.0", "7.1.0")],
    )
    def test_versions_are_compared_in_one_form(self, semver: str, pep440: str) -> None:
        assert normalised(semver) == pep440


def functions(declarations: str) -> dict[str, str]:
    """Function declarations by name, without comments, line breaks or the word `struct`."""
    code = re.sub(r"//[^\n]*|/\*.*?\*/|^#[^\n]*", "", declarations, flags=re.DOTALL | re.MULTILINE)
    found = re.findall(r"([\w\s*]+?\b(convergio_\w+)\([^)]*\));", code)
    return {
        name: re.sub(r"\s*([*(,])\s*", r"\1", " ".join(text.replace("struct ", " ").split()))
        for text, name in found
    }


def compiled_library(folder: Path, source: str) -> Path:
    (folder / "stub.c").write_text(source)
    library = folder / "libstub.so"
    builds.run_tool(("gcc", "-shared", "-fPIC", "stub.c", "-o", str(library)), cwd=folder)
    return library


def stub_library(folder: Path, *, version: str, abi: int) -> Path:
    """A library that says of itself what it is told to."""
    return compiled_library(
        folder,
        f"const char *convergio_version(void) {{ return {json.dumps(version)}; }}\n"
        f"unsigned convergio_abi_version(void) {{ return {abi}; }}\n",
    )


def source_path() -> str:
    return str(builds.ROOT / "native" / "python" / "src")
