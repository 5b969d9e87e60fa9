//! Around every request: an id, one log line, metrics. Never a header, a query string or a body.
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Instant;

use axum::body::{Body, HttpBody as _};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Extensions, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::{StreamExt as _, stream};
use tracing::Instrument;
use uuid::Uuid;

use crate::app::App;
use crate::error::FailedWith;

const REQUEST_ID: &str = "x-request-id";
const OWN_ID: &str = "x-convergio-request-id";

/// The gateway's own id of a request, a UUIDv7. What is kept of a request is kept under this one: a
/// client may send the same `x-request-id` twice, and two requests must stay two.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(Arc<str>);

impl RequestId {
    fn fresh() -> Self {
        Self(Uuid::now_v7().hyphenated().to_string().into())
    }

    /// The id of the request with those extensions.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        extensions.get::<Self>().cloned().unwrap_or_else(Self::fresh)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Gives the request its ids, and records how it went.
pub(crate) async fn request(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let start = Instant::now();
    let method = request.method().clone();
    // The template, not the path: a label per model name or scan would grow without bound.
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    let own = RequestId::fresh();
    let id = request_id(request.headers().get(REQUEST_ID), &own);
    let span = tracing::info_span!(
        "request",
        id = %id.to_str().unwrap_or_default(),
        own_id = own.as_str()
    );
    request.extensions_mut().insert(own.clone());

    let (request, unread) = watch_body(request);
    let mut response = next.run(request).instrument(span.clone()).await;
    if unread.load(Ordering::Relaxed) {
        // The rest of the body is in the way of the next request: the connection ends, and whoever
        // keeps connections must know.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response.headers_mut().insert(REQUEST_ID, id);
    if let Ok(own) = HeaderValue::from_str(own.as_str()) {
        response.headers_mut().insert(OWN_ID, own);
    }

    let status = response.status();
    let elapsed = start.elapsed();
    app.metrics.http(&method, &route, status, elapsed);
    let code = response.extensions().get::<FailedWith>().map(|failed| failed.0.as_str());
    let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    span.in_scope(|| {
        tracing::info!(%method, route, status = status.as_u16(), elapsed_ms, code, "answered");
    });
    response
}

/// The same request, and whether something of its body is still to be read.
fn watch_body(request: Request) -> (Request, Arc<AtomicBool>) {
    let unread = Arc::new(AtomicBool::new(!request.body().is_end_stream()));
    if !unread.load(Ordering::Relaxed) {
        return (request, unread);
    }
    let read = Arc::clone(&unread);
    let request = request.map(|body| {
        let mut pieces = body.into_data_stream();
        Body::from_stream(stream::poll_fn(move |context| {
            let piece = pieces.poll_next_unpin(context);
            if matches!(piece, Poll::Ready(None)) {
                read.store(false, Ordering::Relaxed);
            }
            piece
        }))
    });
    (request, unread)
}

/// The caller's id when it is harmless, our own otherwise.
fn request_id(given: Option<&HeaderValue>, own: &RequestId) -> HeaderValue {
    let harmless = |value: &&HeaderValue| {
        let bytes = value.as_bytes();
        (1..=128).contains(&bytes.len())
            && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte))
    };
    given
        .filter(harmless)
        .cloned()
        .unwrap_or_else(|| HeaderValue::from_str(own.as_str()).expect("a UUID is plain ASCII"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_ids_are_kept() {
        let kept = HeaderValue::from_static("trace-1.2:3_x");
        let own = RequestId::fresh();
        assert_eq!(request_id(Some(&kept), &own), kept);
        for bad in ["", "a b", "<script>", "x\u{7f}"] {
            if let Ok(bad) = HeaderValue::from_bytes(bad.as_bytes()) {
                assert_ne!(request_id(Some(&bad), &own), bad);
            }
        }
        assert_ne!(request_id(None, &own), request_id(None, &RequestId::fresh()));
    }
}
