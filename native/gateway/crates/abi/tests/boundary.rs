//! The boundary as a C caller meets it: wrong pointers, wrong handles, many threads, a real call.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(
    clippy::multiple_unsafe_ops_per_block,
    reason = "a table of refused calls reads better as one block"
)]

use std::ffi::{CStr, CString, c_char};
use std::net::TcpListener;
use std::ptr;

use convergio::convergio_status::*;
use convergio::*;
use serde_json::{Value, json};

fn context(config: &str) -> *mut convergio_context {
    let config = CString::new(config).unwrap();
    let mut ctx = ptr::null_mut();
    // SAFETY: a C string and a valid place.
    let status = unsafe { convergio_context_new(config.as_ptr(), &mut ctx) };
    assert_eq!(status, CONVERGIO_OK, "{}", last_error(ptr::null_mut()));
    ctx
}

/// Takes a returned string over: copies and frees it.
fn take(string: *mut c_char) -> Value {
    // SAFETY: a string that the library just returned.
    let text = unsafe { CStr::from_ptr(string) }.to_str().unwrap().to_owned();
    assert_eq!(convergio_string_free(string), CONVERGIO_OK);
    serde_json::from_str(&text).unwrap()
}

fn last_error(ctx: *mut convergio_context) -> Value {
    let mut out = ptr::null_mut();
    // SAFETY: a valid place.
    assert_eq!(unsafe { convergio_last_error(ctx, &mut out) }, CONVERGIO_OK);
    take(out)
}

type JsonCall = unsafe extern "C" fn(
    *mut convergio_context,
    *const c_char,
    *mut *mut c_char,
) -> convergio_status;

const JSON_CALLS: [JsonCall; 3] = [convergio_query, convergio_route, convergio_plan];

#[test]
fn null_is_refused_everywhere_and_outputs_stay_untouched() {
    let ctx = context("{}");
    let untouched: *mut c_char = ptr::without_provenance_mut(0x5a5a);
    for call in JSON_CALLS {
        let mut out = untouched;
        // SAFETY: NULL is allowed everywhere; `out` is a valid place.
        unsafe {
            assert_eq!(call(ptr::null_mut(), c"x".as_ptr(), &mut out), CONVERGIO_NULL_POINTER);
            assert_eq!(call(ctx, ptr::null(), &mut out), CONVERGIO_NULL_POINTER);
            assert_eq!(call(ctx, c"x".as_ptr(), ptr::null_mut()), CONVERGIO_NULL_POINTER);
            assert_eq!(call(ctx, c"\xff".as_ptr(), &mut out), CONVERGIO_INVALID_UTF8);
        }
        assert_eq!(out, untouched);
    }
    let (mut tokens, mut cost) = (7, 7);
    // SAFETY: as above.
    unsafe {
        assert_eq!(
            convergio_estimate_tokens(ctx, ptr::null(), &mut tokens),
            CONVERGIO_NULL_POINTER
        );
        assert_eq!(
            convergio_estimate_tokens(ctx, c"x".as_ptr(), ptr::null_mut()),
            CONVERGIO_NULL_POINTER
        );
        assert_eq!(convergio_cost(ctx, ptr::null(), 0, 0, 0, 0, &mut cost), CONVERGIO_NULL_POINTER);
        assert_eq!(
            convergio_context_new(ptr::null(), &mut ptr::null_mut()),
            CONVERGIO_NULL_POINTER
        );
        assert_eq!(convergio_context_new(c"{}".as_ptr(), ptr::null_mut()), CONVERGIO_NULL_POINTER);
        assert_eq!(convergio_last_error(ctx, ptr::null_mut()), CONVERGIO_NULL_POINTER);
    }
    assert_eq!((tokens, cost), (7, 7));
    assert_eq!(convergio_string_free(ptr::null_mut()), CONVERGIO_NULL_POINTER);
    assert_eq!(convergio_context_free(ptr::null_mut()), CONVERGIO_NULL_POINTER);
    assert_eq!(convergio_context_free(ctx), CONVERGIO_OK);
}

#[test]
fn double_free_and_use_after_free_are_refused() {
    let ctx = context("{}");
    assert_eq!(convergio_context_free(ctx), CONVERGIO_OK);
    assert_eq!(convergio_context_free(ctx), CONVERGIO_INVALID_HANDLE);
    let mut out = ptr::null_mut();
    for call in JSON_CALLS {
        // SAFETY: a freed handle is looked up, never followed.
        assert_eq!(unsafe { call(ctx, c"x".as_ptr(), &mut out) }, CONVERGIO_INVALID_HANDLE);
    }
    assert!(out.is_null());
}

#[test]
fn texts_beyond_the_limit_are_refused_and_empty_ones_are_fine() {
    let ctx = context("{}");
    let huge = CString::new(vec![b'a'; CONVERGIO_MAX_TEXT_BYTES + 1]).unwrap();
    let mut tokens = 7;
    // SAFETY: C strings and a valid place.
    unsafe {
        let status = convergio_estimate_tokens(ctx, huge.as_ptr(), &mut tokens);
        assert_eq!((status, tokens), (CONVERGIO_TOO_LARGE, 7));
        let status = convergio_estimate_tokens(ctx, c"".as_ptr(), &mut tokens);
        assert_eq!((status, tokens), (CONVERGIO_OK, 0));
    }
    convergio_context_free(ctx);
}

#[test]
fn errors_carry_their_detail_from_the_core_and_from_the_configuration() {
    let ctx = context("{}");
    let plan = c"{\"steps\":[{\"id\":\"a\",\"needs\":[\"b\"]},{\"id\":\"b\",\"needs\":[\"a\"]}]}";
    let mut out = ptr::null_mut();
    // SAFETY: C strings and a valid place.
    let status = unsafe { convergio_plan(ctx, plan.as_ptr(), &mut out) };
    assert_eq!(status, CONVERGIO_INVALID_ARGUMENT);
    let error = last_error(ctx);
    assert_eq!(error["code"], "request.invalid");
    assert!(error["message"].as_str().unwrap().contains("a -> b"), "{error}");

    let mut cost = 7;
    // SAFETY: as above.
    unsafe {
        let status = convergio_cost(ctx, c"none".as_ptr(), 1, 0, 1, 0, &mut cost);
        assert_eq!(status, CONVERGIO_NOT_FOUND);
        let status = convergio_cost(ctx, c"gpt-4o".as_ptr(), i64::MAX, 0, i64::MAX, 0, &mut cost);
        assert_eq!(status, CONVERGIO_INVALID_ARGUMENT);
        let status = convergio_cost(ctx, c"gpt-4o".as_ptr(), 1, 2, 0, 0, &mut cost);
        assert_eq!(status, CONVERGIO_INVALID_ARGUMENT);
    }
    assert_eq!(cost, 7);

    let mut other = ptr::null_mut();
    // SAFETY: as above.
    let status = unsafe { convergio_context_new(c"{\"ruoting\":{}}".as_ptr(), &mut other) };
    assert_eq!((status, other.is_null()), (CONVERGIO_INVALID_CONFIG, true));
    assert!(last_error(ptr::null_mut())["message"].as_str().unwrap().contains("ruoting"));
    convergio_context_free(ctx);
}

#[test]
fn contexts_are_used_created_and_freed_by_many_threads_at_once() {
    // The handle crosses threads as a number, as it may in C.
    let shared = context("{}").addr();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            scope.spawn(move || {
                for round in 0..50 {
                    let own = context("{}");
                    for ctx in [own, ptr::without_provenance_mut(shared)] {
                        let query = CString::new(format!("thread {thread} round {round}")).unwrap();
                        let mut out = ptr::null_mut();
                        // SAFETY: C strings and a valid place.
                        let status = unsafe { convergio_route(ctx, query.as_ptr(), &mut out) };
                        assert_eq!(status, CONVERGIO_OK);
                        assert!(take(out)["model"].is_string());
                    }
                    assert_eq!(convergio_context_free(own), CONVERGIO_OK);
                }
            });
        }
    });
    assert_eq!(convergio_context_free(ptr::without_provenance_mut(shared)), CONVERGIO_OK);
}

/// A provider that answers every call the same way, on its own thread.
fn provider() -> String {
    use axum::{Json, Router, routing::post};
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let answer = json!({
                "id": "1", "object": "chat.completion", "model": "gpt-4o-mini",
                "choices": [{"index": 0, "finish_reason": "stop",
                             "message": {"role": "assistant", "content": "Hello there"}}],
                "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
            });
            let router = Router::new()
                .route("/v1/chat/completions", post(move || async move { Json(answer) }));
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, router).await.unwrap();
        });
    });
    url
}

#[test]
fn a_query_takes_the_real_path_and_the_budget_feels_it() {
    let config = json!({
        "api_key": "sk-own-canary",
        "providers": {"openai": {"base_url": provider()}},
        "budget": {"limit_nano_usd": 1_000_000_000},
    });
    let ctx = context(&config.to_string());
    let shared = ctx.addr();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(move || {
                let ctx = ptr::without_provenance_mut(shared);
                let mut out = ptr::null_mut();
                // SAFETY: C strings and a valid place.
                let status = unsafe { convergio_query(ctx, c"hello".as_ptr(), &mut out) };
                assert_eq!(status, CONVERGIO_OK, "{}", last_error(ctx));
                let reply = take(out);
                assert_eq!(reply["answer"], "Hello there");
                assert_eq!(reply["provider"], "openai");
                assert_eq!(reply["credential_source"], "user");
                assert_eq!(reply["usage"]["total_tokens"], 15);
                assert!(reply["cost_nano_usd"].as_i64().unwrap() > 0);
            });
        }
    });
    assert_eq!(convergio_context_free(ctx), CONVERGIO_OK);
}

#[test]
fn a_provider_that_cannot_be_reached_is_a_status_with_its_reason() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = json!({
        "api_key": "sk-own-canary",
        "providers": {"openai": {"base_url": format!("http://{closed}/v1")}},
        "retry": {"max_retries": 0},
    });
    let ctx = context(&config.to_string());
    let mut out = ptr::null_mut();
    // SAFETY: C strings and a valid place.
    let status = unsafe { convergio_query(ctx, c"hello".as_ptr(), &mut out) };
    assert_eq!((status, out.is_null()), (CONVERGIO_PROVIDER_UNAVAILABLE, true));
    let error = last_error(ctx);
    assert_eq!(
        (&error["code"], &error["retryable"]),
        (&json!("provider.unavailable"), &json!(true))
    );
    assert!(!error.to_string().contains("canary"));
    convergio_context_free(ctx);
}

#[cfg(feature = "fault-injection")]
mod faults {
    use super::*;

    #[test]
    fn a_panic_becomes_a_status_and_the_context_stays_usable() {
        let ctx = context("{}");
        assert_eq!(convergio_test_panic(ctx), CONVERGIO_INTERNAL_PANIC);
        assert_eq!(last_error(ctx)["code"], "internal.panic");
        let mut out = ptr::null_mut();
        // SAFETY: C strings and a valid place.
        assert_eq!(unsafe { convergio_route(ctx, c"hi".as_ptr(), &mut out) }, CONVERGIO_OK);
        take(out);
        convergio_context_free(ctx);
    }

    #[test]
    fn every_allocation_of_the_core_may_fail() {
        let config = c"{\"budget\":{\"limit_nano_usd\":1000}}";
        let mut failures = 0;
        let ctx = loop {
            let mut ctx = ptr::null_mut();
            // SAFETY: C strings and a valid place.
            let status = unsafe { convergio_test_context_new(config.as_ptr(), failures, &mut ctx) };
            if status == CONVERGIO_OK {
                break ctx;
            }
            assert_eq!((status, ctx.is_null()), (CONVERGIO_OUT_OF_MEMORY, true));
            failures += 1;
        };
        assert!(failures > 0, "a budget allocates");
        assert_eq!(convergio_test_fail_allocation(ctx, -1), CONVERGIO_OK);

        let blocks = || {
            let mut blocks = 0;
            // SAFETY: a valid place.
            assert_eq!(unsafe { convergio_test_live_blocks(ctx, &mut blocks) }, CONVERGIO_OK);
            blocks
        };
        let before = blocks();
        let plan = c"{\"steps\":[{\"id\":\"a\"},{\"id\":\"b\",\"needs\":[\"a\"]}]}";
        let mut failures = 0;
        loop {
            assert_eq!(convergio_test_fail_allocation(ctx, failures), CONVERGIO_OK);
            let mut out = ptr::null_mut();
            // SAFETY: C strings and a valid place.
            let status = unsafe { convergio_plan(ctx, plan.as_ptr(), &mut out) };
            if status == CONVERGIO_OK {
                take(out);
                break;
            }
            assert_eq!((status, out.is_null()), (CONVERGIO_OUT_OF_MEMORY, true));
            assert_eq!(blocks(), before, "failure {failures} leaked");
            failures += 1;
        }
        assert!(failures > 0, "a plan allocates");
        convergio_context_free(ctx);
    }
}
