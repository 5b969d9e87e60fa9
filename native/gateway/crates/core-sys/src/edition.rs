//! `convergio/edition.h`
use core::ffi::{c_char, c_uint};

use crate::status::core_status;
use crate::types::core_str;

pub type core_edition = c_uint;
pub const CORE_EDITION_MASTER: core_edition = 1;
pub const CORE_EDITION_EDUCATION: core_edition = 2;
pub const CORE_EDITION_BUSINESS: core_edition = 3;
pub const CORE_EDITION_DEVELOPER: core_edition = 4;

pub type core_privacy = c_uint;
pub const CORE_PRIVACY_ANY: core_privacy = 0;
pub const CORE_PRIVACY_PREFER_LOCAL: core_privacy = 1;
pub const CORE_PRIVACY_LOCAL_ONLY: core_privacy = 2;

pub const CORE_FEATURE_RESERVED_CAPACITY: u32 = 0x01;
pub const CORE_FEATURE_AUDIT_REQUIRED: u32 = 0x02;
pub const CORE_FEATURE_VERBOSE_REASONS: u32 = 0x04;

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct core_edition_profile {
    pub edition: core_edition,
    pub name: *const c_char,
    pub title: *const c_char,
    pub features: u32,
    pub default_privacy: core_privacy,
    pub max_query_bytes: u64,
    pub max_output_tokens: u64,
    pub max_query_cost: i64,
    pub max_plan_nodes: u32,
    pub alert_permille: u16,
}

unsafe extern "C" {
    pub fn core_edition_current() -> core_edition;
    pub fn core_edition_profile_of(
        edition: core_edition,
        out: *mut *const core_edition_profile,
    ) -> core_status;
    pub fn core_edition_parse(name: core_str, out: *mut core_edition) -> core_status;
}
