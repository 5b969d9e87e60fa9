//! `convergio/cost.h`
use crate::status::core_status;

#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct core_price {
    pub input: i64,
    pub cached_input: i64,
    pub output: i64,
    pub reasoning: i64,
    pub cache_write: i64,
    pub cache_write_long: i64,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct core_usage {
    pub input: i64,
    pub cached_input: i64,
    pub output: i64,
    pub reasoning: i64,
    pub cache_write: i64,
    pub cache_write_long: i64,
}

unsafe extern "C" {
    pub fn core_usage_split(
        total_input: i64,
        cached: i64,
        total_output: i64,
        reasoning: i64,
        out: *mut core_usage,
    ) -> core_status;
    pub fn core_cost_total(
        price: *const core_price,
        usage: *const core_usage,
        out: *mut i64,
    ) -> core_status;
    pub fn core_cost_add(a: i64, b: i64, out: *mut i64) -> core_status;
}
