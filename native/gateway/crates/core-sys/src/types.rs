//! `convergio/types.h`
use core::ffi::{c_char, c_void};

use crate::status::core_status;

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct core_str {
    pub data: *const c_char,
    pub len: usize,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct core_error {
    pub code: core_status,
    pub text: *const c_char,
    pub offset: usize,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct core_allocator {
    pub user: *mut c_void,
    pub alloc: Option<unsafe extern "C" fn(user: *mut c_void, size: usize) -> *mut c_void>,
    pub realloc: Option<
        unsafe extern "C" fn(
            user: *mut c_void,
            ptr: *mut c_void,
            old_size: usize,
            new_size: usize,
        ) -> *mut c_void,
    >,
    pub free: Option<unsafe extern "C" fn(user: *mut c_void, ptr: *mut c_void, size: usize)>,
}
