"""The C core from its sources to a program of somebody else's: build, install, pkg-config, remove.

In a checkout and a staging folder whose paths hold spaces, with several jobs at once.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from suites.gateway import builds

CORE = builds.ROOT / "native" / "core"
PREFIX = "/opt/convergio"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the core, without what was built in the original."""
    folder = tmp_path_factory.mktemp("with spaces") / "a checkout" / "core"
    shutil.copytree(CORE, folder, ignore=shutil.ignore_patterns("build"))
    return folder


def make(checkout: Path, *arguments: str) -> str:
    return builds.run_tool(("make", "--jobs=4", f"PREFIX={PREFIX}", *arguments), cwd=checkout)


def test_core_builds_installs_serves_and_leaves(checkout: Path) -> None:
    stage = checkout.parent / "a stage"
    make(checkout, "install", f"DESTDIR={stage}")
    lib = stage / PREFIX.lstrip("/") / "lib"

    description = (lib / "pkgconfig" / "convergio-core.pc").read_text()
    flags = flags_of(description, root=stage)
    program = checkout.parent / "example"
    example = checkout / "tests" / "example.c"
    builds.run_tool(("cc", "-std=c17", str(example), *flags, "-o", str(program)), cwd=stage)
    ran = subprocess.run(
        [program], env={"LD_LIBRARY_PATH": str(lib)}, capture_output=True, text=True, timeout=30
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("ollama/small-local: ")

    make(checkout, "uninstall", f"DESTDIR={stage}")
    assert [path for path in stage.rglob("*") if not path.is_dir()] == []


def test_a_source_that_is_gone_leaves_no_object_behind(checkout: Path) -> None:
    extra = checkout / "src" / "zz_extra.c"
    extra.write_text("int core_extra(void);\nint core_extra(void) { return 1; }\n")
    archive = "build/master/libconvergio_core.a"
    make(checkout, archive)
    assert "zz_extra.o" in builds.run_tool(("ar", "t", archive), cwd=checkout)

    extra.unlink()
    make(checkout, archive)
    assert "zz_extra.o" not in builds.run_tool(("ar", "t", archive), cwd=checkout)


def test_core_tests_pass_in_a_path_with_spaces(checkout: Path) -> None:
    assert "0 failed" in make(checkout, "test")


def flags_of(description: str, *, root: Path) -> list[str]:
    """What pkg-config would answer, for a library staged below `root`."""
    values: dict[str, str] = {}
    flags: list[str] = []

    def expanded(text: str) -> str:
        for name, value in values.items():
            text = text.replace(f"${{{name}}}", value)
        return text

    for line in description.splitlines():
        name, assigned, value = line.partition("=")
        if assigned and name.isidentifier():
            values[name] = f"{root}{value}" if name == "prefix" else expanded(value)
        elif line.startswith(("Libs: ", "Cflags: ")):
            flags += [expanded(word) for word in line.split(": ", 1)[1].split(" ")]
    return flags
