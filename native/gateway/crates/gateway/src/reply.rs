//! What every answer of a model has in common, in whichever API it is given.
use std::convert::Infallible;

use axum::Json;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use convergio_engine::{Answered, Events, Receipt};
use convergio_wire::{ChatRequest, Failure};
use futures_util::{Stream, StreamExt, stream};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Value;

use crate::app::App;
use crate::asking::Asking;
use crate::error::ApiResult;

/// The field of an answer that says who gave it, why, and for how much.
pub(crate) const RECEIPT: &str = "convergio";

/// A whole answer, with its receipt in the body and in the headers. It goes out once the question is
/// recorded, and so does a failure.
pub(crate) async fn whole(
    app: &App,
    asking: &Asking,
    outcome: Result<Answered, Failure>,
) -> ApiResult {
    asking.record().await?;
    let Answered { body, receipt } = outcome?;
    app.metrics.answer(&receipt, None);
    Ok((receipt_headers(&receipt), Json(WithReceipt { body, receipt: &receipt })).into_response())
}

/// What the provider said, and the receipt as one more field, written in one go.
struct WithReceipt<'a> {
    body: Value,
    receipt: &'a Receipt,
}

impl Serialize for WithReceipt<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Value::Object(fields) = &self.body else { return self.body.serialize(serializer) };
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in fields.iter().filter(|(name, _)| *name != RECEIPT) {
            map.serialize_entry(name, value)?;
        }
        map.serialize_entry(RECEIPT, self.receipt)?;
        map.end()
    }
}

/// The events of a stream that has something to send. One that fails at once is an ordinary error
/// with its own status, which clients can retry.
pub(crate) async fn begun(
    app: &App,
    request: &ChatRequest,
    asking: &Asking,
) -> ApiResult<(Receipt, Events)> {
    let (receipt, events) = match app.engine.stream(request, &asking.keys).await {
        Ok(begun) => begun,
        Err(failure) => {
            asking.record().await?;
            return Err(failure.into());
        }
    };
    let mut events = asking.recorded(events);
    let first = match events.next().await {
        Some(Err(failure)) => {
            app.metrics.answer(&receipt, Some(failure.code));
            return Err(failure.into());
        }
        first => first,
    };
    Ok((receipt, stream::iter(first).chain(events).boxed()))
}

/// A response of server-sent events.
pub(crate) fn event_stream(
    mut headers: HeaderMap,
    events: impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static,
) -> Response {
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // Reverse proxies must not collect a stream before they pass it on.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    (headers, Body::from_stream(events)).into_response()
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
