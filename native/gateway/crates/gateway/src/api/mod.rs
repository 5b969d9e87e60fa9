//! The control plane's face, `/api/v1`: each handler parses, calls one method of
//! [`Control`](convergio_control::Control), and maps what comes back. None of them decides anything.
mod audit;
mod body;
mod csv;
mod keys;
mod me;
mod people;
mod query;
mod refusals;
mod session;
mod settings;
mod setup;
mod tokens;
mod usage;
mod vendors;
mod words;

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use axum::routing::{delete, get, patch, post, put};
use axum::{Router, middleware};
use convergio_control::{Arrival, Control};
use utoipa::OpenApi;

use crate::app::App;
use crate::auth;
use crate::observe::RequestId;

pub(crate) use vendors::Vendors;

/// What handlers of the control plane share.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) app: App,
    pub(crate) control: Arc<Control>,
}

impl Api {
    /// The providers, to be asked whether they take a key.
    fn asked(&self) -> vendors::Asked<'_> {
        vendors::Asked { engine: &self.app.engine, vendors: &self.app.vendors }
    }
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
        .route("/api/v1/people", get(people::list).post(people::add))
        .route("/api/v1/people/{id}", patch(people::change))
        .route("/api/v1/providers", get(vendors::list))
        .route("/api/v1/keys", get(keys::list).post(keys::add))
        .route("/api/v1/keys/check", post(keys::check))
        .route("/api/v1/keys/{id}", get(keys::show).patch(keys::change).delete(keys::remove))
        .route("/api/v1/keys/{id}/test", post(keys::test))
        .route("/api/v1/keys/{id}/rotate", post(keys::rotate))
        .route("/api/v1/keys/{id}/revoke", post(keys::revoke))
        .route("/api/v1/reminders", get(keys::reminders))
        .route("/api/v1/usage", get(usage::usage))
        .route("/api/v1/usage/events", get(usage::events))
        .route("/api/v1/audit", get(audit::list))
        .route("/api/v1/audit/verify", get(audit::verify))
        .route("/api/v1/settings", get(settings::show).put(settings::change))
        .route("/api/v1/vault", get(settings::vault))
        .route("/api/v1/vault/rewrap", post(settings::rewrap))
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
        tokens::revoke,
        people::list,
        people::add,
        people::change,
        vendors::list,
        keys::list,
        keys::add,
        keys::check,
        keys::show,
        keys::change,
        keys::remove,
        keys::test,
        keys::rotate,
        keys::revoke,
        keys::reminders,
        usage::usage,
        usage::events,
        audit::list,
        audit::verify,
        settings::show,
        settings::change,
        settings::vault,
        settings::rewrap
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
