//! `convergio/route.h`
use core::ffi::{c_char, c_uint};

use crate::complexity::core_complexity;
use crate::cost::core_price;
use crate::edition::core_privacy;
use crate::status::core_status;
use crate::types::{core_error, core_str};

pub const CORE_ROUTE_MAX_CANDIDATES: usize = 64;
pub const CORE_ROUTE_NO_BUDGET: i64 = i64::MAX;
pub const CORE_ROUTE_MEMORY_UNKNOWN: u64 = u64::MAX;
pub const CORE_ROUTE_NOWHERE: u16 = u16::MAX;
pub const CORE_ROUTE_EXPLAIN_MAX: usize = 1536;
pub const CORE_ROUTE_STAGES: usize = 7;

pub type core_locality = c_uint;
pub const CORE_LOCALITY_CLOUD: core_locality = 0;
pub const CORE_LOCALITY_LOCAL: core_locality = 1;

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct core_route_candidate {
    pub id: core_str,
    pub provider: core_str,
    pub locality: core_locality,
    pub price: core_price,
    pub context_window: u64,
    pub memory_bytes: u64,
    pub features: u32,
    pub capability: u16,
    pub healthy: bool,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct core_route_request {
    pub text: core_str,
    pub input_tokens: u64,
    pub max_output_tokens: u64,
    pub budget_left: i64,
    pub max_query_cost: i64,
    pub memory_available: u64,
    pub privacy: core_privacy,
    pub required_features: u32,
    pub min_capability: u16,
    pub local_margin: i16,
    pub offline: bool,
    pub prefer_cheaper: bool,
}

pub type core_route_reason = c_uint;
pub const CORE_REASON_PRIVACY_LOCAL_ONLY: core_route_reason = 1;
pub const CORE_REASON_OFFLINE: core_route_reason = 2;
pub const CORE_REASON_BUDGET_CHEAPER: core_route_reason = 3;
pub const CORE_REASON_ONLY_CANDIDATE: core_route_reason = 4;
pub const CORE_REASON_BEST_EFFORT: core_route_reason = 5;
pub const CORE_REASON_LOCAL_PREFERRED: core_route_reason = 6;
pub const CORE_REASON_SIMPLE_LOCAL: core_route_reason = 7;
pub const CORE_REASON_CHEAPEST_CAPABLE: core_route_reason = 8;

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct core_route_decision {
    pub complexity: core_complexity,
    pub input_tokens: u64,
    pub estimated_cost: i64,
    pub elsewhere_cost: i64,
    pub reason: core_route_reason,
    pub reason_text: *const c_char,
    pub elsewhere: u16,
    pub capable: bool,
    pub removed: [u16; CORE_ROUTE_STAGES],
    pub chain_len: u16,
    pub chain: [u16; CORE_ROUTE_MAX_CANDIDATES],
}

unsafe extern "C" {
    pub fn core_route_request_init(out: *mut core_route_request) -> core_status;
    pub fn core_route_decide(
        request: *const core_route_request,
        candidates: *const core_route_candidate,
        count: usize,
        out: *mut core_route_decision,
        err: *mut core_error,
    ) -> core_status;
    pub fn core_route_reason_name(reason: core_route_reason) -> *const c_char;
    pub fn core_route_reason_text(reason: core_route_reason) -> *const c_char;
    pub fn core_route_explain(
        decision: *const core_route_decision,
        candidates: *const core_route_candidate,
        count: usize,
        verbose: bool,
        buf: *mut c_char,
        cap: usize,
        len: *mut usize,
    ) -> core_status;
}
