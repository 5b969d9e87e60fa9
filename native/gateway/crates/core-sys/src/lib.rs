//! Raw declarations of the C core (`native/core`), one module per header, and the build script
//! that compiles it into every crate that depends on this one.
//!
//! The contracts are in the C headers and are not repeated here. Everything in this crate is unsafe
//! to call or plain data; `convergio-core` is the safe face. Declarations are written by hand so
//! that building needs no libclang; `layout.c` holds the C compiler's own sizes, offsets and
//! enumeration values, and the tests of this crate compare every one of them.
//!
//! C enumerations arrive as integers, never as Rust enums: a value outside the enumeration would be
//! undefined behaviour on our side.
#![no_std]
#![allow(non_camel_case_types)]
#![allow(missing_docs, reason = "the C headers are the documentation")]

pub mod budget;
pub mod compaction;
pub mod complexity;
pub mod cost;
pub mod edition;
pub mod plan;
pub mod retry;
pub mod route;
pub mod status;
pub mod text;
pub mod types;
pub mod version;
