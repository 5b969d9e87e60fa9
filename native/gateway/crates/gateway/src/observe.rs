//! Around every request: an id, one log line, metrics. Never a header, a query string or a body.
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;
use uuid::Uuid;

use crate::error::FailedWith;
use crate::router::App;

const REQUEST_ID: &str = "x-request-id";

/// Gives the request an id, and records how it went.
pub(crate) async fn request(State(app): State<App>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let method = request.method().clone();
    // The template, not the path: a label per model name or scan would grow without bound.
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    let id = request_id(request.headers().get(REQUEST_ID));
    let span = tracing::info_span!("request", id = %id.to_str().unwrap_or_default());

    let mut response = next.run(request).instrument(span.clone()).await;
    response.headers_mut().insert(REQUEST_ID, id);

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

/// The caller's id when it is harmless, a new one otherwise.
fn request_id(given: Option<&HeaderValue>) -> HeaderValue {
    let harmless = |value: &&HeaderValue| {
        let bytes = value.as_bytes();
        (1..=128).contains(&bytes.len())
            && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte))
    };
    given.filter(harmless).cloned().unwrap_or_else(|| {
        HeaderValue::from_str(&Uuid::new_v4().to_string()).expect("a UUID is plain ASCII")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_ids_are_kept() {
        let kept = HeaderValue::from_static("trace-1.2:3_x");
        assert_eq!(request_id(Some(&kept)), kept);
        for bad in ["", "a b", "<script>", "x\u{7f}"] {
            if let Ok(bad) = HeaderValue::from_bytes(bad.as_bytes()) {
                assert_ne!(request_id(Some(&bad)), bad);
            }
        }
        assert_ne!(request_id(None), request_id(None));
    }
}
