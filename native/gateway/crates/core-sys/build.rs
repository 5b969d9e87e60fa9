//! Compiles the C core (`native/core`) into this crate, with the edition named by
//! `CONVERGIO_EDITION` (master, education, business or developer; master when unset).
//!
//! The sources are compiled here, rather than by the core's Makefile, so that target, optimisation,
//! sanitizers (`CFLAGS`) and cross compilers follow cargo. Flags that find mistakes stay with the
//! Makefile, which compiles the same files with warnings as errors.
use std::env;
use std::path::{Path, PathBuf};

const EDITIONS: [&str; 4] = ["master", "education", "business", "developer"];

fn main() {
    println!("cargo:rerun-if-env-changed=CONVERGIO_EDITION");
    let manifest_dir = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let core = manifest_dir.join("../../../core");
    let sources = c_files(&core.join("src"));
    for path in [core.join("src"), core.join("include"), manifest_dir.join("layout.c")] {
        println!("cargo:rerun-if-changed={}", path.display());
    }

    let edition = env::var("CONVERGIO_EDITION").unwrap_or_else(|_| "master".to_owned());
    if !EDITIONS.contains(&edition.as_str()) {
        panic!("CONVERGIO_EDITION is `{edition}`; choose one of {}", EDITIONS.join(", "));
    }

    let mut build = cc::Build::new();
    build
        .std("c17")
        .include(core.join("include"))
        .include(core.join("src"))
        .define("CORE_EDITION", format!("CORE_EDITION_{}", edition.to_uppercase()).as_str())
        .warnings(false);
    build.clone().files(sources).compile("convergio_core");
    // For this crate's own tests, and nowhere else: a static library would hand the tables on.
    build.cargo_metadata(false).file(manifest_dir.join("layout.c")).compile("convergio_layout");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo"));
    println!("cargo:rustc-link-arg-tests={}", out.join("libconvergio_layout.a").display());
}

/// Every C file of the core, in a stable order so that builds are reproducible.
fn c_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| {
        panic!("{}: {error}; the C core belongs beside this workspace", folder.display())
    });
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a readable directory entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "c"))
        .collect();
    assert!(!files.is_empty(), "{} holds no C file", folder.display());
    files.sort();
    files
}
