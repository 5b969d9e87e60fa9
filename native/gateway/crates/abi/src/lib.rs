//! `libconvergio`: the C ABI of the engine.
//!
//! The four rules of this boundary, and where each is kept:
//!
//! 1. **Rust owns memory.** Strings that leave are registered (`strings.rs`) and come back through
//!    [`convergio_string_free`]; contexts are handles that are looked up, never dereferenced
//!    (`contexts.rs`). A double free, a use after free or a foreign pointer gets a status.
//! 2. **Errors are values.** Every fallible function returns a [`convergio_status`]; outputs come
//!    last and are written only on success; the detail is in [`convergio_last_error`].
//! 3. **Types are mapped in one place.** `input.rs` turns C text into `&str` (NULL, length and UTF-8
//!    checked), `output.rs` writes results.
//! 4. **Nothing mutable is shared.** A context has its own engine, budget and runtime. The two
//!    registries hold only ownership, and are locked. The last error belongs to the calling thread.
//!
//! A panic never crosses: `guard.rs` turns it into `CONVERGIO_INTERNAL_PANIC`.
//!
//! The C header is generated from this file by `cargo run -p xtask -- header`.
#![allow(non_camel_case_types, reason = "these are the C names")]

mod context;
mod contexts;
mod guard;
mod input;
mod output;
mod status;
mod strings;

#[cfg(feature = "fault-injection")]
mod fault_injection;

use std::ffi::{CStr, c_char};

use convergio_wire::Usage;

pub use status::convergio_status;

#[cfg(feature = "fault-injection")]
pub use fault_injection::{
    convergio_test_context_new, convergio_test_fail_allocation, convergio_test_live_blocks,
    convergio_test_panic,
};

use guard::{guarded, remembered};
use input::text;
use output::Out;

/// Raised by one with every change that breaks a compiled caller. Compare it with
/// convergio_abi_version() before any other call.
pub const CONVERGIO_ABI_VERSION: u32 = 1;

/// Longest text, in bytes without the terminating NUL, that any function accepts. A longer one is
/// refused with CONVERGIO_TOO_LARGE after at most this many bytes were read.
pub const CONVERGIO_MAX_TEXT_BYTES: usize = 16_777_216;

/// One independent engine: configuration, catalogue, budget, connections. Opaque: the pointer is a
/// handle and points at nothing. It may be used from many threads at once.
pub struct convergio_context {
    _opaque: [u8; 0],
}

/// The version of the library, SemVer. Static storage, never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn convergio_version() -> *const c_char {
    const VERSION: &CStr =
        match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
            Ok(version) => version,
            Err(_) => panic!("a version holds no NUL"),
        };
    VERSION.as_ptr()
}

/// The version of the C core inside, SemVer. Static storage, never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn convergio_core_version() -> *const c_char {
    // The core's own static, NUL-terminated text.
    convergio_core::version_c().as_ptr()
}

/// The edition this library was built as: "master", "education", "business" or "developer".
/// Static storage, never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn convergio_edition() -> *const c_char {
    let name = match convergio_core::Edition::current() {
        convergio_core::Edition::Master => c"master",
        convergio_core::Edition::Education => c"education",
        convergio_core::Edition::Business => c"business",
        convergio_core::Edition::Developer => c"developer",
    };
    name.as_ptr()
}

/// CONVERGIO_ABI_VERSION as compiled into the library.
#[unsafe(no_mangle)]
pub extern "C" fn convergio_abi_version() -> u32 {
    CONVERGIO_ABI_VERSION
}

/// The stable code of a status, such as "provider.timeout"; "unknown" for any other number.
/// Static storage, never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn convergio_status_name(status: i32) -> *const c_char {
    convergio_status::name(status).as_ptr()
}

/// Creates a context from a JSON configuration and writes it to `*out_ctx`. "{}" takes every
/// default. Connects to nothing. Free it with convergio_context_free().
///
/// Keys, all optional; an unknown one is refused:
///   "api_key"    the caller's own provider key; answers then say credential_source "user"
///   "providers"  {"openai": {"base_url", "api_key" (the house key), "allow_plaintext_http"}}
///   "routing"    {"privacy": "any"|"prefer_local"|"local_only", "offline", "min_capability",
///                 "local_margin", "max_output_tokens", "max_query_cost_nano_usd"}
///   "retry"      {"max_retries", "base_ms", "cap_ms", "max_retry_after_ms"}
///   "timeouts"   {"connect_ms", "request_ms", "stream_idle_ms"}
///   "budget"     {"limit_nano_usd", "spent_nano_usd"}
///   "models"     [...] replaces the built-in catalogue
///
/// CONVERGIO_NULL_POINTER, CONVERGIO_INVALID_UTF8, CONVERGIO_TOO_LARGE, CONVERGIO_INVALID_CONFIG
/// (every problem is in convergio_last_error(NULL, ...)), CONVERGIO_OUT_OF_MEMORY.
///
/// # Safety
/// `config_json` is NULL or NUL-terminated; `out_ctx` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn convergio_context_new(
    config_json: *const c_char,
    out_ctx: *mut *mut convergio_context,
) -> convergio_status {
    guarded(std::ptr::null(), || {
        let out = Out::new(out_ctx)?;
        // SAFETY: the caller's promise.
        let config = unsafe { text(config_json, "config_json") }?;
        let allocator = convergio_core::Allocator::new();
        let context = context::Context::new(config, &allocator)?;
        // SAFETY: the caller's promise.
        unsafe { out.write(contexts::insert(context)) };
        Ok(())
    })
}

/// Frees a context. A call that another thread has begun with it still ends well; any later use of
/// the handle is refused. CONVERGIO_NULL_POINTER; CONVERGIO_INVALID_HANDLE for a handle that was
/// already freed, or never was one.
#[unsafe(no_mangle)]
pub extern "C" fn convergio_context_free(ctx: *mut convergio_context) -> convergio_status {
    guarded(ctx, || contexts::remove(ctx).map(drop))
}

/// Answers `query` (UTF-8 text): routes it in the C core, asks the provider, settles the cost.
/// Blocks until the answer is whole. On success `*out_json` is a string to be freed with
/// convergio_string_free():
///   {"answer", "provider", "model", "credential_source", "fallback_from"?, "usage": {...},
///    "cost_nano_usd", "route": {...}, "response": the provider's JSON}
///
/// Not to be called from inside an async runtime's thread. CONVERGIO_NULL_POINTER,
/// CONVERGIO_INVALID_UTF8, CONVERGIO_TOO_LARGE, CONVERGIO_INVALID_HANDLE,
/// CONVERGIO_INVALID_ARGUMENT, and the CONVERGIO_* of provider, key, budget and privacy.
///
/// # Safety
/// `query` is NULL or NUL-terminated; `out_json` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn convergio_query(
    ctx: *mut convergio_context,
    query: *const c_char,
    out_json: *mut *mut c_char,
) -> convergio_status {
    guarded(ctx, || {
        let out = Out::new(out_json)?;
        let context = contexts::get(ctx)?;
        // SAFETY: the caller's promise.
        let query = unsafe { text(query, "query") }?;
        let answer = context.query(query)?;
        // SAFETY: the caller's promise.
        unsafe { out.write(strings::lend(answer)?) };
        Ok(())
    })
}

/// Decides which model would answer `query`, and why; calls nobody and spends nothing. On success
/// `*out_json` is a string to be freed with convergio_string_free():
///   {"model", "provider", "reason", "reason_text", "explanation", "complexity": {...}, "capable",
///    "input_tokens", "estimated_cost_nano_usd", "elsewhere": null | {"model", "provider",
///    "estimated_cost_nano_usd"}, "fallbacks": [...], "removed": {...}}
///
/// Errors as convergio_query(), without those of the provider.
///
/// # Safety
/// `query` is NULL or NUL-terminated; `out_json` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn convergio_route(
    ctx: *mut convergio_context,
    query: *const c_char,
    out_json: *mut *mut c_char,
) -> convergio_status {
    guarded(ctx, || {
        let out = Out::new(out_json)?;
        let context = contexts::get(ctx)?;
        // SAFETY: the caller's promise.
        let query = unsafe { text(query, "query") }?;
        let route = context.route(query)?;
        // SAFETY: the caller's promise.
        unsafe { out.write(strings::lend(route)?) };
        Ok(())
    })
}

/// Estimates the tokens of `text`; 0 only for the empty text. For routing and reservations, never
/// for billing. CONVERGIO_NULL_POINTER, CONVERGIO_INVALID_UTF8, CONVERGIO_TOO_LARGE,
/// CONVERGIO_INVALID_HANDLE.
///
/// # Safety
/// `text` is NULL or NUL-terminated; `out_tokens` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn convergio_estimate_tokens(
    ctx: *mut convergio_context,
    text: *const c_char,
    out_tokens: *mut u64,
) -> convergio_status {
    guarded(ctx, || {
        let out = Out::new(out_tokens)?;
        let context = contexts::get(ctx)?;
        // SAFETY: the caller's promise.
        let text = unsafe { self::text(text, "text") }?;
        let tokens = context.engine().estimate_tokens(text)?;
        // SAFETY: the caller's promise.
        unsafe { out.write(tokens) };
        Ok(())
    })
}

/// What a call to `model` costs at list price, in nano-dollars (10^-9 US dollar). Tokens as OpenAI
/// reports them: `prompt_tokens` includes `cached_tokens`, `completion_tokens` includes
/// `reasoning_tokens`. CONVERGIO_NOT_FOUND for an unknown model; CONVERGIO_INVALID_ARGUMENT for a
/// negative count, a part above its total, or a result that does not fit; else as
/// convergio_estimate_tokens().
///
/// # Safety
/// `model` is NULL or NUL-terminated; `out_nano_usd` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn convergio_cost(
    ctx: *mut convergio_context,
    model: *const c_char,
    prompt_tokens: i64,
    cached_tokens: i64,
    completion_tokens: i64,
    reasoning_tokens: i64,
    out_nano_usd: *mut i64,
) -> convergio_status {
    guarded(ctx, || {
        let out = Out::new(out_nano_usd)?;
        let context = contexts::get(ctx)?;
        // SAFETY: the caller's promise.
        let model = unsafe { text(model, "model") }?;
        let usage = Usage {
            prompt_tokens,
            cached_tokens,
            completion_tokens,
            reasoning_tokens,
            ..Usage::default()
        };
        let cost = context.engine().cost(model, &usage)?;
        // SAFETY: the caller's promise.
        unsafe { out.write(cost) };
        Ok(())
    })
}

/// Validates and schedules an agent plan. `plan_json` is
///   {"steps": [{"id", "needs": [ids], "duration_ms"}, ...]}
/// On success `*out_json` is a string to be freed with convergio_string_free():
///   {"order": [ids], "critical_path": [ids], "total_ms"}
/// CONVERGIO_INVALID_ARGUMENT names the step at fault, or the members of a cycle;
/// CONVERGIO_OUT_OF_MEMORY; else as convergio_estimate_tokens().
///
/// # Safety
/// `plan_json` is NULL or NUL-terminated; `out_json` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn convergio_plan(
    ctx: *mut convergio_context,
    plan_json: *const c_char,
    out_json: *mut *mut c_char,
) -> convergio_status {
    guarded(ctx, || {
        let out = Out::new(out_json)?;
        let context = contexts::get(ctx)?;
        // SAFETY: the caller's promise.
        let plan = unsafe { text(plan_json, "plan_json") }?;
        let schedule = context.schedule(plan)?;
        // SAFETY: the caller's promise.
        unsafe { out.write(strings::lend(schedule)?) };
        Ok(())
    })
}

/// The last failure of the calling thread, as a string to be freed with convergio_string_free():
///   {"status", "code", "message", "retryable", "param"?, "retry_after_ms"?, "provider"?: {...}}
/// With a context: the last failure of this thread if it concerned that context. With NULL: whatever
/// failed last on this thread, convergio_context_new() included. Without a failure, status is 0 and
/// code "ok". A later success does not erase it; reading does not either.
///
/// # Safety
/// `out_json` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn convergio_last_error(
    ctx: *mut convergio_context,
    out_json: *mut *mut c_char,
) -> convergio_status {
    // The failures of this function are not remembered: they would replace the answer.
    guard::unremembered(|| {
        let out = Out::new(out_json)?;
        if !ctx.is_null() {
            contexts::get(ctx)?;
        }
        // SAFETY: the caller's promise.
        unsafe { out.write(strings::lend(remembered(ctx))?) };
        Ok(())
    })
}

/// Frees a string that this library returned. CONVERGIO_NULL_POINTER; CONVERGIO_INVALID_STRING for
/// a string that was already freed, or did not come from this library; it is then left alone. (An
/// address may be handed out again for a newer string: free each string once.)
#[unsafe(no_mangle)]
pub extern "C" fn convergio_string_free(string: *mut c_char) -> convergio_status {
    guarded(std::ptr::null(), || strings::take_back(string))
}
