//! `POST /v1/chat/completions`, whole and streamed.
use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use bytes::Bytes;
use convergio_engine::{Event, Events, Receipt};
use convergio_wire::ChatRequest;
use futures_util::{Stream, StreamExt};
use serde_json::{Value, json};

use crate::app::App;
use crate::asking::{Asker, Asking};
use crate::error::{ApiError, ApiResult};
use crate::incoming::read_json;
use crate::metrics::Metrics;
use crate::reply;

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
        (status = 403, description = "`privacy.blocked`, `auth.forbidden`", body = crate::openapi::ErrorBody),
        (status = 404, description = "`request.not_found`", body = crate::openapi::ErrorBody),
        (status = 429, description = "`provider.rate_limited`, `rate.limited`", body = crate::openapi::ErrorBody),
        (status = 502, description = "`provider.truncated`", body = crate::openapi::ErrorBody),
        (status = 503, description = "`provider.unavailable`", body = crate::openapi::ErrorBody),
        (status = 504, description = "`provider.timeout`", body = crate::openapi::ErrorBody)))]
pub(crate) async fn completions(State(app): State<App>, asker: Asker, body: Body) -> ApiResult {
    let request = ChatRequest::parse(read_json(&app, body).await?)?;
    let asking = asker.asks(&app, request.model()).await?;
    if request.stream() {
        streamed(&app, &request, asking).await
    } else {
        reply::whole(&app, &asking, app.engine.complete(&request, &asking.keys).await).await
    }
}

async fn streamed(app: &App, request: &ChatRequest, asking: Asking) -> ApiResult {
    let (receipt, events) = reply::begun(app, request, &asking).await?;
    let headers = reply::receipt_headers(&receipt);
    let bytes = relay(events, receipt, request.include_usage(), Arc::clone(&app.metrics));
    Ok(reply::event_stream(headers, bytes))
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
                chunk[reply::RECEIPT] = json!(receipt);
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
