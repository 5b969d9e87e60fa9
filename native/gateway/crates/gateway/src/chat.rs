//! `POST /v1/chat/completions`, whole and streamed.
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use bytes::Bytes;
use convergio_engine::{Event, Events, Keys, Receipt};
use convergio_wire::{ChatRequest, ErrorCode, Failure};
use futures_util::{Stream, StreamExt, stream};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::error::{ApiError, ApiResult};
use crate::metrics::Metrics;
use crate::router::App;

/// Answers a chat completion with the model asked for, or with the one the router chooses (`auto`).
#[utoipa::path(post, path = "/v1/chat/completions", tag = "inference",
    request_body(content = crate::openapi::ChatBody,
        description = "OpenAI's request; fields that are not listed pass through to the provider"),
    security(("provider_key" = []), ()),
    responses(
        (status = 200, description = "OpenAI's answer, with a `convergio` object; or, with \
            `stream`, its event stream", body = crate::openapi::ChatAnswer),
        (status = 400, description = "`request.invalid`", body = crate::openapi::ErrorBody),
        (status = 401, description = "`byok.missing_key`, `auth.invalid`", body = crate::openapi::ErrorBody),
        (status = 402, description = "`budget.exceeded`", body = crate::openapi::ErrorBody),
        (status = 403, description = "`privacy.blocked`", body = crate::openapi::ErrorBody),
        (status = 404, description = "`request.not_found`", body = crate::openapi::ErrorBody),
        (status = 429, description = "`provider.rate_limited`", body = crate::openapi::ErrorBody),
        (status = 502, description = "`provider.truncated`", body = crate::openapi::ErrorBody),
        (status = 503, description = "`provider.unavailable`", body = crate::openapi::ErrorBody),
        (status = 504, description = "`provider.timeout`", body = crate::openapi::ErrorBody)))]
pub(crate) async fn completions(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> ApiResult {
    let keys = app.engine.credential(own_key(&headers)?)?;
    let request = ChatRequest::parse(read_json(&app, body).await?)?;
    if request.stream() {
        streamed(&app, &request, &keys).await
    } else {
        whole(&app, &request, &keys).await
    }
}

async fn whole(app: &App, request: &ChatRequest, keys: &Keys) -> ApiResult {
    let answered = app.engine.complete(request, keys).await?;
    app.metrics.answer(&answered.receipt, None);
    let mut body = answered.body;
    if let Value::Object(body) = &mut body {
        body.insert("convergio".to_owned(), json!(answered.receipt));
    }
    Ok((receipt_headers(&answered.receipt), Json(body)).into_response())
}

async fn streamed(app: &App, request: &ChatRequest, keys: &Keys) -> ApiResult {
    let (receipt, mut events) = app.engine.stream(request, keys).await?;
    // Nothing is sent before there is something to send: a stream that fails at once is an ordinary
    // error with its own status, which clients can retry.
    let first = match events.next().await {
        Some(Err(failure)) => {
            app.metrics.answer(&receipt, Some(failure.code));
            return Err(failure.into());
        }
        first => first,
    };
    let events = stream::iter(first).chain(events).boxed();
    let mut headers = receipt_headers(&receipt);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // Reverse proxies must not collect a stream before they pass it on.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    let metrics = Arc::clone(&app.metrics);
    let bytes = relay(events, receipt, request.include_usage(), metrics);
    Ok((headers, Body::from_stream(bytes)).into_response())
}

/// Events as bytes. A failure becomes an error event, and then nothing: no terminator, so that no
/// client takes half an answer for a whole one.
fn relay(
    events: Events,
    receipt: Receipt,
    include_usage: bool,
    metrics: Arc<Metrics>,
) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
    events.filter_map(move |event| {
        let bytes = match event {
            Ok(Event::Chunk(mut chunk)) => {
                if !include_usage && let Value::Object(chunk) = &mut chunk {
                    // The provider adds `"usage": null` because we asked; the caller did not.
                    if chunk.get("usage").is_some_and(Value::is_null) {
                        chunk.shift_remove("usage");
                    }
                }
                Some(data(&chunk))
            }
            Ok(Event::Usage(mut chunk, receipt)) => include_usage.then(|| {
                chunk["convergio"] = json!(receipt);
                data(&chunk)
            }),
            Ok(Event::End(receipt)) => {
                metrics.answer(&receipt, None);
                Some(Bytes::from_static(b"data: [DONE]\n\n"))
            }
            Err(failure) => {
                tracing::warn!(code = %failure.code, model = %receipt.model, "stream broke off");
                metrics.answer(&receipt, Some(failure.code));
                Some(data(&ApiError::envelope(&failure)))
            }
        };
        std::future::ready(bytes.map(Ok))
    })
}

fn data(value: &Value) -> Bytes {
    Bytes::from(format!("data: {value}\n\n"))
}

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

/// Reads the body within its limits of size and time.
pub(crate) async fn read_json(app: &App, body: Body) -> ApiResult<Value> {
    let limit = app.server.max_body_bytes;
    let patience = Duration::from_millis(app.server.body_timeout_ms);
    let invalid = |message: String| Failure::new(ErrorCode::RequestInvalid, message);
    let bytes = match timeout(patience, to_bytes(body, limit)).await {
        Err(_) => {
            let failure = invalid(format!("the body did not arrive within {patience:?}"));
            return Err(ApiError::with_status(StatusCode::REQUEST_TIMEOUT, failure));
        }
        Ok(Err(error)) if is_too_large(&error) => {
            let failure = invalid(format!("the body exceeds {limit} bytes; send less"));
            return Err(ApiError::with_status(StatusCode::PAYLOAD_TOO_LARGE, failure));
        }
        Ok(Err(_)) => return Err(invalid("the body broke off".to_owned()).into()),
        Ok(Ok(bytes)) => bytes,
    };
    // The parser's own message quotes no input, so it is safe to pass on.
    serde_json::from_slice(&bytes)
        .map_err(|error| invalid(format!("the body is not JSON: {error}")).into())
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

/// Who answers, on whose key, why, and what it costs, for clients that cannot see the body's fields.
pub(crate) fn receipt_headers(receipt: &Receipt) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut add = |name: &'static str, value: &str| {
        // A model name from a configuration may hold what a header cannot; the body has it anyway.
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    add("x-convergio-provider", &receipt.provider);
    add("x-convergio-model", &receipt.model);
    add("x-convergio-credential-source", receipt.credential_source);
    add("x-convergio-route-reason", receipt.route.reason);
    let estimate = receipt.route.estimated_cost_nano_usd;
    add("x-convergio-estimated-cost-nano-usd", &estimate.to_string());
    if let Some(cost) = receipt.cost_nano_usd {
        add("x-convergio-cost-nano-usd", &cost.to_string());
    }
    if let Some(from) = &receipt.fallback_from {
        add("x-convergio-fallback-from", from);
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

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
