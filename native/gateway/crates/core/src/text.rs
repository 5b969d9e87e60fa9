//! UTF-8 validation and token estimate.
use convergio_core_sys::text as sys;
use convergio_core_sys::types::core_str;

use crate::status::{Result, check, check_with};

/// Borrows bytes as the core's string. The result must not outlive `bytes`.
pub(crate) fn borrow(bytes: &[u8]) -> core_str {
    core_str { data: bytes.as_ptr().cast(), len: bytes.len() }
}

/// Checks that `bytes` is at most `max_len` bytes of well-formed UTF-8.
///
/// # Errors
/// `TooLong` (offset = `max_len`), `Utf8` (offset = first byte of the bad sequence).
pub fn validate(bytes: &[u8], max_len: usize) -> Result<()> {
    check_with(|detail| {
        // SAFETY: the string is borrowed for the call; `detail` is a valid place.
        unsafe { sys::core_text_validate(borrow(bytes), max_len, detail) }
    })
}

/// Estimates the tokens of `text`: for routing and reservations, never for billing.
///
/// # Errors
/// None that this wrapper can cause; a failure of the core is passed on.
pub fn estimate_tokens(text: &str) -> Result<u64> {
    let mut tokens = 0;
    // SAFETY: the string is borrowed for the call; `tokens` is a valid place.
    check(unsafe { sys::core_text_estimate_tokens(borrow(text.as_bytes()), &mut tokens) })?;
    Ok(tokens)
}

/// The longest prefix of `text` of at most `max_len` bytes that cuts no code point.
pub fn truncate(text: &str, max_len: usize) -> &str {
    let mut len = 0;
    // SAFETY: the string is borrowed for the call; `len` is a valid place.
    let status = unsafe { sys::core_text_truncate(borrow(text.as_bytes()), max_len, &mut len) };
    // `get` rather than indexing: a wrong length from C must not panic.
    check(status).ok().and_then(|()| text.get(..len)).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Status;
    use proptest::prelude::*;

    #[test]
    fn bad_bytes_are_named_by_their_offset() {
        let error = validate(b"ok \xff", 100).unwrap_err();
        assert_eq!((error.status, error.offset), (Status::Utf8, 3));
        assert_eq!(validate(b"four", 3).unwrap_err().status, Status::TooLong);
    }

    #[test]
    fn only_nothing_has_no_tokens() {
        assert_eq!(estimate_tokens("").unwrap(), 0);
        assert!(estimate_tokens(".").unwrap() > 0);
    }

    proptest! {
        /// The core and the standard library agree on what UTF-8 is.
        #[test]
        fn validation_agrees_with_the_standard_library(
            bytes in proptest::collection::vec(any::<u8>(), 0..64)
        ) {
            let theirs = std::str::from_utf8(&bytes);
            let ours = validate(&bytes, usize::MAX);
            prop_assert_eq!(ours.is_ok(), theirs.is_ok());
            if let (Err(ours), Err(theirs)) = (ours, theirs) {
                prop_assert_eq!(ours.offset, theirs.valid_up_to());
            }
        }

        #[test]
        fn joining_never_adds_tokens(a in ".{0,40}", b in ".{0,40}") {
            let joined = estimate_tokens(&format!("{a}{b}")).unwrap();
            let (a, b) = (estimate_tokens(&a).unwrap(), estimate_tokens(&b).unwrap());
            prop_assert!(joined <= a + b && joined + 1 >= a + b && joined >= a.max(b));
        }

        #[test]
        fn truncation_is_the_longest_whole_prefix(text in ".{0,40}", max in 0_usize..160) {
            let cut = truncate(&text, max);
            prop_assert!(cut.len() <= max && text.starts_with(cut));
            let next = text[cut.len()..].chars().next();
            prop_assert!(next.is_none_or(|next| cut.len() + next.len_utf8() > max));
        }
    }
}
