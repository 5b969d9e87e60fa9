//! `convergio/budget.h`
use core::ffi::{c_char, c_uint};

use crate::status::core_status;
use crate::types::core_allocator;

/// Opaque; only ever behind a pointer.
#[repr(C)]
pub struct core_budget {
    _opaque: [u8; 0],
    _not_send: core::marker::PhantomData<*mut u8>,
}

pub type core_reservation = u64;

pub type core_budget_level = c_uint;
pub const CORE_BUDGET_NORMAL: core_budget_level = 0;
pub const CORE_BUDGET_ALERT: core_budget_level = 1;
pub const CORE_BUDGET_CHEAPER: core_budget_level = 2;
pub const CORE_BUDGET_BLOCKED: core_budget_level = 3;

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct core_budget_config {
    pub limit: i64,
    pub spent: i64,
    pub alert_permille: u16,
    pub cheaper_permille: u16,
    pub block_permille: u16,
    pub max_open: u32,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct core_budget_state {
    pub limit: i64,
    pub spent: i64,
    pub reserved: i64,
    pub left: i64,
    pub level: core_budget_level,
    pub open: u32,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct core_budget_change {
    pub level: core_budget_level,
    pub first_reached: bool,
}

unsafe extern "C" {
    pub fn core_budget_config_init(out: *mut core_budget_config) -> core_status;
    pub fn core_budget_new(
        allocator: *const core_allocator,
        config: *const core_budget_config,
        out: *mut *mut core_budget,
    ) -> core_status;
    pub fn core_budget_free(budget: *mut core_budget);
    pub fn core_budget_reserve(
        budget: *mut core_budget,
        amount: i64,
        out: *mut core_reservation,
        change: *mut core_budget_change,
    ) -> core_status;
    pub fn core_budget_settle(
        budget: *mut core_budget,
        reservation: core_reservation,
        actual: i64,
        change: *mut core_budget_change,
    ) -> core_status;
    pub fn core_budget_release(
        budget: *mut core_budget,
        reservation: core_reservation,
        change: *mut core_budget_change,
    ) -> core_status;
    pub fn core_budget_begin_period(budget: *mut core_budget, limit: i64) -> core_status;
    pub fn core_budget_read(budget: *const core_budget, out: *mut core_budget_state)
    -> core_status;
    pub fn core_budget_level_name(level: core_budget_level) -> *const c_char;
}
