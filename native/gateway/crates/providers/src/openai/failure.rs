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
    let text = |field: &str| {
        let value = error.get(field)?;
        let text =
            value.as_str().map(str::to_owned).or_else(|| Some(value.as_i64()?.to_string()))?;
        Some(redact(&text, key).chars().take(MESSAGE_LIMIT).collect())
    };
    ProviderFailure {
        provider: super::NAME.to_owned(),
        status,
        code: text("code"),
        kind: text("type"),
        message: text("message"),
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
    let detail =
        provider_failure(Some(status.as_u16()), body.get("error").unwrap_or(&Value::Null), key);
    let mut failure = classify(status, &detail, source);
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
        (429, _) => {
            let spent = [&detail.code, &detail.kind]
                .into_iter()
                .flatten()
                .any(|code| SPENT.contains(&code.as_str()));
            Failure {
                retryable: !spent,
                ..Failure::new(
                    ErrorCode::ProviderRateLimited,
                    format!("the provider limits this key: {said}"),
                )
            }
        }
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

/// What an error event inside a stream means.
pub(super) fn from_stream_error(error: &Value, key: &str) -> Failure {
    let detail = provider_failure(None, error, key);
    let said = detail.message.clone().unwrap_or_else(|| "it gave no reason".to_owned());
    let names = [detail.code.as_deref(), detail.kind.as_deref()];
    let limited = |name: &&str| name.contains("rate_limit") || SPENT.contains(name);
    let code = if names.into_iter().flatten().any(|name| limited(&name)) {
        ErrorCode::ProviderRateLimited
    } else {
        ErrorCode::ProviderUnavailable
    };
    Failure::new(code, format!("the provider failed in the middle of its answer: {said}"))
        .from_provider(detail)
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
    }

    #[test]
    fn a_refused_house_key_is_our_fault_and_tells_nothing() {
        let body = format!(r#"{{"error":{{"message":"bad key {KEY}"}}}}"#);
        let failure = failure(401, &body, CredentialSource::House);
        assert_eq!(failure.code, ErrorCode::ProviderUnavailable);
        assert!(!format!("{failure:?}").contains("canary"));
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
