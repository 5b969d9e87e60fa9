//! The stable error codes, and a failure as one value from the provider to the caller.
use std::fmt;
use std::time::Duration;

use serde::Serialize;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal),+ $(,)?) => {
        /// Stable codes. They are part of the API: never renamed, never reused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum ErrorCode { $($(#[$doc])* $variant),+ }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$variant),+];

            /// The code as it is written on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(ErrorCode::$variant => $text),+ }
            }
        }
    };
}

codes! {
    /// The gateway does not recognise the caller, or the provider refused the caller's own key.
    AuthInvalid = "auth.invalid",
    /// The caller is known and may not do that: role, scope of the token, or a request from elsewhere.
    AuthForbidden = "auth.forbidden",
    /// The caller brought no key, and no house key may serve it.
    ByokMissingKey = "byok.missing_key",
    /// The request is malformed or too large.
    RequestInvalid = "request.invalid",
    /// The request names a model or an address that does not exist.
    RequestNotFound = "request.not_found",
    /// What the request would make is there already, or was changed by somebody else meanwhile.
    RequestConflict = "request.conflict",
    /// The caller asks more often than the gateway permits.
    RateLimited = "rate.limited",
    /// Nothing permitted is affordable.
    BudgetExceeded = "budget.exceeded",
    /// The privacy or offline rule allows no candidate.
    PrivacyBlocked = "privacy.blocked",
    /// The provider did not answer in time.
    ProviderTimeout = "provider.timeout",
    /// The provider limits the caller.
    ProviderRateLimited = "provider.rate_limited",
    /// The provider cannot be reached, or fails.
    ProviderUnavailable = "provider.unavailable",
    /// The answer ended before the provider said that it was complete.
    ProviderTruncated = "provider.truncated",
    /// The core was refused memory; nothing was changed.
    OutOfMemory = "internal.out_of_memory",
    /// A fault of ours; details are in the log, never in the answer.
    Internal = "internal",
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What the provider itself said, kept beside our code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ProviderFailure {
    /// Provider name, such as `openai`.
    pub provider: String,
    /// HTTP status, when there was an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The provider's own code, such as `insufficient_quota`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The provider's own error type.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The provider's own message, keys removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The stable code.
    pub code: ErrorCode,
    /// For people: what happened and what to do next. Never holds a secret or an internal.
    pub message: String,
    /// The request field at fault.
    pub param: Option<String>,
    /// What the provider said.
    pub provider: Option<Box<ProviderFailure>>,
    /// How long the caller should wait.
    pub retry_after: Option<Duration>,
    /// Whether the same request may succeed later.
    pub retryable: bool,
}

impl Failure {
    /// A failure with a code and a message.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let retryable = matches!(
            code,
            ErrorCode::ProviderTimeout
                | ErrorCode::ProviderRateLimited
                | ErrorCode::ProviderUnavailable
                | ErrorCode::ProviderTruncated
                | ErrorCode::RateLimited
        );
        Self {
            code,
            message: message.into(),
            param: None,
            provider: None,
            retry_after: None,
            retryable,
        }
    }

    /// A malformed request, with the field at fault.
    pub fn invalid(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self { param: Some(param.into()), ..Self::new(ErrorCode::RequestInvalid, message) }
    }

    /// Adds what the provider said.
    #[must_use]
    pub fn from_provider(mut self, provider: ProviderFailure) -> Self {
        self.provider = Some(Box::new(provider));
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_dotted_lower_case() {
        let mut seen = std::collections::BTreeSet::new();
        for code in ErrorCode::ALL {
            let text = code.as_str();
            assert!(seen.insert(text), "{text} is there twice");
            assert!(text.chars().all(|c| c.is_ascii_lowercase() || c == '.' || c == '_'));
        }
    }
}
