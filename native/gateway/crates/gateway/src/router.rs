//! What there is: every route, the layers around them, and the state they share.
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, middleware};
use convergio_engine::Engine;
use convergio_wire::{ErrorCode, Failure};
use tower_http::catch_panic::CatchPanicLayer;

use crate::error::ApiError;
use crate::metrics::Metrics;
use crate::settings::Server;
use crate::{chat, embeddings, health, messages, metrics, models, observe, openapi};

/// What handlers share. Cloning shares it.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) engine: Arc<Engine>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) server: Arc<Server>,
    draining: Arc<AtomicBool>,
}

impl App {
    pub(crate) fn new(engine: Engine, metrics: Metrics, server: Server) -> Self {
        Self {
            engine: Arc::new(engine),
            metrics: Arc::new(metrics),
            server: Arc::new(server),
            draining: Arc::default(),
        }
    }

    /// From now on the gateway is not ready: it is about to stop.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}

/// The whole API.
pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(metrics::metrics))
        .route("/openapi.json", get(openapi::openapi_json))
        .route("/v1/models", get(models::list))
        // A wildcard, because an address such as `azure/gpt-4o` holds a slash.
        .route("/v1/models/{*id}", get(models::one))
        .route("/v1/chat/completions", post(chat::completions))
        .route("/v1/embeddings", post(embeddings::embeddings))
        .route("/v1/messages", post(messages::messages))
        .route("/v1/messages/count_tokens", post(messages::count_tokens))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(app.clone(), observe::request))
        .with_state(app)
}

async fn not_found(uri: Uri) -> ApiError {
    let path: String = uri.path().chars().take(200).collect();
    let message = format!("nothing at {path}; /openapi.json lists what there is");
    ApiError::from(Failure::new(ErrorCode::RequestNotFound, message))
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
