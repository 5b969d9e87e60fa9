//! What every request is read for: the caller's key, and a body within its limits.
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use convergio_wire::{ErrorCode, Failure};
use secrecy::SecretString;
use serde_json::Value;
use tokio::time::timeout;

use crate::app::App;
use crate::error::{ApiError, ApiResult};

/// The caller's own key, when there is one.
pub(crate) fn own_key(headers: &HeaderMap) -> Result<Option<SecretString>, Failure> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let malformed =
        || Failure::new(ErrorCode::AuthInvalid, "send the key as `Authorization: Bearer <key>`");
    let value = value.to_str().map_err(|_| malformed())?;
    let (scheme, key) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(malformed());
    }
    let key = key.trim();
    Ok((!key.is_empty()).then(|| SecretString::from(key)))
}

/// Reads the body, which must be JSON, within its limits of size and time.
pub(crate) async fn read_json(app: &App, body: Body) -> ApiResult<Value> {
    let bytes = read(app, body, app.server.max_body_bytes).await?;
    // The parser's own message quotes no input, so it is safe to pass on.
    serde_json::from_slice(&bytes).map_err(|error| {
        Failure::new(ErrorCode::RequestInvalid, format!("the body is not JSON: {error}")).into()
    })
}

/// Reads at most `limit` bytes of a body, while they keep coming.
pub(crate) async fn read(app: &App, body: Body, limit: usize) -> ApiResult<Bytes> {
    let patience = Duration::from_millis(app.server.body_timeout_ms);
    let invalid = |message: String| Failure::new(ErrorCode::RequestInvalid, message);
    match timeout(patience, to_bytes(body, limit)).await {
        Err(_) => {
            let failure = invalid(format!("the body did not arrive within {patience:?}"));
            Err(ApiError::with_status(StatusCode::REQUEST_TIMEOUT, failure))
        }
        Ok(Err(error)) if is_too_large(&error) => {
            let failure = invalid(format!("the body exceeds {limit} bytes; send less"));
            Err(ApiError::with_status(StatusCode::PAYLOAD_TOO_LARGE, failure))
        }
        Ok(Err(_)) => Err(invalid("the body broke off".to_owned()).into()),
        Ok(Ok(bytes)) => Ok(bytes),
    }
}

fn is_too_large(error: &axum::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        if error.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        source = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use secrecy::ExposeSecret;

    use super::*;

    fn key(value: &'static str) -> Result<Option<String>, ErrorCode> {
        let headers =
            HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(value))]);
        own_key(&headers)
            .map(|key| key.map(|key| key.expose_secret().to_owned()))
            .map_err(|failure| failure.code)
    }

    #[test]
    fn a_key_is_read_from_a_bearer_header_only() {
        assert_eq!(key("Bearer sk-1"), Ok(Some("sk-1".to_owned())));
        assert_eq!(key("bearer  sk-1 "), Ok(Some("sk-1".to_owned())));
        assert_eq!(key("Bearer "), Ok(None));
        assert_eq!(key("Bearer"), Ok(None));
        assert_eq!(key("Basic dXNlcjpwYXNz"), Err(ErrorCode::AuthInvalid));
        assert!(own_key(&HeaderMap::new()).unwrap().is_none());
    }
}
