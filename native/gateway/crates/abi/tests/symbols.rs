//! The shared library has its name and exports exactly what `symbols.txt` promises; the static one
//! holds no table that only tests read.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What cargo built for this test run: `<target>/<profile>/deps/<name>`.
fn built(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let library = test.parent().unwrap().join(name);
    assert!(library.exists(), "{} was not built", library.display());
    library
}

fn shared_library() -> PathBuf {
    use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
    built(&format!("{DLL_PREFIX}convergio{DLL_SUFFIX}"))
}

fn said_by(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?} (binutils): {error}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
#[cfg(target_os = "linux")]
fn a_program_looks_for_the_library_by_its_name() {
    let dynamic = said_by(Command::new("readelf").arg("--dynamic").arg(shared_library()));
    let soname = dynamic.lines().find(|line| line.contains("(SONAME)")).unwrap_or_default();
    assert!(soname.contains("[libconvergio.so]"), "{dynamic}");
}

#[test]
#[cfg(unix)]
fn the_static_library_holds_the_promise_and_no_test_tables() {
    let symbols = said_by(
        Command::new("nm").args(["--defined-only", "--format=posix"]).arg(built("libconvergio.a")),
    );
    assert!(symbols.contains("convergio_query "));
    assert!(!symbols.contains("convergio_layout_"));
}

#[test]
fn exported_symbols_are_the_promised_ones() {
    let exported: BTreeSet<String> = said_by(
        Command::new("nm")
            .args(["--dynamic", "--defined-only", "--format=posix"])
            .arg(shared_library()),
    )
    .lines()
    .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
    .collect();

    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("symbols.txt");
    let mut promised: BTreeSet<String> =
        std::fs::read_to_string(list).unwrap().lines().map(str::to_owned).collect();
    if cfg!(feature = "fault-injection") {
        let test_only = [
            "convergio_test_context_new",
            "convergio_test_fail_allocation",
            "convergio_test_live_blocks",
            "convergio_test_panic",
        ];
        promised.extend(test_only.map(str::to_owned));
    }
    assert_eq!(exported, promised);
}
