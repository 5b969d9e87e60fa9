//! The guard around every entry: panics stop here, failures are remembered for the thread.
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use convergio_wire::{Failure, ProviderFailure};
use serde::Serialize;

use crate::convergio_context;
use crate::status::convergio_status::{self, *};

/// Why an entry refuses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Refusal {
    #[serde(serialize_with = "as_number")]
    pub(crate) status: convergio_status,
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) retryable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    param: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<Box<ProviderFailure>>,
}

fn as_number<S: serde::Serializer>(status: &convergio_status, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_i32(*status as i32)
}

impl Refusal {
    pub(crate) fn new(status: convergio_status, message: impl Into<String>) -> Self {
        let code = convergio_status::name(status as i32).to_string_lossy().into_owned();
        Self {
            status,
            code,
            message: message.into(),
            retryable: false,
            param: None,
            retry_after_ms: None,
            provider: None,
        }
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self {
            retryable: failure.retryable,
            param: failure.param,
            retry_after_ms: failure
                .retry_after
                .map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
            provider: failure.provider,
            ..Self::new(failure.code.into(), failure.message)
        }
    }
}

thread_local! {
    /// The last failure of this thread, and the handle it concerned.
    static LAST: RefCell<Option<(usize, Refusal)>> = const { RefCell::new(None) };
}

/// Runs an entry: a panic becomes `CONVERGIO_INTERNAL_PANIC`, a refusal its status; either is
/// remembered for the calling thread as concerning `ctx`.
pub(crate) fn guarded(
    ctx: *const convergio_context,
    entry: impl FnOnce() -> Result<(), Refusal>,
) -> convergio_status {
    match caught(entry) {
        Ok(()) => CONVERGIO_OK,
        Err(refusal) => {
            let status = refusal.status;
            // A thread that is ending has nowhere to remember; the status still tells.
            let _ = LAST.try_with(|last| {
                if let Ok(mut last) = last.try_borrow_mut() {
                    *last = Some((ctx.addr(), refusal));
                }
            });
            status
        }
    }
}

/// As [`guarded`], leaving the remembered failure alone.
pub(crate) fn unremembered(entry: impl FnOnce() -> Result<(), Refusal>) -> convergio_status {
    caught(entry).map_or_else(|refusal| refusal.status, |()| CONVERGIO_OK)
}

fn caught(entry: impl FnOnce() -> Result<(), Refusal>) -> Result<(), Refusal> {
    // Nothing that an entry borrows is looked at again after a panic, except the registries, whose
    // locks recover, and the context, whose parts are each behind their own lock.
    match catch_unwind(AssertUnwindSafe(entry)) {
        Ok(outcome) => outcome,
        Err(payload) => {
            // Dropping the payload may panic as well. What that second panic carries is leaked: to
            // drop it could go on for ever.
            if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
                std::mem::forget(second);
            }
            Err(Refusal::new(
                CONVERGIO_INTERNAL_PANIC,
                "a fault inside the library was stopped at its boundary; please report it",
            ))
        }
    }
}

/// What [`crate::convergio_last_error`] answers.
pub(crate) fn remembered(ctx: *const convergio_context) -> String {
    let last = LAST.try_with(|last| last.borrow().clone()).ok().flatten();
    let refusal = match last {
        Some((concerned, refusal)) if ctx.is_null() || concerned == ctx.addr() => refusal,
        _ => Refusal::new(CONVERGIO_OK, ""),
    };
    serde_json::to_string(&refusal).expect("a refusal is plain data")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_stops_here_even_if_its_payload_panics_when_dropped() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("the payload panics too");
            }
        }
        let status = guarded(std::ptr::null(), || std::panic::panic_any(Bomb));
        assert_eq!(status, CONVERGIO_INTERNAL_PANIC);
        assert!(remembered(std::ptr::null()).contains("internal.panic"));
    }

    #[test]
    fn a_failure_belongs_to_its_thread_and_context() {
        let ctx: *const convergio_context = std::ptr::without_provenance(42);
        let other: *const convergio_context = std::ptr::without_provenance(43);
        guarded(ctx, || Err(Refusal::new(CONVERGIO_INTERNAL, "mine")));
        assert!(remembered(ctx).contains("mine"));
        assert!(remembered(other).contains("\"ok\""));
        assert!(remembered(std::ptr::null()).contains("mine"));
        let elsewhere = std::thread::spawn(|| remembered(std::ptr::null())).join().unwrap();
        assert!(elsewhere.contains("\"ok\""));
    }
}
