//! `/api/v1/me`: who the caller is, and their password.
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use convergio_control::Through;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::Api;
use crate::api::body::Body;
use crate::api::refusals::{Changing, Reading};
use crate::api::session::{TenantObject, UserObject, standing};
use crate::api::words::ScopeName;
use crate::auth::Who;
use crate::error::ApiResult;

/// The caller.
#[derive(Serialize, ToSchema)]
pub(crate) struct Me {
    user: UserObject,
    tenant: TenantObject,
    /// What they may do, the way they came.
    permissions: Vec<&'static str>,
    /// `session` or `token`.
    through: &'static str,
    /// What the token is good for; null for a session, which is good for everything.
    #[schema(required, value_type = Option<Vec<ScopeName>>)]
    scopes: Option<Vec<&'static str>>,
}

/// A change of the caller's own password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Passwords {
    #[schema(value_type = String, format = Password)]
    old: SecretString,
    /// 12 characters or more.
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 1024)]
    new: SecretString,
}

/// Who the caller is and what they may do.
#[utoipa::path(get, path = "/api/v1/me", tag = "control",
    security(("session" = []), ("token" = [])),
    responses((status = 200, description = "The caller", body = Me), Reading))]
pub(crate) async fn show(State(api): State<Api>, who: Who) -> ApiResult<Json<Me>> {
    let (user, tenant, permissions) = standing(api.control.standing(&who.caller).await?);
    let (through, scopes) = match &who.caller.through {
        Through::Session => ("session", None),
        Through::Token { scopes, .. } => {
            ("token", Some(scopes.iter().map(|scope| scope.as_str()).collect()))
        }
    };
    Ok(Json(Me { user, tenant, permissions, through, scopes }))
}

/// Changes the caller's password. All their sessions end, this one too.
#[utoipa::path(put, path = "/api/v1/me/password", tag = "control", request_body = Passwords,
    security(("session" = [], "csrf" = [])),
    responses((status = 204, description = "Changed; log in again"), Changing))]
pub(crate) async fn change_password(
    State(api): State<Api>,
    who: Who,
    Body(passwords): Body<Passwords>,
) -> ApiResult<StatusCode> {
    let Passwords { old, new } = passwords;
    api.control.change_password(who.by(), &old, &new).await?;
    Ok(StatusCode::NO_CONTENT)
}
