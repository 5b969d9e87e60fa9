//! The shared library exports exactly what `symbols.txt` promises.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The cdylib that cargo built for this test run: `<target>/<profile>/deps/libconvergio.so`.
fn shared_library() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let deps = test.parent().unwrap();
    let name = format!("{}convergio{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let library = deps.join(name);
    assert!(library.exists(), "{} was not built", library.display());
    library
}

#[test]
fn exported_symbols_are_the_promised_ones() {
    let output = Command::new("nm")
        .args(["--dynamic", "--defined-only", "--format=posix"])
        .arg(shared_library())
        .output()
        .expect("nm (binutils)");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let exported: BTreeSet<String> = String::from_utf8(output.stdout)
        .unwrap()
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
