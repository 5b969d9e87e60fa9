//! What a crossing of the C ABI and a routing decision cost, as one line of JSON.
//!
//! `cargo run --release -p convergio-abi --example bench-abi`
//!
//! Each figure is the lowest of many rounds, in nanoseconds of CPU time of this thread per call: the
//! lowest, because everything that disturbs a round only adds to it. A crossing is a call with a
//! context and an output (handle looked up, guard entered, NULL checked); `convergio_version`, which
//! does none of that, is there for comparison. The decision is measured twice: in the core as Rust
//! calls it, and through the ABI with its JSON.
use std::ffi::CString;
use std::ptr;

use convergio::*;
use convergio_core::{Candidate, Locality, Price, Privacy, RouteRequest};

/// Median-free minimum: nanoseconds per call of `call`, over `rounds` rounds of `calls` calls.
fn lowest(rounds: u32, calls: u32, mut call: impl FnMut()) -> f64 {
    (0..rounds)
        .map(|_| {
            let start = cpu_nanoseconds();
            for _ in 0..calls {
                call();
            }
            (cpu_nanoseconds() - start) as f64 / f64::from(calls)
        })
        .fold(f64::INFINITY, f64::min)
}

/// CPU time of this thread.
fn cpu_nanoseconds() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    assert_eq!(failed, 0, "no CPU clock for threads");
    u64::try_from(time.tv_sec * 1_000_000_000 + time.tv_nsec).expect("time is not negative")
}

/// One kibibyte of ordinary words.
fn one_kilobyte() -> String {
    let words = "Compare the two designs and explain why the second is safer under load. ";
    words.repeat(15)[..1024].to_owned()
}

fn main() {
    let mut ctx = ptr::null_mut();
    // SAFETY: a C string and a valid place.
    let created = unsafe { convergio_context_new(c"{}".as_ptr(), &mut ctx) };
    assert_eq!(created, convergio_status::CONVERGIO_OK);

    let plain = lowest(50, 100_000, || {
        std::hint::black_box(convergio_version());
    });
    let mut tokens = 0;
    let crossing = lowest(50, 100_000, || {
        // SAFETY: C strings and valid places that outlive the call.
        let status = unsafe { convergio_estimate_tokens(ctx, c"".as_ptr(), &mut tokens) };
        assert_eq!(std::hint::black_box(status), convergio_status::CONVERGIO_OK);
    });

    let text = one_kilobyte();
    let price = Price { input: 150_000_000, output: 600_000_000, ..Price::default() };
    let candidates: Vec<_> = (0..8)
        .map(|index| Candidate {
            id: "model",
            provider: "provider",
            locality: Locality::Cloud,
            price,
            context_window: 128_000,
            memory_bytes: 0,
            features: 0,
            capability: 100 * index,
            healthy: true,
        })
        .collect();
    let request = RouteRequest {
        text: &text,
        input_tokens: 0,
        max_output_tokens: 1_000,
        budget_left: None,
        max_query_cost: None,
        memory_available: None,
        privacy: Privacy::Any,
        required_features: 0,
        min_capability: 0,
        local_margin: 0,
        offline: false,
        prefer_cheaper: false,
    };
    let decision = lowest(50, 2_000, || {
        let decision = convergio_core::decide(&request, &candidates).expect("a decision");
        std::hint::black_box(decision);
    });
    let query = CString::new(text.as_str()).expect("no NUL");
    let route = lowest(30, 1_000, || {
        let mut json = ptr::null_mut();
        // SAFETY: C strings and valid places that outlive the call.
        let status = unsafe { convergio_route(ctx, query.as_ptr(), &mut json) };
        assert_eq!(status, convergio_status::CONVERGIO_OK);
        assert_eq!(convergio_string_free(json), convergio_status::CONVERGIO_OK);
    });
    assert_eq!(convergio_context_free(ctx), convergio_status::CONVERGIO_OK);

    println!(
        "{}",
        serde_json::json!({
            "unit": "ns of CPU time per call, lowest round",
            "convergio_version": plain,
            "crossing": crossing,
            "crossing_bar": 100,
            "route_decision_1_kib": decision,
            "route_decision_bar": 5_000,
            "route_through_abi_with_json": route,
        })
    );
}
