//! `convergio/text.h`
use crate::status::core_status;
use crate::types::{core_error, core_str};

pub const CORE_TEXT_ESTIMATE_VERSION: u32 = 1;

unsafe extern "C" {
    pub fn core_text_validate(text: core_str, max_len: usize, err: *mut core_error) -> core_status;
    pub fn core_text_estimate_tokens(text: core_str, out: *mut u64) -> core_status;
    pub fn core_text_truncate(text: core_str, max_len: usize, out: *mut usize) -> core_status;
}
