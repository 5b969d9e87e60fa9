//! What there is: every route, and the layers around them.
use std::sync::Arc;

use axum::extract::Request;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, middleware};
use convergio_wire::{ErrorCode, Failure};
use tower_http::catch_panic::CatchPanicLayer;

use crate::app::App;
use crate::error::ApiError;
use crate::webui::Webui;
use crate::{api, auth, chat, embeddings, health, messages, metrics, models, observe, openapi};

/// The whole API, and the web UI where it has no route. Without accounts there is no control plane.
pub(crate) fn router(app: App, webui: Webui) -> Router {
    let inference = Router::new()
        .route("/v1/chat/completions", post(chat::completions))
        .route("/v1/embeddings", post(embeddings::embeddings))
        .route("/v1/messages", post(messages::messages))
        .route("/v1/messages/count_tokens", post(messages::count_tokens))
        .route_layer(middleware::from_fn_with_state(app.clone(), auth::inference));
    let mut router = Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(metrics::metrics))
        .route("/openapi.json", get(openapi::openapi_json))
        .route("/v1/models", get(models::list))
        // A wildcard, because an address such as `azure/gpt-4o` holds a slash.
        .route("/v1/models/{*id}", get(models::one))
        .merge(inference)
        .with_state(app.clone());
    if let Some(control) = &app.control {
        router = router.merge(api::routes(app.clone(), Arc::clone(control)));
    }
    router
        .fallback(move |request: Request| webui.answer(request))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(app, observe::request))
}

async fn method_not_allowed(method: Method, uri: Uri) -> ApiError {
    let path: String = uri.path().chars().take(200).collect();
    let message = format!("{path} does not take {method}; /openapi.json says what it takes");
    let failure = Failure::new(ErrorCode::RequestInvalid, message);
    ApiError::with_status(StatusCode::METHOD_NOT_ALLOWED, failure)
}

/// A fault of ours: the panic hook has logged it, the caller learns nothing of it.
fn panicked(_: Box<dyn std::any::Any + Send + 'static>) -> Response {
    let message = "the gateway failed; the request id is in its log";
    ApiError::from(Failure::new(ErrorCode::Internal, message)).into_response()
}
