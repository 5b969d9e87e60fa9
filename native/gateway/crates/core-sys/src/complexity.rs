//! `convergio/complexity.h`
use crate::status::core_status;
use crate::types::core_str;

pub const CORE_COMPLEXITY_VERSION: u32 = 2;
pub const CORE_COMPLEXITY_MAX: u32 = 1000;
pub const CORE_COMPLEXITY_EVEN: u32 = 400;

#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct core_complexity {
    pub version: u32,
    pub score: u16,
    pub base: i16,
    pub subject: i16,
    pub reasoning: i16,
    pub everyday: i16,
    pub given: i16,
    pub vocabulary: i16,
    pub math: i16,
    pub code: i16,
    pub structure: i16,
    pub length: i16,
}

unsafe extern "C" {
    pub fn core_complexity_score(text: core_str, out: *mut core_complexity) -> core_status;
}
