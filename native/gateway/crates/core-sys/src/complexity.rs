//! `convergio/complexity.h`
use crate::status::core_status;
use crate::types::core_str;

pub const CORE_COMPLEXITY_VERSION: u32 = 1;
pub const CORE_COMPLEXITY_MAX: u32 = 1000;

#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct core_complexity {
    pub score: u16,
    pub length: u16,
    pub reasoning: u16,
    pub code: u16,
    pub math: u16,
    pub structure: u16,
    pub vocabulary: u16,
}

unsafe extern "C" {
    pub fn core_complexity_score(text: core_str, out: *mut core_complexity) -> core_status;
}
