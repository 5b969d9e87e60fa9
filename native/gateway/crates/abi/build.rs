//! Names the shared library to the linker, so that a program linked against it looks for that name
//! and not for the path that it happened to be built at.
use std::env;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let elf = env::var("CARGO_CFG_TARGET_FAMILY").is_ok_and(|family| family == "unix")
        && env::var("CARGO_CFG_TARGET_VENDOR").is_ok_and(|vendor| vendor != "apple");
    if elf {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libconvergio.so");
    }
}
