//! Statuses of the core as a Rust error.
use core::fmt;
use std::ffi::{CStr, c_char};

use convergio_core_sys::status as sys;
use convergio_core_sys::types::core_error;

/// What the core answers when it does not answer `CORE_OK`.
pub type Result<T> = std::result::Result<T, Error>;

macro_rules! statuses {
    ($($(#[$doc:meta])* $variant:ident = $number:path),+ $(,)?) => {
        /// A failure status of the core. Numbers are pinned by the C header.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Status {
            $($(#[$doc])* $variant,)+
            /// A number this binding does not know: the core is newer than the binding.
            Unknown(u32),
        }

        impl Status {
            /// Every status that has a name of its own.
            pub const ALL: &'static [Status] = &[$(Status::$variant),+];

            fn from_number(number: sys::core_status) -> Self {
                match number {
                    $($number => Status::$variant,)+
                    other => Status::Unknown(other),
                }
            }

            fn number(self) -> sys::core_status {
                match self {
                    $(Status::$variant => $number,)+
                    Status::Unknown(other) => other,
                }
            }
        }
    };
}

statuses! {
    /// A required pointer is NULL; this crate never passes one, so it means a fault in it.
    Null = sys::CORE_ERR_NULL,
    /// A value is outside its documented range.
    Invalid = sys::CORE_ERR_INVALID,
    /// The allocator refused.
    NoMemory = sys::CORE_ERR_NO_MEMORY,
    /// The exact result does not fit its type; nothing was wrapped.
    Overflow = sys::CORE_ERR_OVERFLOW,
    /// The input exceeds a limit.
    TooLong = sys::CORE_ERR_TOO_LONG,
    /// An output buffer is too small.
    Buffer = sys::CORE_ERR_BUFFER,
    /// The text is not well-formed UTF-8.
    Utf8 = sys::CORE_ERR_UTF8,
    /// There was nothing to choose from.
    NoCandidates = sys::CORE_ERR_NO_CANDIDATES,
    /// Local only, and no candidate is local.
    PrivacyBlocked = sys::CORE_ERR_PRIVACY_BLOCKED,
    /// Offline, and no candidate is local.
    OfflineBlocked = sys::CORE_ERR_OFFLINE_BLOCKED,
    /// Every permitted candidate is unhealthy.
    Unavailable = sys::CORE_ERR_UNAVAILABLE,
    /// Nothing permitted is affordable, or a reservation was refused.
    BudgetExceeded = sys::CORE_ERR_BUDGET_EXCEEDED,
    /// Nothing affordable has the demanded capability or features.
    Capability = sys::CORE_ERR_CAPABILITY,
    /// Nothing left can hold the tokens.
    ContextWindow = sys::CORE_ERR_CONTEXT_WINDOW,
    /// Nothing left fits into the memory of this host.
    HostMemory = sys::CORE_ERR_HOST_MEMORY,
    /// The budget never issued that reservation.
    ReservationUnknown = sys::CORE_ERR_RESERVATION_UNKNOWN,
    /// The reservation was already settled or released.
    ReservationClosed = sys::CORE_ERR_RESERVATION_CLOSED,
    /// No attempts are left.
    RetryExhausted = sys::CORE_ERR_RETRY_EXHAUSTED,
    /// The server asks for a longer wait than the policy allows.
    RetryTooLate = sys::CORE_ERR_RETRY_TOO_LATE,
    /// Two plan nodes share an id.
    PlanDuplicateId = sys::CORE_ERR_PLAN_DUPLICATE_ID,
    /// A plan node waits for an id that does not exist.
    PlanUnknownDep = sys::CORE_ERR_PLAN_UNKNOWN_DEP,
    /// A plan node waits for itself.
    PlanSelfEdge = sys::CORE_ERR_PLAN_SELF_EDGE,
    /// The plan waits for itself in a circle.
    PlanCycle = sys::CORE_ERR_PLAN_CYCLE,
}

impl Status {
    /// The stable dotted code, such as `budget.exceeded`.
    pub fn name(self) -> &'static str {
        // SAFETY: any number is allowed.
        let name = unsafe { sys::core_status_name(self.number()) };
        // SAFETY: documented as static storage, never NULL.
        unsafe { static_text(name) }
    }

    /// One sentence fragment: what happened and what to do next.
    pub fn text(self) -> &'static str {
        // SAFETY: any number is allowed.
        let text = unsafe { sys::core_status_text(self.number()) };
        // SAFETY: documented as static storage, never NULL.
        unsafe { static_text(text) }
    }
}

/// A failure of the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    /// Which one.
    pub status: Status,
    /// What happened, in the core's words; more specific than [`Status::text`] where it can be.
    pub text: &'static str,
    /// Byte offset into a text or index into a list; the called function says which.
    pub offset: usize,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status.name(), self.text)
    }
}

impl std::error::Error for Error {}

/// `Ok` for `CORE_OK`, the error otherwise.
pub(crate) fn check(status: sys::core_status) -> Result<()> {
    if status == sys::CORE_OK {
        return Ok(());
    }
    let status = Status::from_number(status);
    Err(Error { status, text: status.text(), offset: 0 })
}

/// Calls `call` with a place for the core's error detail.
pub(crate) fn check_with(call: impl FnOnce(*mut core_error) -> sys::core_status) -> Result<()> {
    let mut detail = core_error { code: sys::CORE_OK, text: std::ptr::null(), offset: 0 };
    let status = call(&mut detail);
    let mut result = check(status);
    if let Err(error) = &mut result
        && detail.code == status
        && !detail.text.is_null()
    {
        // SAFETY: documented as static storage whenever the error is filled in.
        error.text = unsafe { static_text(detail.text) };
        error.offset = detail.offset;
    }
    result
}

/// Borrows a NUL-terminated static text of the core.
///
/// # Safety
/// `text` must point at a NUL-terminated string that lives as long as the library.
pub(crate) unsafe fn static_text(text: *const c_char) -> &'static str {
    // SAFETY: the caller's promise.
    let text = unsafe { CStr::from_ptr(text) };
    // The core's texts are ASCII literals; anything else would be a fault of the core, and a
    // placeholder is better than a panic while an error is being reported.
    text.to_str().unwrap_or("(text of the core is not UTF-8)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_maps_to_itself_and_has_its_own_name() {
        let mut names = std::collections::BTreeSet::new();
        for &status in Status::ALL {
            assert_eq!(Status::from_number(status.number()), status);
            assert!(names.insert(status.name()), "{status:?} shares its name");
            assert_ne!(status.name(), "unknown");
            assert!(!status.text().is_empty());
        }
    }

    #[test]
    fn an_unknown_number_is_kept() {
        assert_eq!(Status::from_number(9_999), Status::Unknown(9_999));
        assert_eq!(Status::Unknown(9_999).name(), "unknown");
    }
}
