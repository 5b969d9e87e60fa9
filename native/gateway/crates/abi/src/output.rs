//! Outputs: checked before any work is done, written once and only on success.
use std::ptr::NonNull;

use crate::guard::Refusal;
use crate::status::convergio_status::CONVERGIO_NULL_POINTER;

/// A place that the caller provides.
pub(crate) struct Out<T>(NonNull<T>);

impl<T> Out<T> {
    /// Refuses NULL.
    pub(crate) fn new(place: *mut T) -> Result<Self, Refusal> {
        NonNull::new(place)
            .map(Self)
            .ok_or_else(|| Refusal::new(CONVERGIO_NULL_POINTER, "the output pointer is NULL"))
    }

    /// Writes the result.
    ///
    /// # Safety
    /// The place is writable.
    pub(crate) unsafe fn write(self, value: T) {
        // C callers are not always careful about alignment; it costs nothing to be.
        // SAFETY: the caller's promise.
        unsafe { self.0.as_ptr().write_unaligned(value) }
    }
}
