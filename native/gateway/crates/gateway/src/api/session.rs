//! `/api/v1/session`: in, still in, out.
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use convergio_control::{Session, SessionView, Standing};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::body::Body;
use crate::api::refusals::{Changing, Entering, Reading};
use crate::api::words::{RoleName, is_not};
use crate::api::{Api, From};
use crate::auth::Who;
use crate::cookies;
use crate::error::ApiResult;

/// Who logs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    email: String,
    #[schema(value_type = String, format = Password)]
    password: SecretString,
}

/// A session, as its owner sees it.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionObject {
    user: UserObject,
    tenant: TenantObject,
    /// What they may do: `chat`, `own_keys`, `own_usage`, `all_keys`, `all_usage`, `people`,
    /// `settings`, `read_audit`.
    permissions: Vec<&'static str>,
    /// To come back with every change, as `x-csrf-token`.
    csrf: String,
    /// When the session ends, in milliseconds since 1970.
    expires_at: i64,
    /// True in a demo, where every provider is simulated; else left out.
    #[serde(skip_serializing_if = "is_not")]
    demo: bool,
}

/// Somebody.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserObject {
    id: String,
    email: String,
    #[schema(value_type = RoleName)]
    role: &'static str,
}

/// People and keys that may see each other.
#[derive(Serialize, ToSchema)]
pub(crate) struct TenantObject {
    id: String,
    name: String,
}

/// Who somebody is and what they may do, in the API's words.
pub(crate) fn standing(standing: Standing) -> (UserObject, TenantObject, Vec<&'static str>) {
    let Standing { person, tenant, tenant_name, permissions } = standing;
    let user =
        UserObject { id: person.id.to_string(), email: person.email, role: person.role.as_str() };
    let tenant = TenantObject { id: tenant.to_string(), name: tenant_name };
    (user, tenant, permissions.into_iter().map(|one| one.as_str()).collect())
}

fn object(api: &Api, view: SessionView) -> SessionObject {
    let SessionView { standing: who, csrf, expires_at } = view;
    let (user, tenant, permissions) = standing(who);
    let demo = api.app.server.demo;
    SessionObject { user, tenant, permissions, csrf, expires_at, demo }
}

/// A session that has just begun, with its cookie.
pub(crate) fn begun(api: &Api, status: StatusCode, session: Session) -> Response {
    let Session { session, view } = session;
    let lasts = view.expires_at.saturating_sub(api.control.now());
    let cookie = cookies::set(&session, lasts, api.app.server.secure_cookies);
    (status, [(header::SET_COOKIE, cookie)], Json(object(api, view))).into_response()
}

/// Logs in. The answer is the same whatever is wrong.
#[utoipa::path(post, path = "/api/v1/session", tag = "control", request_body = Login,
    responses((status = 200, description = "In; with the session's cookie", body = SessionObject),
        Entering))]
pub(crate) async fn log_in(
    State(api): State<Api>,
    from: From,
    Body(login): Body<Login>,
) -> ApiResult {
    let Login { email, password } = login;
    let session = api.control.log_in(&email, &password, from.arrival()).await?;
    Ok(begun(&api, StatusCode::OK, session))
}

/// The session that the cookie belongs to.
#[utoipa::path(get, path = "/api/v1/session", tag = "control", security(("session" = [])),
    responses((status = 200, description = "Still in", body = SessionObject), Reading))]
pub(crate) async fn show(State(api): State<Api>, who: Who) -> ApiResult<Json<SessionObject>> {
    let session = who.session()?;
    Ok(Json(object(&api, api.control.session(session).await?)))
}

/// Ends the session.
#[utoipa::path(delete, path = "/api/v1/session", tag = "control",
    security(("session" = [], "csrf" = [])),
    responses((status = 204, description = "Out; the cookie is cleared"), Changing))]
pub(crate) async fn log_out(State(api): State<Api>, who: Who) -> ApiResult {
    api.control.log_out(who.session()?).await?;
    let cookie = cookies::clear(api.app.server.secure_cookies);
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}
