//! What an OpenAI error means in our codes. Pure.
//!
//! Sources: the OpenAI guide "Error codes"; RFC 9110 section 10.2.3 (`retry-after`);
//! `retry-after-ms` and `x-should-retry` as the vendor's SDKs read them.
use std::time::{Duration, SystemTime};

use convergio_wire::redact::redact;
use convergio_wire::{ErrorCode, Failure, ProviderFailure};
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::Value;

use crate::CredentialSource;

/// Codes of a 429 that waiting does not cure.
const SPENT: [&str; 3] =
    ["insufficient_quota", "credit_balance_exhausted", "billing_hard_limit_reached"];

/// Longest message of a provider that is passed on.
const MESSAGE_LIMIT: usize = 1_000;

/// The provider's error object, keys removed.
pub(super) fn provider_failure(status: Option<u16>, error: &Value, key: &str) -> ProviderFailure {
    let text = |value: &Value| {
        let text =
            value.as_str().map(str::to_owned).or_else(|| Some(value.as_i64()?.to_string()))?;
        Some(redact(&text, key).chars().take(MESSAGE_LIMIT).collect())
    };
    let field = |name: &str| error.get(name).and_then(text);
    ProviderFailure {
        provider: super::NAME.to_owned(),
        status,
        code: field("code"),
        kind: field("type"),
        // Some that speak OpenAI's wire send a sentence where OpenAI has an object.
        message: field("message").or_else(|| error.as_str().and_then(|_| text(error))),
    }
}

/// Maps an answer that is not a success.
pub(super) fn from_answer(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    source: CredentialSource,
    key: &str,
    now: SystemTime,
) -> Failure {
    let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let mut detail =
        provider_failure(Some(status.as_u16()), body.get("error").unwrap_or(&Value::Null), key);
    let mut failure = classify(status, &detail, source);
    if failure.code == ErrorCode::ProviderUnavailable && matches!(status.as_u16(), 401 | 403) {
        // The provider quotes parts of the key, and names whose it is.
        detail.message = None;
    }
    failure.retry_after = retry_after(headers, now);
    match headers.get("x-should-retry").map(|value| value.as_bytes()) {
        Some(b"false") => failure.retryable = false,
        Some(b"true") => failure.retryable = true,
        _ => {}
    }
    failure.from_provider(detail)
}

fn classify(status: StatusCode, detail: &ProviderFailure, source: CredentialSource) -> Failure {
    let said = detail.message.as_deref().unwrap_or("it gave no reason");
    match (status.as_u16(), source) {
        (401 | 403, CredentialSource::User) => Failure::new(
            ErrorCode::AuthInvalid,
            format!("the provider refused your key: {said}; check the key and its permissions"),
        ),
        // The caller can do nothing about our key, and learns nothing about it.
        (401 | 403, CredentialSource::House) => {
            let message =
                "the provider refused the house key; bring your own key, or tell the operator";
            Failure { retryable: false, ..Failure::new(ErrorCode::ProviderUnavailable, message) }
        }
        (429, _) => Failure {
            retryable: !is_spent(detail),
            ..Failure::new(
                ErrorCode::ProviderRateLimited,
                format!("the provider limits this key: {said}"),
            )
        },
        (408 | 504, _) => {
            Failure::new(ErrorCode::ProviderTimeout, format!("the provider timed out: {said}"))
        }
        (300..=399, _) => Failure {
            retryable: false,
            ..Failure::new(
                ErrorCode::ProviderUnavailable,
                "the provider redirects; redirects are not followed, so that no key reaches another \
                 address: correct base_url",
            )
        },
        (400..=499, _) => Failure::new(
            ErrorCode::RequestInvalid,
            format!("the provider refused the request: {said}"),
        ),
        (code, _) => Failure::new(
            ErrorCode::ProviderUnavailable,
            format!("the provider answered {code}: {said}"),
        ),
    }
}

/// The provider's two names for what went wrong.
fn names(detail: &ProviderFailure) -> impl Iterator<Item = &str> {
    [&detail.code, &detail.kind].into_iter().flatten().map(String::as_str)
}

fn is_spent(detail: &ProviderFailure) -> bool {
    names(detail).any(|name| SPENT.contains(&name))
}

/// What an error inside an answer that began as a success means.
pub(super) fn from_stream_error(error: &Value, key: &str) -> Failure {
    let detail = provider_failure(None, error, key);
    let said = detail.message.clone().unwrap_or_else(|| "it gave no reason".to_owned());
    let spent = is_spent(&detail);
    let code = if spent || names(&detail).any(|name| name.contains("rate_limit")) {
        ErrorCode::ProviderRateLimited
    } else {
        ErrorCode::ProviderUnavailable
    };
    let message = format!("the provider failed in the middle of its answer: {said}");
    Failure { retryable: !spent, ..Failure::new(code, message) }.from_provider(detail)
}

/// How long the provider asks to wait, from `retry-after-ms` or `retry-after`.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    if let Some(wait) = text("retry-after-ms").and_then(|text| text.parse::<f64>().ok()) {
        return Duration::try_from_secs_f64(wait / 1_000.0).ok();
    }
    let text = text(RETRY_AFTER.as_str())?;
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let at = httpdate::parse_http_date(text).ok()?;
    Some(at.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::{HeaderName, HeaderValue};

    const KEY: &str = "sk-canary-0123456789";

    fn failure(status: u16, body: &str, source: CredentialSource) -> Failure {
        let status = StatusCode::from_u16(status).unwrap();
        from_answer(status, &HeaderMap::new(), body.as_bytes(), source, KEY, SystemTime::UNIX_EPOCH)
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn statuses_map_to_stable_codes() {
        use ErrorCode::*;
        for (status, code, retryable) in [
            (400, RequestInvalid, false),
            (401, AuthInvalid, false),
            (403, AuthInvalid, false),
            (404, RequestInvalid, false),
            (408, ProviderTimeout, true),
            (422, RequestInvalid, false),
            (429, ProviderRateLimited, true),
            (307, ProviderUnavailable, false),
            (500, ProviderUnavailable, true),
            (503, ProviderUnavailable, true),
            (504, ProviderTimeout, true),
        ] {
            let failure = failure(status, "{}", CredentialSource::User);
            assert_eq!((failure.code, failure.retryable), (code, retryable), "{status}");
            assert_eq!(failure.provider.unwrap().status, Some(status));
        }
    }

    #[test]
    fn a_spent_quota_is_not_worth_a_retry() {
        let body = r#"{"error":{"message":"no credit","code":"insufficient_quota"}}"#;
        assert!(!failure(429, body, CredentialSource::User).retryable);
        for (code, retryable) in [("insufficient_quota", false), ("rate_limit_exceeded", true)] {
            let failure = from_stream_error(&serde_json::json!({"code": code}), KEY);
            assert_eq!(
                (failure.code, failure.retryable),
                (ErrorCode::ProviderRateLimited, retryable)
            );
        }
    }

    #[test]
    fn a_refused_house_key_is_our_fault_and_tells_nothing() {
        let body = r#"{"error":{"message":"bad key sk-ca****6789 of org-house",
            "code":"invalid_api_key"}}"#;
        for status in [401, 403] {
            let failure = failure(status, body, CredentialSource::House);
            assert_eq!(failure.code, ErrorCode::ProviderUnavailable);
            let shown = format!("{failure:?}");
            assert!(!shown.contains("6789") && !shown.contains("org-house"), "{shown}");
            assert_eq!(failure.provider.unwrap().code.as_deref(), Some("invalid_api_key"));
        }
    }

    #[test]
    fn an_echoed_key_is_removed_everywhere() {
        let body =
            format!(r#"{{"error":{{"message":"key {KEY}","code":"{KEY}","type":"x{KEY}"}}}}"#);
        for status in [400, 401, 429, 500] {
            let failure = failure(status, &body, CredentialSource::User);
            assert!(!format!("{failure:?}").contains("canary"), "{failure:?}");
        }
        let error = serde_json::json!({"message": format!("key {KEY}")});
        assert!(!format!("{:?}", from_stream_error(&error, KEY)).contains("canary"));
    }

    #[test]
    fn a_body_that_is_not_json_still_gives_a_failure() {
        let failure = failure(502, "<html>bad gateway</html>", CredentialSource::User);
        assert_eq!(failure.code, ErrorCode::ProviderUnavailable);
    }

    #[test]
    fn an_error_that_is_a_sentence_is_kept_without_its_key() {
        let body = format!(r#"{{"error":"model missing for {KEY}"}}"#);
        let provider = failure(404, &body, CredentialSource::User).provider.unwrap();
        assert_eq!(provider.message.as_deref(), Some("model missing for [redacted]"));
    }

    #[test]
    fn retry_after_is_read_in_all_its_forms() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_770);
        for (pairs, wait) in [
            (&[("retry-after-ms", "1500")][..], Some(Duration::from_millis(1_500))),
            (&[("retry-after", "2"), ("retry-after-ms", "40")], Some(Duration::from_millis(40))),
            (&[("retry-after", "2")], Some(Duration::from_secs(2))),
            (&[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")], Some(Duration::from_secs(7))),
            (&[("retry-after", "Sun, 06 Nov 1994 08:49:00 GMT")], Some(Duration::ZERO)),
            (&[("retry-after", "-1")], None),
            (&[("retry-after", "soon")], None),
            (&[("retry-after", "1e300")], None),
            (&[], None),
        ] {
            assert_eq!(retry_after(&headers(pairs), now), wait, "{pairs:?}");
        }
    }

    #[test]
    fn the_provider_may_forbid_a_retry() {
        let failure = from_answer(
            StatusCode::SERVICE_UNAVAILABLE,
            &headers(&[("x-should-retry", "false")]),
            b"",
            CredentialSource::User,
            KEY,
            SystemTime::UNIX_EPOCH,
        );
        assert!(!failure.retryable);
    }
}
