//! `/api/v1/setup`: the first administrator, by the link that the gateway showed at its start.
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use convergio_control::Founder;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::body::Body;
use crate::api::refusals::Entering;
use crate::api::session::{SessionObject, begun};
use crate::api::words::is_not;
use crate::api::{Api, From};
use crate::error::ApiResult;

/// Whether somebody must set the gateway up.
#[derive(Serialize, ToSchema)]
pub(crate) struct Needed {
    needed: bool,
    /// True in a demo, where every provider is simulated; else left out.
    #[serde(skip_serializing_if = "is_not")]
    demo: bool,
}

/// Who sets the gateway up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Setup {
    /// What stands behind `#` in the link.
    #[schema(value_type = String)]
    token: SecretString,
    /// What the first tenant is to be called.
    #[schema(min_length = 1, max_length = 200)]
    tenant: String,
    #[schema(min_length = 3, max_length = 254)]
    email: String,
    /// 12 characters or more.
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 1024)]
    password: SecretString,
}

/// Does nobody administer this gateway yet?
#[utoipa::path(get, path = "/api/v1/setup", tag = "control",
    responses((status = 200, description = "Whether it must be set up", body = Needed)))]
pub(crate) async fn needed(State(api): State<Api>) -> ApiResult<Json<Needed>> {
    let needed = api.control.needs_setup().await?;
    Ok(Json(Needed { needed, demo: api.app.server.demo }))
}

/// Makes the first tenant and its administrator, and lets them in.
#[utoipa::path(post, path = "/api/v1/setup", tag = "control", request_body = Setup,
    responses((status = 201, description = "Set up, and in", body = SessionObject), Entering))]
pub(crate) async fn set_up(
    State(api): State<Api>,
    from: From,
    Body(setup): Body<Setup>,
) -> ApiResult {
    let Setup { token, tenant, email, password } = setup;
    let founder = Founder { tenant: &tenant, email: &email, password: &password };
    let session = api.control.set_up(&token, founder, from.arrival()).await?;
    Ok(begun(&api, StatusCode::CREATED, session))
}
