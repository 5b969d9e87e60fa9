//! Is it alive, is it ready.
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::about::About;
use crate::app::App;

/// Liveness and versions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`.
    status: &'static str,
    #[serde(flatten)]
    about: About,
}

/// Whether requests should be sent here.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Readiness {
    /// `ready`, `draining` or `database`: it does not answer.
    status: &'static str,
}

/// Alive, and which build.
#[utoipa::path(get, path = "/healthz", tag = "operations",
    responses((status = 200, description = "The process is alive", body = Health)))]
pub(crate) async fn healthz() -> Json<Health> {
    Json(Health { status: "ok", about: About::this_build() })
}

/// Ready for requests: not while it is stopping, nor while its database does not answer.
#[utoipa::path(get, path = "/readyz", tag = "operations",
    responses((status = 200, description = "Send requests", body = Readiness),
              (status = 503, description = "Send requests elsewhere", body = Readiness)))]
pub(crate) async fn readyz(State(app): State<App>) -> Response {
    let not =
        |status| (StatusCode::SERVICE_UNAVAILABLE, Json(Readiness { status })).into_response();
    if app.is_draining() {
        return not("draining");
    }
    if let Some(control) = &app.control
        && let Err(error) = control.store().ping().await
    {
        tracing::error!(%error, "not ready");
        return not("database");
    }
    Json(Readiness { status: "ready" }).into_response()
}
