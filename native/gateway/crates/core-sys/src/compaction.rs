//! `convergio/compaction.h`
use core::ffi::c_uint;

use crate::status::core_status;
use crate::types::core_error;

pub type core_role = c_uint;
pub const CORE_ROLE_SYSTEM: core_role = 0;
pub const CORE_ROLE_USER: core_role = 1;
pub const CORE_ROLE_ASSISTANT: core_role = 2;
pub const CORE_ROLE_TOOL: core_role = 3;

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct core_message {
    pub role: core_role,
    pub pinned: bool,
    pub tokens: u64,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct core_compaction_config {
    pub context_window: u64,
    pub reserved_output: u64,
    pub trigger_permille: u16,
    pub target_permille: u16,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct core_compaction {
    pub needed: bool,
    pub tokens_before: u64,
    pub tokens_kept: u64,
    pub summary_tokens: u64,
    pub kept: usize,
    pub compacted: usize,
}

unsafe extern "C" {
    pub fn core_compaction_config_init(
        context_window: u64,
        reserved_output: u64,
        out: *mut core_compaction_config,
    ) -> core_status;
    pub fn core_compaction_decide(
        config: *const core_compaction_config,
        messages: *const core_message,
        count: usize,
        keep: *mut bool,
        out: *mut core_compaction,
        err: *mut core_error,
    ) -> core_status;
}
