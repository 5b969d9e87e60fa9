//! The one error of the API, and the only place that knows HTTP statuses.
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use convergio_control::ControlError;
use convergio_wire::{ErrorCode, Failure};
use serde_json::{Value, json};

pub(crate) type ApiResult<T = Response> = Result<T, ApiError>;

/// A failure on its way to the caller, in OpenAI's envelope.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    failure: Failure,
}

impl ApiError {
    /// A failure for which HTTP has a status of its own.
    pub(crate) fn with_status(status: StatusCode, failure: Failure) -> Self {
        Self { status, failure }
    }

    /// What failed.
    pub(crate) fn failure(&self) -> &Failure {
        &self.failure
    }

    /// The same in Anthropic's envelope, in a stream and in an answer.
    pub(crate) fn message(failure: &Failure) -> Value {
        let mut error = Self::envelope(failure)["error"].take();
        error["type"] = json!(anthropic_kind(failure.code));
        json!({"type": "error", "error": error})
    }

    /// The error object; in a stream it is sent as it is, in an answer under `error`.
    pub(crate) fn envelope(failure: &Failure) -> Value {
        let mut error = json!({
            "message": failure.message,
            "type": kind(failure.code),
            "param": failure.param,
            "code": failure.code,
        });
        if let Some(provider) = &failure.provider {
            error["provider"] = json!(provider);
        }
        json!({ "error": error })
    }
}

/// The nearest of OpenAI's error types, for clients that look at it.
fn kind(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::AuthInvalid | ErrorCode::ByokMissingKey => "authentication_error",
        ErrorCode::RequestInvalid | ErrorCode::RequestNotFound | ErrorCode::RequestConflict => {
            "invalid_request_error"
        }
        ErrorCode::AuthForbidden | ErrorCode::PrivacyBlocked => "permission_error",
        ErrorCode::BudgetExceeded => "insufficient_quota",
        ErrorCode::RateLimited | ErrorCode::ProviderRateLimited => "rate_limit_error",
        ErrorCode::ProviderTimeout
        | ErrorCode::ProviderUnavailable
        | ErrorCode::ProviderTruncated => "provider_error",
        ErrorCode::OutOfMemory | ErrorCode::Internal => "server_error",
    }
}

/// The nearest of Anthropic's error types.
fn anthropic_kind(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::AuthInvalid | ErrorCode::ByokMissingKey => "authentication_error",
        ErrorCode::RequestInvalid | ErrorCode::RequestConflict => "invalid_request_error",
        ErrorCode::RequestNotFound => "not_found_error",
        ErrorCode::AuthForbidden | ErrorCode::PrivacyBlocked => "permission_error",
        ErrorCode::BudgetExceeded => "billing_error",
        ErrorCode::RateLimited | ErrorCode::ProviderRateLimited => "rate_limit_error",
        ErrorCode::ProviderTimeout => "timeout_error",
        ErrorCode::ProviderUnavailable => "overloaded_error",
        ErrorCode::ProviderTruncated | ErrorCode::OutOfMemory | ErrorCode::Internal => "api_error",
    }
}

fn status(failure: &Failure) -> StatusCode {
    match failure.code {
        ErrorCode::AuthInvalid | ErrorCode::ByokMissingKey => StatusCode::UNAUTHORIZED,
        ErrorCode::RequestInvalid => {
            // A provider's refusal keeps its own status: clients tell 404 from 422.
            let own = failure.provider.as_ref().and_then(|provider| provider.status);
            own.filter(|status| (400..500).contains(status))
                .and_then(|status| StatusCode::from_u16(status).ok())
                .unwrap_or(StatusCode::BAD_REQUEST)
        }
        ErrorCode::RequestNotFound => StatusCode::NOT_FOUND,
        ErrorCode::RequestConflict => StatusCode::CONFLICT,
        ErrorCode::BudgetExceeded => StatusCode::PAYMENT_REQUIRED,
        ErrorCode::AuthForbidden | ErrorCode::PrivacyBlocked => StatusCode::FORBIDDEN,
        ErrorCode::RateLimited | ErrorCode::ProviderRateLimited => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::ProviderTimeout => StatusCode::GATEWAY_TIMEOUT,
        ErrorCode::ProviderUnavailable | ErrorCode::OutOfMemory => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::ProviderTruncated => StatusCode::BAD_GATEWAY,
        ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<Failure> for ApiError {
    fn from(failure: Failure) -> Self {
        Self { status: status(&failure), failure }
    }
}

impl From<ControlError> for ApiError {
    fn from(error: ControlError) -> Self {
        error.failure().into()
    }
}

/// Left in the response for the request's log line and metrics.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FailedWith(pub(crate) ErrorCode);

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(Self::envelope(&self.failure))).into_response();
        let headers = response.headers_mut();
        if let Some(wait) = self.failure.retry_after {
            // Whole seconds, rounded up: never invite a caller back too early.
            let seconds = wait.as_millis().div_ceil(1_000);
            headers.insert(header::RETRY_AFTER, header_number(seconds));
            headers.insert("retry-after-ms", header_number(wait.as_millis()));
        }
        if !self.failure.retryable {
            // The vendor's SDKs retry 429 and 5xx on their own; tell them when that is useless.
            headers.insert("x-should-retry", HeaderValue::from_static("false"));
        }
        response.extensions_mut().insert(FailedWith(self.failure.code));
        response
    }
}

fn header_number(number: u128) -> HeaderValue {
    HeaderValue::from(u64::try_from(number).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn every_code_has_a_status_of_its_class() {
        for &code in ErrorCode::ALL {
            let status = status(&Failure::new(code, ""));
            assert!(status.is_client_error() || status.is_server_error(), "{code}");
            let ours = matches!(code, ErrorCode::Internal | ErrorCode::OutOfMemory)
                || code.as_str().starts_with("provider.") && code != ErrorCode::ProviderRateLimited;
            assert_eq!(status.is_server_error(), ours, "{code}");
        }
    }

    #[test]
    fn a_wait_is_rounded_up_and_hopeless_retries_are_discouraged() {
        let mut failure = Failure::new(ErrorCode::ProviderRateLimited, "slow down");
        failure.retry_after = Some(Duration::from_millis(1_001));
        failure.retryable = false;
        let response = ApiError::from(failure).into_response();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()["retry-after"], "2");
        assert_eq!(response.headers()["retry-after-ms"], "1001");
        assert_eq!(response.headers()["x-should-retry"], "false");
    }
}
