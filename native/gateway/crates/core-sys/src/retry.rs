//! `convergio/retry.h`
use crate::status::core_status;

pub const CORE_RETRY_AFTER_NONE: i64 = -1;

#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct core_retry_policy {
    pub base_ms: u32,
    pub cap_ms: u32,
    pub max_retries: u32,
    pub max_retry_after_ms: u32,
}

unsafe extern "C" {
    pub fn core_retry_policy_init(out: *mut core_retry_policy) -> core_status;
    pub fn core_retry_delay(
        policy: *const core_retry_policy,
        retry: u32,
        random: u64,
        retry_after_ms: i64,
        out_ms: *mut u64,
    ) -> core_status;
}
