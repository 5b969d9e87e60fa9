//! `convergio/version.h`
use core::ffi::c_char;

use crate::status::core_status;
use crate::types::{core_error, core_str};

pub const CORE_ABI_VERSION: u32 = 2;

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct core_version_parts {
    pub major: u32,
    pub minor: u32,
    pub patch: u32,
    pub prerelease: core_str,
    pub build: core_str,
}

unsafe extern "C" {
    pub fn core_version() -> *const c_char;
    pub fn core_version_get(out: *mut core_version_parts) -> core_status;
    pub fn core_version_parse(
        text: core_str,
        out: *mut core_version_parts,
        err: *mut core_error,
    ) -> core_status;
    pub fn core_abi_version() -> u32;
}
