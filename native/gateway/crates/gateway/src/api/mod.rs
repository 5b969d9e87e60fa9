//! The control plane's face, `/api/v1`: each handler parses, calls one method of
//! [`Control`](convergio_control::Control), and maps what comes back. None of them decides anything.
mod body;
mod me;
mod refusals;
mod session;
mod setup;
mod tokens;

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use axum::routing::{delete, get, put};
use axum::{Router, middleware};
use convergio_control::{Arrival, Control};
use utoipa::OpenApi;

use crate::app::App;
use crate::auth;
use crate::observe::RequestId;

/// What handlers of the control plane share.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) app: App,
    pub(crate) control: Arc<Control>,
}

/// Every route of the control plane.
pub(crate) fn routes(app: App, control: Arc<Control>) -> Router {
    Router::new()
        .route("/api/v1/setup", get(setup::needed).post(setup::set_up))
        .route("/api/v1/session", get(session::show).post(session::log_in).delete(session::log_out))
        .route("/api/v1/me", get(me::show))
        .route("/api/v1/me/password", put(me::change_password))
        .route("/api/v1/tokens", get(tokens::list).post(tokens::issue))
        .route("/api/v1/tokens/{id}", delete(tokens::revoke))
        .route_layer(middleware::map_response(keep_out_of_caches))
        .with_state(Api { app, control })
}

/// What the documents say of these routes.
#[derive(OpenApi)]
#[openapi(
    paths(
        setup::needed,
        setup::set_up,
        session::log_in,
        session::show,
        session::log_out,
        me::show,
        me::change_password,
        tokens::list,
        tokens::issue,
        tokens::revoke
    ),
    tags((name = "control", description = "People, keys, usage, audit"))
)]
pub(crate) struct Document;

/// Answers here are about one person: no cache may keep them.
async fn keep_out_of_caches(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// From where somebody comes who wants in.
pub(crate) struct From {
    ip: String,
    device: String,
    request: RequestId,
}

impl From {
    pub(crate) fn arrival(&self) -> Arrival<'_> {
        let Self { ip, device, request } = self;
        Arrival { ip, device, request_id: request.as_str() }
    }
}

impl<S: Sync> FromRequestParts<S> for From {
    type Rejection = crate::error::ApiError;

    /// Other sites must not log anybody in either, nor use up the link.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        auth::same_origin(&parts.headers)?;
        let device = parts.headers.get(header::USER_AGENT);
        let device = device.map_or("unknown", |value| value.to_str().unwrap_or("unreadable"));
        Ok(Self {
            ip: auth::peer(&parts.extensions),
            device: device.chars().take(200).collect(),
            request: RequestId::of(&parts.extensions),
        })
    }
}
