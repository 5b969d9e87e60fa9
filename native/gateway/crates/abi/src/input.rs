//! C text as `&str`: NULL, length and encoding checked.
use std::ffi::c_char;

use crate::CONVERGIO_MAX_TEXT_BYTES;
use crate::guard::Refusal;
use crate::status::convergio_status::*;

/// Borrows the text at `data`; `name` is the parameter, for the message.
///
/// # Safety
/// `data` is NULL, or readable up to its terminating NUL (or up to the limit, whichever is first),
/// and is not written to while the result lives.
pub(crate) unsafe fn text<'a>(data: *const c_char, name: &str) -> Result<&'a str, Refusal> {
    if data.is_null() {
        return Err(Refusal::new(CONVERGIO_NULL_POINTER, format!("{name} is NULL")));
    }
    // Never reads past the limit, so a text without its NUL cannot lead far astray.
    // SAFETY: the caller's promise.
    let len = unsafe { libc::strnlen(data, CONVERGIO_MAX_TEXT_BYTES + 1) };
    if len > CONVERGIO_MAX_TEXT_BYTES {
        let message = format!("{name} exceeds {CONVERGIO_MAX_TEXT_BYTES} bytes; shorten it");
        return Err(Refusal::new(CONVERGIO_TOO_LARGE, message));
    }
    // SAFETY: `len` bytes were just read there.
    let bytes = unsafe { std::slice::from_raw_parts(data.cast::<u8>(), len) };
    std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        Refusal::new(CONVERGIO_INVALID_UTF8, format!("{name} is not UTF-8: bad byte at {at}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::ffi::CString;

    #[test]
    fn the_limit_is_exact() {
        let mut bytes = vec![b'x'; CONVERGIO_MAX_TEXT_BYTES];
        let fits = CString::new(bytes.clone()).unwrap();
        // SAFETY: a C string that lives to the end of the test.
        assert!(unsafe { text(fits.as_ptr(), "t") }.is_ok());
        bytes.push(b'x');
        let over = CString::new(bytes).unwrap();
        // SAFETY: as above.
        let refusal = unsafe { text(over.as_ptr(), "t") }.unwrap_err();
        assert_eq!(refusal.status, CONVERGIO_TOO_LARGE);
    }

    proptest! {
        #[test]
        fn exactly_the_well_formed_texts_pass(bytes in proptest::collection::vec(1_u8..=255, 0..40)) {
            let input = CString::new(bytes.clone()).unwrap();
            // SAFETY: a C string that lives to the end of the case.
            let outcome = unsafe { text(input.as_ptr(), "t") };
            match std::str::from_utf8(&bytes) {
                Ok(expected) => prop_assert_eq!(outcome.unwrap(), expected),
                Err(_) => prop_assert_eq!(outcome.unwrap_err().status, CONVERGIO_INVALID_UTF8),
            }
        }
    }
}
