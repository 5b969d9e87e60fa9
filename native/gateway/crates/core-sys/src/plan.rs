//! `convergio/plan.h`
use crate::status::core_status;
use crate::types::{core_allocator, core_error, core_str};

pub const CORE_PLAN_MAX_NODES: usize = 65_536;
pub const CORE_PLAN_MAX_EDGES: usize = 1_048_576;

/// Opaque; only ever behind a pointer.
#[repr(C)]
pub struct core_plan {
    _opaque: [u8; 0],
    _not_send: core::marker::PhantomData<*mut u8>,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct core_plan_node {
    pub id: core_str,
    pub deps: *const core_str,
    pub deps_len: usize,
    pub duration_ms: u64,
}

unsafe extern "C" {
    pub fn core_plan_new(
        allocator: *const core_allocator,
        nodes: *const core_plan_node,
        count: usize,
        out: *mut *mut core_plan,
        err: *mut core_error,
    ) -> core_status;
    pub fn core_plan_free(plan: *mut core_plan);
    pub fn core_plan_order(
        plan: *const core_plan,
        order: *mut *const usize,
        len: *mut usize,
    ) -> core_status;
    pub fn core_plan_critical_path(
        plan: *const core_plan,
        path: *mut *const usize,
        len: *mut usize,
        total_ms: *mut u64,
    ) -> core_status;
    pub fn core_plan_find_cycle(
        allocator: *const core_allocator,
        nodes: *const core_plan_node,
        count: usize,
        members: *mut usize,
        len: *mut usize,
        err: *mut core_error,
    ) -> core_status;
}
