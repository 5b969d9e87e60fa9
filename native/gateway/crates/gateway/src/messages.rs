//! `POST /v1/messages`, whole and streamed: Anthropic's API, whichever provider serves.
use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use convergio_engine::{Event, Events, Receipt};
use convergio_wire::ChatRequest;
use futures_util::{Stream, StreamExt};
use serde_json::{Value, json};

use crate::app::App;
use crate::asking::{Asker, Asking};
use crate::error::{ApiError, ApiResult, FailedWith};
use crate::incoming::read_json;
use crate::metrics::Metrics;
use crate::reply;

/// Headers of Anthropic's API that go along to Anthropic.
const FORWARDED: [&str; 2] = ["anthropic-version", "anthropic-beta"];

/// Answers a message with the model asked for, or with the one the router chooses (`auto`).
#[utoipa::path(post, path = "/v1/messages", tag = "inference",
    request_body(content = crate::openapi::MessagesBody,
        description = "Anthropic's request; fields that are not listed pass through to Anthropic"),
    security(("provider_key" = []), ("anthropic_key" = []), ()),
    responses(
        (status = 200, description = "Anthropic's message, with a `convergio` object; or, with \
            `stream`, its event stream", body = Object),
        (status = 400, description = "`request.invalid`", body = crate::openapi::MessagesError),
        (status = 401, description = "`byok.missing_key`, `auth.invalid`", body = crate::openapi::MessagesError),
        (status = 402, description = "`budget.exceeded`", body = crate::openapi::MessagesError),
        (status = 403, description = "`privacy.blocked`, `auth.forbidden`", body = crate::openapi::MessagesError),
        (status = 404, description = "`request.not_found`", body = crate::openapi::MessagesError),
        (status = 429, description = "`provider.rate_limited`, `rate.limited`", body = crate::openapi::MessagesError),
        (status = 502, description = "`provider.truncated`", body = crate::openapi::MessagesError),
        (status = 503, description = "`provider.unavailable`", body = crate::openapi::MessagesError),
        (status = 504, description = "`provider.timeout`", body = crate::openapi::MessagesError)))]
pub(crate) async fn messages(
    State(app): State<App>,
    asker: Result<Asker, ApiError>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Spoken> {
    answer(&app, asker, &headers, body).await.map_err(Spoken)
}

async fn answer(app: &App, asker: ApiResult<Asker>, headers: &HeaderMap, body: Body) -> ApiResult {
    let asker = asker?;
    let request = forward(headers, ChatRequest::parse_messages(read_json(app, body).await?)?);
    let asking = asker.asks(app, request.model()).await?;
    if request.stream() {
        streamed(app, &request, asking).await
    } else {
        reply::whole(app, &asking, app.engine.complete(&request, &asking.keys).await).await
    }
}

/// Counts the tokens of a message: Anthropic's own count for its models, an estimate for others.
#[utoipa::path(post, path = "/v1/messages/count_tokens", tag = "inference",
    request_body(content = crate::openapi::MessagesBody,
        description = "Anthropic's request, without `max_tokens`"),
    security(("provider_key" = []), ("anthropic_key" = []), ()),
    responses(
        (status = 200, description = "`input_tokens`; with `convergio.estimated` when nobody \
            counted", body = Object),
        (status = 400, description = "`request.invalid`", body = crate::openapi::MessagesError),
        (status = 401, description = "`byok.missing_key`, `auth.invalid`", body = crate::openapi::MessagesError),
        (status = 404, description = "`request.not_found`", body = crate::openapi::MessagesError),
        (status = 429, description = "`provider.rate_limited`, `rate.limited`", body = crate::openapi::MessagesError),
        (status = 503, description = "`provider.unavailable`", body = crate::openapi::MessagesError)))]
pub(crate) async fn count_tokens(
    State(app): State<App>,
    asker: Result<Asker, ApiError>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Spoken> {
    count(&app, asker, &headers, body).await.map(Json).map_err(Spoken)
}

async fn count(
    app: &App,
    asker: ApiResult<Asker>,
    headers: &HeaderMap,
    body: Body,
) -> ApiResult<Value> {
    let asker = asker?;
    let request = forward(headers, ChatRequest::parse_unbounded(read_json(app, body).await?)?);
    let asking = asker.asks(app, request.model()).await?;
    let counted = app.engine.count_tokens(&request, &asking.keys).await;
    asking.record().await?;
    Ok(counted?)
}

/// Lets the caller's own version go along to Anthropic.
fn forward(headers: &HeaderMap, mut request: ChatRequest) -> ChatRequest {
    for name in FORWARDED {
        if let Some(value) = headers.get(name).and_then(|value| value.to_str().ok()) {
            request = request.with_header(name, value);
        }
    }
    request
}

async fn streamed(app: &App, request: &ChatRequest, asking: Asking) -> ApiResult {
    let (receipt, events) = reply::begun(app, request, &asking).await?;
    let headers = reply::receipt_headers(&receipt);
    let bytes = relay(events, receipt, Arc::clone(&app.metrics));
    Ok(reply::event_stream(headers, bytes))
}

/// Events as bytes. A failure becomes an error event, and then nothing: no `message_stop`, so that no
/// client takes half an answer for a whole one.
fn relay(
    events: Events,
    receipt: Receipt,
    metrics: Arc<Metrics>,
) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
    events.map(move |event| {
        Ok(match event {
            Ok(Event::Chunk(event) | Event::Usage(event, _)) => named(&event),
            Ok(Event::End(receipt)) => {
                metrics.answer(&receipt, None);
                named(&json!({"type": "message_stop"}))
            }
            Err(failure) => {
                tracing::warn!(code = %failure.code, model = %receipt.model, "stream broke off");
                metrics.answer(&receipt, Some(failure.code));
                named(&ApiError::message(&failure))
            }
        })
    })
}

fn named(event: &Value) -> Bytes {
    let name = event.get("type").and_then(Value::as_str).unwrap_or("message");
    Bytes::from(format!("event: {name}\ndata: {event}\n\n"))
}

/// A failure in Anthropic's envelope.
#[derive(Debug)]
pub(crate) struct Spoken(pub(crate) ApiError);

impl IntoResponse for Spoken {
    fn into_response(self) -> Response {
        let body = ApiError::message(self.0.failure());
        let (parts, _) = self.0.into_response().into_parts();
        let mut response = (parts.status, Json(body)).into_response();
        for (name, value) in &parts.headers {
            if name != header::CONTENT_LENGTH {
                response.headers_mut().insert(name, value.clone());
            }
        }
        if let Some(&failed) = parts.extensions.get::<FailedWith>() {
            response.extensions_mut().insert(failed);
        }
        response
    }
}
