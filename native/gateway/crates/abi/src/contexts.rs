//! Contexts by handle. A handle is a slot and a generation, dressed as a pointer and never followed,
//! so that a freed, forged or foreign one is found out instead of being undefined behaviour.
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use slotmap::{DefaultKey, Key, KeyData, SlotMap};

use crate::context::Context;
use crate::convergio_context;
use crate::guard::Refusal;
use crate::status::convergio_status::{CONVERGIO_INVALID_HANDLE, CONVERGIO_NULL_POINTER};

#[cfg(not(target_pointer_width = "64"))]
compile_error!("a handle holds a slot and a generation and needs 64 bits");

/// Only ownership is kept here: a context is shared by reference count, never through this table.
struct Registry {
    contexts: RwLock<SlotMap<DefaultKey, Arc<Context>>>,
    /// Mixed into every handle, different in each copy of the library: a handle of another copy in
    /// the same process, or of an earlier process, names nothing here.
    salt: u64,
}

fn registry() -> &'static Registry {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    REGISTRY.get_or_init(|| Registry {
        contexts: RwLock::default(),
        salt: RandomState::new().hash_one("convergio context handles"),
    })
}

fn handle(key: DefaultKey, salt: u64) -> *mut convergio_context {
    // Exact: the pointer width was checked above.
    std::ptr::without_provenance_mut((key.data().as_ffi() ^ salt) as usize)
}

/// The key a handle names. None for a value that is no handle at all: reading a key forgives the
/// lowest bit of its generation, so every key is written back and compared.
fn key(given: *const convergio_context, salt: u64) -> Option<DefaultKey> {
    let key = KeyData::from_ffi(given.addr() as u64 ^ salt).into();
    (handle(key, salt).addr() == given.addr()).then_some(key)
}

/// Takes a context in and gives out its handle.
pub(crate) fn insert(context: Context) -> *mut convergio_context {
    let registry = registry();
    let context = Arc::new(context);
    let mut contexts = registry.contexts.write().unwrap_or_else(PoisonError::into_inner);
    loop {
        let key = contexts.insert(Arc::clone(&context));
        let handle = handle(key, registry.salt);
        if !handle.is_null() {
            return handle;
        }
        // The salt made NULL of this key: give the slot its next generation. Once in 2^64.
        contexts.remove(key);
    }
}

/// The context of a handle, kept alive for as long as the result lives.
pub(crate) fn get(handle: *const convergio_context) -> Result<Arc<Context>, Refusal> {
    if handle.is_null() {
        return Err(Refusal::new(CONVERGIO_NULL_POINTER, "ctx is NULL"));
    }
    let registry = registry();
    let contexts = registry.contexts.read().unwrap_or_else(PoisonError::into_inner);
    key(handle, registry.salt).and_then(|key| contexts.get(key).cloned()).ok_or_else(invalid)
}

/// Takes a context out. It is dropped when the last call that uses it has ended.
pub(crate) fn remove(handle: *const convergio_context) -> Result<Arc<Context>, Refusal> {
    if handle.is_null() {
        return Err(Refusal::new(CONVERGIO_NULL_POINTER, "ctx is NULL"));
    }
    let registry = registry();
    let mut contexts = registry.contexts.write().unwrap_or_else(PoisonError::into_inner);
    key(handle, registry.salt).and_then(|key| contexts.remove(key)).ok_or_else(invalid)
}

fn invalid() -> Refusal {
    Refusal::new(
        CONVERGIO_INVALID_HANDLE,
        "ctx was freed, or is not a context of this library; create one with convergio_context_new()",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn context() -> Context {
        Context::new("{}", &convergio_core::Allocator::new()).unwrap()
    }

    #[test]
    fn a_freed_handle_stays_refused_even_when_its_slot_is_used_again() {
        let old = insert(context());
        remove(old).unwrap();
        let new = insert(context());
        assert_ne!(old, new);
        assert_eq!(get(old).unwrap_err().status, CONVERGIO_INVALID_HANDLE);
        assert!(get(new).is_ok());
        remove(new).unwrap();
        assert_eq!(remove(new).unwrap_err().status, CONVERGIO_INVALID_HANDLE);
    }

    #[test]
    fn no_single_bit_error_in_a_handle_goes_unseen() {
        let live = insert(context());
        for bit in 0..u64::BITS {
            let forged = std::ptr::without_provenance(live.addr() ^ (1 << bit));
            assert!(get(forged).is_err(), "bit {bit}");
        }
        remove(live).unwrap();
    }

    #[test]
    fn a_context_outlives_its_handle_while_a_call_uses_it() {
        let handle = insert(context());
        let in_use = get(handle).unwrap();
        remove(handle).unwrap();
        assert!(in_use.route("still here").is_ok());
    }

    proptest! {
        #[test]
        fn a_forged_handle_is_refused(forged: usize) {
            let live = insert(context());
            prop_assume!(forged != live.addr() && forged != 0);
            let refusal = get(std::ptr::without_provenance(forged)).unwrap_err();
            prop_assert_eq!(refusal.status, CONVERGIO_INVALID_HANDLE);
            remove(live).unwrap();
        }
    }
}
