//! Strings that were lent to C. Each is known by its address until it comes back, so that a second
//! free, or a string that was never ours, is refused instead of corrupting the heap.
use std::collections::HashMap;
use std::ffi::{CString, c_char};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crate::guard::Refusal;
use crate::status::convergio_status::{
    CONVERGIO_INTERNAL, CONVERGIO_INVALID_STRING, CONVERGIO_NULL_POINTER,
};

/// A string that is out on loan, with its length: C may write a NUL into it and so shorten the
/// text, never the block.
struct Lent(*mut [u8]);

// SAFETY: a heap block without an owner; whoever takes it out of the registry becomes the owner.
unsafe impl Send for Lent {}

/// Only ownership is kept here; no caller can reach what is in it.
fn registry() -> MutexGuard<'static, HashMap<usize, Lent>> {
    static LENT: OnceLock<Mutex<HashMap<usize, Lent>>> = OnceLock::new();
    // A panic cannot leave the map half changed, so a poisoned lock is still good.
    LENT.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives `text` to C.
pub(crate) fn lend(text: String) -> Result<*mut c_char, Refusal> {
    let text = CString::new(text)
        .map_err(|_| Refusal::new(CONVERGIO_INTERNAL, "a result holds a NUL byte"))?;
    let block = Box::into_raw(text.into_bytes_with_nul().into_boxed_slice());
    let pointer = block.cast::<c_char>();
    registry().insert(pointer.addr(), Lent(block));
    Ok(pointer)
}

/// Takes a string back and frees it.
pub(crate) fn take_back(pointer: *mut c_char) -> Result<(), Refusal> {
    if pointer.is_null() {
        return Err(Refusal::new(CONVERGIO_NULL_POINTER, "string is NULL"));
    }
    let lent = registry().remove(&pointer.addr());
    let Some(Lent(block)) = lent else {
        return Err(Refusal::new(
            CONVERGIO_INVALID_STRING,
            "the string was freed before, or did not come from this library; nothing was freed",
        ));
    };
    // SAFETY: from `Box::into_raw` in `lend`; taking it out of the registry made it ours alone.
    drop(unsafe { Box::from_raw(block) });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_comes_back_once() {
        let pointer = lend("hello".to_owned()).unwrap();
        assert_eq!(take_back(pointer), Ok(()));
        let refusal = take_back(pointer).unwrap_err();
        // Another test's string may have been given the same address in between; then freeing it
        // here would be that test's loss, which its own assertion would show.
        assert_eq!(refusal.status, CONVERGIO_INVALID_STRING);
    }

    #[test]
    fn a_foreign_string_is_left_alone() {
        let mut foreign = *b"mine\0";
        let refusal = take_back(foreign.as_mut_ptr().cast()).unwrap_err();
        assert_eq!(refusal.status, CONVERGIO_INVALID_STRING);
        assert_eq!(&foreign, b"mine\0");
    }
}
