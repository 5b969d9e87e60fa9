//! The numbers that cross the boundary. Pinned: never renumbered, never reused.
use std::ffi::CStr;

use convergio_wire::ErrorCode;

/// What a function of this library answers. The numbers are part of the ABI: never renumbered,
/// never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum convergio_status {
    /// A fault of the library was stopped at the boundary. The context stays usable.
    CONVERGIO_INTERNAL_PANIC = -1,
    /// Success; outputs are written.
    CONVERGIO_OK = 0,
    /// A required pointer is NULL.
    CONVERGIO_NULL_POINTER = 1,
    /// A text is not well-formed UTF-8.
    CONVERGIO_INVALID_UTF8 = 2,
    /// A text exceeds CONVERGIO_MAX_TEXT_BYTES.
    CONVERGIO_TOO_LARGE = 3,
    /// The context was freed, or never was one of this library.
    CONVERGIO_INVALID_HANDLE = 4,
    /// The string was freed, or never was one of this library.
    CONVERGIO_INVALID_STRING = 5,
    /// The configuration is wrong; the last error lists every problem.
    CONVERGIO_INVALID_CONFIG = 6,
    /// A value is wrong; the last error names it.
    CONVERGIO_INVALID_ARGUMENT = 7,
    /// Memory was refused; nothing was changed.
    CONVERGIO_OUT_OF_MEMORY = 8,
    /// A fault of the library.
    CONVERGIO_INTERNAL = 9,
    /// A model that is named does not exist.
    CONVERGIO_NOT_FOUND = 10,
    /// The provider refused the caller's own key.
    CONVERGIO_AUTH_INVALID = 100,
    /// There is no key to call a provider with.
    CONVERGIO_BYOK_MISSING_KEY = 101,
    /// Nothing permitted is affordable.
    CONVERGIO_BUDGET_EXCEEDED = 102,
    /// The privacy or offline rule allows no model.
    CONVERGIO_PRIVACY_BLOCKED = 103,
    /// The caller may not do that. Of the gateway; this library has no accounts.
    CONVERGIO_AUTH_FORBIDDEN = 104,
    /// It is there already, or was changed meanwhile. Of the gateway.
    CONVERGIO_REQUEST_CONFLICT = 105,
    /// The caller asks too often. Of the gateway.
    CONVERGIO_RATE_LIMITED = 106,
    /// The provider did not answer in time.
    CONVERGIO_PROVIDER_TIMEOUT = 110,
    /// The provider limits the key.
    CONVERGIO_PROVIDER_RATE_LIMITED = 111,
    /// The provider cannot be reached, or fails.
    CONVERGIO_PROVIDER_UNAVAILABLE = 112,
    /// The answer ended before the provider said that it was complete.
    CONVERGIO_PROVIDER_TRUNCATED = 113,
}

use convergio_status::*;

impl convergio_status {
    /// Every status, with its stable code.
    pub const ALL: [(Self, &'static CStr); 23] = [
        (CONVERGIO_INTERNAL_PANIC, c"internal.panic"),
        (CONVERGIO_OK, c"ok"),
        (CONVERGIO_NULL_POINTER, c"abi.null_pointer"),
        (CONVERGIO_INVALID_UTF8, c"abi.invalid_utf8"),
        (CONVERGIO_TOO_LARGE, c"abi.too_large"),
        (CONVERGIO_INVALID_HANDLE, c"abi.invalid_handle"),
        (CONVERGIO_INVALID_STRING, c"abi.invalid_string"),
        (CONVERGIO_INVALID_CONFIG, c"config.invalid"),
        (CONVERGIO_INVALID_ARGUMENT, c"request.invalid"),
        (CONVERGIO_OUT_OF_MEMORY, c"internal.out_of_memory"),
        (CONVERGIO_INTERNAL, c"internal"),
        (CONVERGIO_NOT_FOUND, c"request.not_found"),
        (CONVERGIO_AUTH_INVALID, c"auth.invalid"),
        (CONVERGIO_BYOK_MISSING_KEY, c"byok.missing_key"),
        (CONVERGIO_BUDGET_EXCEEDED, c"budget.exceeded"),
        (CONVERGIO_PRIVACY_BLOCKED, c"privacy.blocked"),
        (CONVERGIO_AUTH_FORBIDDEN, c"auth.forbidden"),
        (CONVERGIO_REQUEST_CONFLICT, c"request.conflict"),
        (CONVERGIO_RATE_LIMITED, c"rate.limited"),
        (CONVERGIO_PROVIDER_TIMEOUT, c"provider.timeout"),
        (CONVERGIO_PROVIDER_RATE_LIMITED, c"provider.rate_limited"),
        (CONVERGIO_PROVIDER_UNAVAILABLE, c"provider.unavailable"),
        (CONVERGIO_PROVIDER_TRUNCATED, c"provider.truncated"),
    ];

    /// The stable code of a number; `unknown` for one that is not a status.
    pub fn name(number: i32) -> &'static CStr {
        Self::ALL
            .iter()
            .find(|(status, _)| *status as i32 == number)
            .map_or(c"unknown", |(_, code)| *code)
    }
}

impl From<ErrorCode> for convergio_status {
    fn from(code: ErrorCode) -> Self {
        match code {
            ErrorCode::AuthInvalid => CONVERGIO_AUTH_INVALID,
            ErrorCode::ByokMissingKey => CONVERGIO_BYOK_MISSING_KEY,
            ErrorCode::RequestInvalid => CONVERGIO_INVALID_ARGUMENT,
            ErrorCode::RequestNotFound => CONVERGIO_NOT_FOUND,
            ErrorCode::BudgetExceeded => CONVERGIO_BUDGET_EXCEEDED,
            ErrorCode::PrivacyBlocked => CONVERGIO_PRIVACY_BLOCKED,
            ErrorCode::AuthForbidden => CONVERGIO_AUTH_FORBIDDEN,
            ErrorCode::RequestConflict => CONVERGIO_REQUEST_CONFLICT,
            ErrorCode::RateLimited => CONVERGIO_RATE_LIMITED,
            ErrorCode::ProviderTimeout => CONVERGIO_PROVIDER_TIMEOUT,
            ErrorCode::ProviderRateLimited => CONVERGIO_PROVIDER_RATE_LIMITED,
            ErrorCode::ProviderUnavailable => CONVERGIO_PROVIDER_UNAVAILABLE,
            ErrorCode::ProviderTruncated => CONVERGIO_PROVIDER_TRUNCATED,
            ErrorCode::OutOfMemory => CONVERGIO_OUT_OF_MEMORY,
            ErrorCode::Internal => CONVERGIO_INTERNAL,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn numbers_and_codes_are_unique() {
        let numbers: BTreeSet<i32> =
            convergio_status::ALL.iter().map(|(status, _)| *status as i32).collect();
        let codes: BTreeSet<_> = convergio_status::ALL.iter().map(|(_, code)| code).collect();
        assert_eq!((numbers.len(), codes.len()), (23, 23));
    }

    #[test]
    fn every_error_code_keeps_its_name_across_the_boundary() {
        for &code in ErrorCode::ALL {
            let status = convergio_status::from(code);
            assert_eq!(convergio_status::name(status as i32).to_str(), Ok(code.as_str()));
        }
    }

    #[test]
    fn any_other_number_is_unknown() {
        for number in [i32::MIN, -2, 11, 99, 107, 114, i32::MAX] {
            assert_eq!(convergio_status::name(number), c"unknown");
        }
    }
}
