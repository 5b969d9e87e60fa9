"""Compilers' output read for what it says: each warning once, at its place, and no false ones."""

from __future__ import annotations

import pytest

from harness.model.result import Severity
from harness.run.kinds.diagnostics import count_warnings, read_diagnostics


def read(text: str, cwd: str = "."):
    return read_diagnostics(text, root="/home/project", cwd=cwd)


GCC = """\
make: Entering directory '/home/project/native/core'
gcc -Wall -Werror=format -c -o build/route.o src/route.c
src/route.c: In function 'core_route':
src/route.c:41:9: warning: unused variable 'best' [-Wunused-variable]
   41 |     int best = 0; /* warning: do not read me */
      |         ^~~~
In file included from src/route.c:3:
include/core.h:12:1: error: unknown type name 'core_stat'
make: Leaving directory '/home/project/native/core'
"""


def test_gcc_and_make_folders():
    warning, error = read(GCC)

    assert (warning.file, warning.line, warning.column) == ("native/core/src/route.c", 41, 9)
    assert (warning.message, warning.rule) == ("unused variable 'best'", "-Wunused-variable")
    assert warning.severity is Severity.WARNING
    assert (error.file, error.line) == ("native/core/include/core.h", 12)
    assert error.severity is Severity.ERROR


VITE = """\
vite v8.3.8 building client environment for production...
9:58:46 PM [vite-plugin-svelte] src/lib/Notice.svelte:1:0 `<img>` should have an alt attribute
https://svelte.dev/e/a11y_missing_attribute
1: <img src="/icon.svg" />
                          ^
[vite-plugin-svelte] compiled 3 files
"""


def test_what_vites_plug_ins_warn_of_without_the_word():
    [warning] = read(VITE, cwd="web")

    assert (warning.file, warning.line, warning.column) == ("web/src/lib/Notice.svelte", 1, 1)
    assert warning.message == "`<img>` should have an alt attribute"
    assert (warning.severity, warning.rule) == (Severity.WARNING, "vite-plugin-svelte")


RUSTC = """\
   Compiling ct v0.1.0 (/home/project/ct)
warning: unused variable: `x`
 --> src/lib.rs:8:41
  |
8 | pub fn add(a: u64, b: u64) -> u64 { let x = 1; a + b }
  |                                         ^ help: if this is intentional, prefix it
  |
  = note: `#[warn(unused_variables)]` (part of `#[warn(unused)]`) on by default

error[E0308]: mismatched types
   --> crates/wire/src/error.rs:17:5
warning: `ct` (lib) generated 1 warning (run `cargo fix --lib -p ct` to apply 1 suggestion)
warning: `ct` (lib test) generated 1 warning (1 duplicate)
error: could not compile `ct` (lib) due to 1 previous error; 1 warning emitted
"""


def test_rustc_without_cargos_summaries():
    warning, error = read(RUSTC, cwd="native/gateway")

    assert (warning.file, warning.line, warning.column) == ("native/gateway/src/lib.rs", 8, 41)
    assert (error.rule, error.file) == ("E0308", "native/gateway/crates/wire/src/error.rs")


@pytest.mark.parametrize(
    ("line", "file", "number", "severity"),
    [
        ("src/a.ts(3,7): error TS2304: Cannot find name 'x'.", "src/a.ts", 3, Severity.ERROR),
        ("src/a.ts:3:7 - error TS2304: Cannot find name 'x'.", "src/a.ts", 3, Severity.ERROR),
        ("lib/x.py:9: DeprecationWarning: old", "lib/x.py", 9, Severity.WARNING),
        ("/home/project/a.c:1: warning: odd", "a.c", 1, Severity.WARNING),
        ("/usr/bin/ld: warning: relocation in read-only section", "", 0, Severity.WARNING),
        ("(!) Some chunks are larger than 500 kB", "", 0, Severity.WARNING),
        ("npm WARN deprecated glob@7", "", 0, None),
        ("[WARNING] something odd", "", 0, Severity.WARNING),
        ("warning: unused manifest key: package.foo", "", 0, Severity.WARNING),
        ("Compiling warnings v0.3.0", "", 0, None),
        ("gcc -Werror -Wno-error=format -c x.c", "", 0, None),
        ("0 warnings, 0 errors", "", 0, None),
        ("test error::tests::displays ... ok", "", 0, None),
    ],
)
def test_one_line(line, file, number, severity):
    found = read(line)

    if severity is None:
        assert found == ()
    else:
        assert [(f.file, f.line, f.severity) for f in found] == [(file, number, severity)]


def test_a_build_is_believed_when_it_states_more_warnings_than_were_read():
    found = read("something happened\n3 warnings generated.\n")

    assert count_warnings(found) == 1
    assert found[0].message == "the build states 3 warnings, of which 0 could be read"


def test_the_same_warning_twice_is_one():
    line = "a.h:1:1: warning: odd [-Wodd]\n"

    assert count_warnings(read(line + line)) == 1
