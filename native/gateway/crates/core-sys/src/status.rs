//! `convergio/status.h`
use core::ffi::{c_char, c_int, c_uint};

pub type core_status = c_uint;

pub const CORE_OK: core_status = 0;
pub const CORE_ERR_NULL: core_status = 1;
pub const CORE_ERR_INVALID: core_status = 2;
pub const CORE_ERR_NO_MEMORY: core_status = 3;
pub const CORE_ERR_OVERFLOW: core_status = 4;
pub const CORE_ERR_TOO_LONG: core_status = 5;
pub const CORE_ERR_BUFFER: core_status = 6;
pub const CORE_ERR_UTF8: core_status = 20;
pub const CORE_ERR_NO_CANDIDATES: core_status = 40;
pub const CORE_ERR_PRIVACY_BLOCKED: core_status = 41;
pub const CORE_ERR_OFFLINE_BLOCKED: core_status = 42;
pub const CORE_ERR_UNAVAILABLE: core_status = 43;
pub const CORE_ERR_BUDGET_EXCEEDED: core_status = 44;
pub const CORE_ERR_CAPABILITY: core_status = 45;
pub const CORE_ERR_CONTEXT_WINDOW: core_status = 46;
pub const CORE_ERR_HOST_MEMORY: core_status = 47;
pub const CORE_ERR_RESERVATION_UNKNOWN: core_status = 60;
pub const CORE_ERR_RESERVATION_CLOSED: core_status = 61;
pub const CORE_ERR_RETRY_EXHAUSTED: core_status = 70;
pub const CORE_ERR_RETRY_TOO_LATE: core_status = 71;
pub const CORE_ERR_PLAN_DUPLICATE_ID: core_status = 80;
pub const CORE_ERR_PLAN_UNKNOWN_DEP: core_status = 81;
pub const CORE_ERR_PLAN_SELF_EDGE: core_status = 82;
pub const CORE_ERR_PLAN_CYCLE: core_status = 83;

unsafe extern "C" {
    pub fn core_status_name(status: core_status) -> *const c_char;
    pub fn core_status_text(status: core_status) -> *const c_char;
    pub fn core_status_count() -> c_int;
    pub fn core_status_at(index: c_int, out: *mut core_status) -> core_status;
}
