//! What boundary tests need to break on purpose. Behind a feature that no release build has; a test
//! compares the exported symbols with the promised list.
use std::ffi::c_char;

use convergio_core::Allocator;

use crate::context::Context;
use crate::guard::guarded;
use crate::input::text;
use crate::output::Out;
use crate::{contexts, convergio_context, convergio_status};

/// Panics inside the guard. Answers CONVERGIO_INTERNAL_PANIC; the context stays usable.
#[unsafe(no_mangle)]
pub extern "C" fn convergio_test_panic(ctx: *mut convergio_context) -> convergio_status {
    guarded(ctx, || {
        contexts::get(ctx)?;
        panic!("asked for by convergio_test_panic");
    })
}

/// As convergio_context_new(), but the allocation after the first `successes` ones fails, once.
///
/// # Safety
/// `config_json` is NULL or NUL-terminated; `out_ctx` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn convergio_test_context_new(
    config_json: *const c_char,
    successes: u32,
    out_ctx: *mut *mut convergio_context,
) -> convergio_status {
    guarded(std::ptr::null(), || {
        let out = Out::new(out_ctx)?;
        // SAFETY: the caller's promise.
        let config = unsafe { text(config_json, "config_json") }?;
        let allocator = Allocator::new();
        allocator.fail_after(Some(successes));
        let context = Context::new(config, &allocator)?;
        // SAFETY: the caller's promise.
        unsafe { out.write(contexts::insert(context)) };
        Ok(())
    })
}

/// Makes the core's allocation after the next `successes` ones fail, once, in this context only;
/// a negative number disarms.
#[unsafe(no_mangle)]
pub extern "C" fn convergio_test_fail_allocation(
    ctx: *mut convergio_context,
    successes: i32,
) -> convergio_status {
    guarded(ctx, || {
        contexts::get(ctx)?.allocator().fail_after(u32::try_from(successes).ok());
        Ok(())
    })
}

/// Writes how many blocks the core holds for this context.
///
/// # Safety
/// `out_blocks` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn convergio_test_live_blocks(
    ctx: *mut convergio_context,
    out_blocks: *mut u64,
) -> convergio_status {
    guarded(ctx, || {
        let out = Out::new(out_blocks)?;
        let blocks = contexts::get(ctx)?.allocator().live_blocks();
        // SAFETY: the caller's promise.
        unsafe { out.write(blocks as u64) };
        Ok(())
    })
}
