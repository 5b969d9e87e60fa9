"""The C header: generated from the Rust source, accepted by every C and C++ that callers use, and
exactly as wide as what the library exports."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from suites.gateway import builds
from suites.gateway.programs import WARNINGS

PROMISED = builds.WORKSPACE / "crates" / "abi" / "symbols.txt"
INCLUDES = '#include "convergio.h"\n'
# Uses every kind of declaration, so that "compiles" means more than "parses".
USES = INCLUDES + (
    "int main(void) {\n"
    "    convergio_context *context = 0;\n"
    '    convergio_status status = convergio_context_new("{}", &context);\n'
    "    if (status != CONVERGIO_OK) return 1;\n"
    "    return convergio_context_free(context) == CONVERGIO_OK ? 0 : 1;\n"
    "}\n"
)


@pytest.mark.timeout(1800)
def test_header_is_what_the_source_generates() -> None:
    builds.run_tool(
        ("cargo", "run", "--quiet", "--package=xtask", "--", "header", "--check"),
        cwd=builds.WORKSPACE,
    )


@pytest.mark.parametrize(
    ("compiler", "standard", "extension"),
    [
        ("gcc", "c11", "c"),
        ("gcc", "c17", "c"),
        ("gcc", "c2x", "c"),
        ("g++", "c++17", "cpp"),
        ("g++", "c++20", "cpp"),
    ],
)
def test_header_compiles_without_a_warning(
    tmp_path: Path, compiler: str, standard: str, extension: str
) -> None:
    source = tmp_path / f"uses.{extension}"
    source.write_text(USES)
    warnings = [flag for flag in WARNINGS if extension == "c" or flag != "-Wstrict-prototypes"]
    builds.run_tool(
        (
            compiler,
            f"-std={standard}",
            *warnings,
            f"-I{builds.header().parent}",
            "-c",
            str(source),
            "-o",
            str(tmp_path / "uses.o"),
        ),
        cwd=tmp_path,
    )


def test_header_may_be_included_twice_and_by_two_files(tmp_path: Path) -> None:
    twice = tmp_path / "twice.c"
    twice.write_text(INCLUDES + USES)
    other = tmp_path / "other.c"
    other.write_text(INCLUDES + "uint32_t other(void);\nuint32_t other(void) { return 0; }\n")
    library = builds.shared_library()
    builds.run_tool(
        (
            "gcc",
            "-std=c17",
            *WARNINGS,
            f"-I{builds.header().parent}",
            str(twice),
            str(other),
            str(library),
            f"-Wl,-rpath,{library.parent}",
            "-o",
            str(tmp_path / "program"),
        ),
        cwd=tmp_path,
    )
    builds.run_tool((str(tmp_path / "program"),), cwd=tmp_path)


def test_header_declares_exactly_the_promised_functions() -> None:
    declared = set(re.findall(r"\b(convergio_\w+)\(", _code(_shipped_part())))
    assert declared == promised()


def test_shared_library_exports_exactly_the_promised_symbols() -> None:
    listing = builds.run_tool(
        ("nm", "-D", "--defined-only", str(builds.shared_library())), cwd=builds.ROOT
    )
    exported = {line.split()[-1] for line in listing.splitlines() if line.strip()}
    assert exported == promised()


def test_static_library_has_the_promised_symbols_and_no_test_entry_points() -> None:
    # The archive's index is what a linker searches; not every nm reads what LLVM put in members.
    listing = builds.run_tool(
        ("nm", "--print-armap", "--quiet", str(builds.static_library())), cwd=builds.ROOT
    )
    defined = set(re.findall(r"^(\S+) in \S+$", listing, re.MULTILINE))
    # More than the promise is visible in any static library; what must not be is the test part.
    assert promised() <= defined
    assert not [name for name in defined if name.startswith("convergio_test_")]


def test_shipped_binaries_hold_no_trace_of_the_test_entry_points() -> None:
    for product in (builds.shared_library(), builds.static_library(), builds.gateway()):
        assert b"convergio_test_" not in product.read_bytes(), product


def test_header_states_the_version_of_the_release() -> None:
    version = (builds.ROOT / "VERSION").read_text().strip()
    assert f'#define CONVERGIO_VERSION_STRING "{version}"' in builds.header().read_text()


def promised() -> set[str]:
    """The list a release promises to keep."""
    names = set(PROMISED.read_text().split())
    assert names, f"{PROMISED} promises nothing"
    return names


def _shipped_part() -> str:
    """The header without what only test builds see."""
    return re.sub(
        r"#if defined\(CONVERGIO_FAULT_INJECTION\).*?#endif",
        "",
        builds.header().read_text(),
        flags=re.DOTALL,
    )


def _code(text: str) -> str:
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL)
