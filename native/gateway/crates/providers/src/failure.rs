//! What a provider's error means in our codes. Pure, and one for all: what they say differs in
//! where it stands, not in what it can be.
//!
//! Sources: the OpenAI guide "Error codes"; the error types of Anthropic's SDK; `google.rpc`
//! `ErrorInfo`, `RetryInfo`, `QuotaFailure`; RFC 9110 section 10.2.3 (`retry-after`);
//! `retry-after-ms` and `x-should-retry` as the vendors' SDKs read them.
use std::time::{Duration, SystemTime};

use convergio_wire::redact::redact;
use convergio_wire::{ErrorCode, Failure, ProviderFailure};
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::Value;

use crate::CredentialSource;

/// Names of limits that waiting does not cure.
const SPENT: [&str; 7] = [
    "insufficient_quota",
    "credit_balance_exhausted",
    "billing_hard_limit_reached",
    "billing_error",
    "enforced_spend_limit_reached",
    "contract_spend_limit_reached",
    "linked_organization_spend_limit_reached",
];

/// What Google names after a key that it refuses, with the status of a malformed request.
const BAD_KEY: &str = "API_KEY_";

/// Longest message of a provider that is passed on.
const MESSAGE_LIMIT: usize = 1_000;

/// The provider's error object, keys removed.
fn provider_failure(
    provider: &str,
    status: Option<u16>,
    error: &Value,
    key: &str,
) -> ProviderFailure {
    let text = |value: &Value| {
        let text =
            value.as_str().map(str::to_owned).or_else(|| Some(value.as_i64()?.to_string()))?;
        Some(redact(&text, key).chars().take(MESSAGE_LIMIT).collect())
    };
    let field = |name: &str| error.get(name).and_then(text);
    // Google's reason and Anthropic's code say more than what stands beside the message.
    let reason = details(error).find_map(|detail| detail.get("reason"));
    let precise = reason.or_else(|| error.pointer("/details/error_code")).and_then(text);
    let detail = ProviderFailure {
        provider: provider.to_owned(),
        status,
        code: precise.or_else(|| field("code")),
        kind: field("type"),
        // Some that speak OpenAI's wire send a sentence where OpenAI has an object.
        message: field("message").or_else(|| error.as_str().and_then(|_| text(error))),
    };
    // Google's `INVALID_ARGUMENT` and its like stand where others have a type.
    let status_word = error.get("status").filter(|word| word.is_string()).and_then(text);
    ProviderFailure { kind: detail.kind.or(status_word), ..detail }
}

/// The details of Google's errors.
fn details(error: &Value) -> impl Iterator<Item = &Value> {
    error.get("details").and_then(Value::as_array).into_iter().flatten()
}

/// Maps an answer that is not a success.
pub(crate) fn from_answer(
    provider: &str,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    source: CredentialSource,
    key: &str,
    now: SystemTime,
) -> Failure {
    let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    // Google wraps an error in a list where a list of answers was asked for.
    let error = body.get("error").or_else(|| body.pointer("/0/error")).unwrap_or(&Value::Null);
    let mut detail = provider_failure(provider, Some(status.as_u16()), error, key);
    let mut failure = classify(status, &detail, source);
    if failure.code == ErrorCode::ProviderUnavailable && is_refused_key(status, &detail) {
        // The provider quotes parts of the key, and names whose it is.
        detail.message = None;
    }
    if failure.code == ErrorCode::ProviderRateLimited && is_daily(error) {
        failure.retryable = false;
    }
    failure.retry_after = retry_after(headers, now).or_else(|| retry_delay(error));
    match headers.get("x-should-retry").map(|value| value.as_bytes()) {
        Some(b"false") => failure.retryable = false,
        Some(b"true") => failure.retryable = true,
        _ => {}
    }
    failure.from_provider(detail)
}

fn classify(status: StatusCode, detail: &ProviderFailure, source: CredentialSource) -> Failure {
    let said = detail.message.as_deref().unwrap_or("it gave no reason");
    if is_refused_key(status, detail) {
        return match source {
            CredentialSource::User => Failure::new(
                ErrorCode::AuthInvalid,
                format!("the provider refused your key: {said}; check the key and its permissions"),
            ),
            // The caller can do nothing about our key, and learns nothing about it.
            CredentialSource::House => {
                let message =
                    "the provider refused the house key; bring your own key, or tell the operator";
                Failure {
                    retryable: false,
                    ..Failure::new(ErrorCode::ProviderUnavailable, message)
                }
            }
        };
    }
    match status.as_u16() {
        402 => Failure {
            retryable: false,
            ..Failure::new(
                ErrorCode::ProviderRateLimited,
                format!("the provider wants this key's account to be paid for: {said}"),
            )
        },
        429 => Failure {
            retryable: !is_spent(detail),
            ..Failure::new(
                ErrorCode::ProviderRateLimited,
                format!("the provider limits this key: {said}"),
            )
        },
        408 | 504 => {
            Failure::new(ErrorCode::ProviderTimeout, format!("the provider timed out: {said}"))
        }
        300..=399 => Failure {
            retryable: false,
            ..Failure::new(
                ErrorCode::ProviderUnavailable,
                "the provider redirects; redirects are not followed, so that no key reaches another \
                 address: correct base_url",
            )
        },
        400..=499 => Failure::new(
            ErrorCode::RequestInvalid,
            format!("the provider refused the request: {said}"),
        ),
        code => Failure::new(
            ErrorCode::ProviderUnavailable,
            format!("the provider answered {code}: {said}"),
        ),
    }
}

/// The provider's two names for what went wrong.
fn names(detail: &ProviderFailure) -> impl Iterator<Item = &str> {
    [&detail.code, &detail.kind].into_iter().flatten().map(String::as_str)
}

fn is_refused_key(status: StatusCode, detail: &ProviderFailure) -> bool {
    matches!(status.as_u16(), 401 | 403)
        || detail.code.as_deref().is_some_and(|code| code.starts_with(BAD_KEY))
}

fn is_spent(detail: &ProviderFailure) -> bool {
    // Anthropic's older answers name the limit at the head of the message alone.
    let head = detail.message.as_deref().and_then(|said| said.split(':').next());
    names(detail).chain(head).any(|name| SPENT.contains(&name))
}

/// Whether a limit of Google's is one of a day: waiting for a retry does not cure it.
fn is_daily(error: &Value) -> bool {
    details(error)
        .flat_map(|detail| detail.get("violations").and_then(Value::as_array).into_iter().flatten())
        .filter_map(|violation| violation.get("quotaId")?.as_str())
        .any(|quota| quota.contains("PerDay"))
}

/// How long Google asks to wait: `RetryInfo`, such as `"1.5s"`.
fn retry_delay(error: &Value) -> Option<Duration> {
    let delay = details(error).find_map(|detail| detail.get("retryDelay")?.as_str())?;
    let seconds: f64 = delay.strip_suffix('s')?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// What an error inside an answer that began as a success means.
pub(crate) fn from_stream_error(provider: &str, error: &Value, key: &str) -> Failure {
    let detail = provider_failure(provider, None, error, key);
    let said = detail.message.clone().unwrap_or_else(|| "it gave no reason".to_owned());
    let spent = is_spent(&detail);
    let limited = |name: &str| name.contains("rate_limit") || name == "RESOURCE_EXHAUSTED";
    let code = if spent || names(&detail).any(limited) {
        ErrorCode::ProviderRateLimited
    } else {
        ErrorCode::ProviderUnavailable
    };
    let message = format!("the provider failed in the middle of its answer: {said}");
    Failure { retryable: !spent, ..Failure::new(code, message) }.from_provider(detail)
}

/// How long the provider asks to wait, from `retry-after-ms` or `retry-after`.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
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
        let now = SystemTime::UNIX_EPOCH;
        from_answer("openai", status, &HeaderMap::new(), body.as_bytes(), source, KEY, now)
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
            let failure = from_stream_error("openai", &serde_json::json!({"code": code}), KEY);
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
        assert!(!format!("{:?}", from_stream_error("openai", &error, KEY)).contains("canary"));
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
            "openai",
            StatusCode::SERVICE_UNAVAILABLE,
            &headers(&[("x-should-retry", "false")]),
            b"",
            CredentialSource::User,
            KEY,
            SystemTime::UNIX_EPOCH,
        );
        assert!(!failure.retryable);
    }

    /// What the vendors say in each of their failures, and what that means.
    #[test]
    fn every_vendors_words_mean_the_same() {
        use ErrorCode::*;
        let google = |reason: &str| {
            format!(
                r#"{{"error":{{"code":400,"message":"m","status":"INVALID_ARGUMENT","details":[{{"reason":"{reason}"}}]}}}}"#
            )
        };
        let anthropic = |kind: &str, message: &str| {
            format!(r#"{{"type":"error","error":{{"type":"{kind}","message":"{message}"}}}}"#)
        };
        let daily = r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"m","details":[
            {"violations":[{"quotaId":"GenerateRequestsPerDayPerProjectPerModel"}]}]}}"#;
        let minute = r#"[{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"m","details":[
            {"violations":[{"quotaId":"GenerateRequestsPerMinute"}]},{"retryDelay":"1.5s"}]}}]"#;
        let azure = r#"{"error":{"code":"content_filter","message":"m","type":null,"status":400}}"#;
        let spent = anthropic("rate_limit_error", "enforced_spend_limit_reached: no more");
        let coded = r#"{"error":{"type":"rate_limit_error","message":"m","details":{"error_code":"enforced_spend_limit_reached"}}}"#;
        for (status, body, code, retryable, own, kind) in [
            (
                400,
                google("API_KEY_INVALID").as_str(),
                AuthInvalid,
                false,
                Some("API_KEY_INVALID"),
                Some("INVALID_ARGUMENT"),
            ),
            (
                400,
                &google("BAD_FIELD"),
                RequestInvalid,
                false,
                Some("BAD_FIELD"),
                Some("INVALID_ARGUMENT"),
            ),
            (429, daily, ProviderRateLimited, false, Some("429"), Some("RESOURCE_EXHAUSTED")),
            (429, minute, ProviderRateLimited, true, Some("429"), Some("RESOURCE_EXHAUSTED")),
            (402, "{}", ProviderRateLimited, false, None, None),
            (
                401,
                &anthropic("authentication_error", "m"),
                AuthInvalid,
                false,
                None,
                Some("authentication_error"),
            ),
            (
                429,
                &anthropic("rate_limit_error", "m"),
                ProviderRateLimited,
                true,
                None,
                Some("rate_limit_error"),
            ),
            (429, &spent, ProviderRateLimited, false, None, Some("rate_limit_error")),
            (
                429,
                coded,
                ProviderRateLimited,
                false,
                Some("enforced_spend_limit_reached"),
                Some("rate_limit_error"),
            ),
            (
                529,
                &anthropic("overloaded_error", "m"),
                ProviderUnavailable,
                true,
                None,
                Some("overloaded_error"),
            ),
            (400, azure, RequestInvalid, false, Some("content_filter"), None),
        ] {
            let failure = failure(status, body, CredentialSource::User);
            assert_eq!((failure.code, failure.retryable), (code, retryable), "{body}");
            let detail = failure.provider.unwrap();
            assert_eq!((detail.code.as_deref(), detail.kind.as_deref()), (own, kind), "{body}");
        }
        let wait = failure(429, minute, CredentialSource::User).retry_after;
        assert_eq!(wait, Some(Duration::from_millis(1_500)));
        let house = failure(400, &google("API_KEY_INVALID"), CredentialSource::House);
        assert_eq!((house.code, house.provider.unwrap().message), (ProviderUnavailable, None));
    }

    #[test]
    fn errors_in_a_stream_are_told_apart_in_every_dialect() {
        for (error, code) in [
            (serde_json::json!({"type": "overloaded_error"}), ErrorCode::ProviderUnavailable),
            (serde_json::json!({"type": "rate_limit_error"}), ErrorCode::ProviderRateLimited),
            (
                serde_json::json!({"code": 503, "status": "UNAVAILABLE"}),
                ErrorCode::ProviderUnavailable,
            ),
            (
                serde_json::json!({"code": 429, "status": "RESOURCE_EXHAUSTED"}),
                ErrorCode::ProviderRateLimited,
            ),
        ] {
            assert_eq!(from_stream_error("p", &error, KEY).code, code, "{error}");
        }
    }
}
