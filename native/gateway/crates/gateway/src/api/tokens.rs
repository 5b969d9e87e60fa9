//! `/api/v1/tokens`: the caller's personal API tokens.
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use convergio_control::{Issued, NewToken, Scope, Scopes, TokenId, TokenView};
use convergio_wire::Failure;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::Api;
use crate::api::body::{Body, Id};
use crate::api::refusals::{Changing, Reading};
use crate::api::words::ScopeName;
use crate::auth::Who;
use crate::error::ApiResult;

/// A token that somebody wants.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTokenBody {
    /// What it is called.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    #[schema(value_type = Vec<ScopeName>, min_items = 1)]
    scopes: Vec<String>,
    /// When it ends by itself, in milliseconds since 1970.
    expires_at: Option<i64>,
}

/// A token, without the token.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenObject {
    id: String,
    name: String,
    #[schema(value_type = Vec<ScopeName>)]
    scopes: Vec<&'static str>,
    created_at: i64,
    #[schema(required)]
    expires_at: Option<i64>,
    /// To the minute.
    #[schema(required)]
    last_used_at: Option<i64>,
    #[schema(required)]
    revoked_at: Option<i64>,
}

/// The caller's tokens.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenList {
    data: Vec<TokenObject>,
}

/// A token that was just issued.
#[derive(Serialize, ToSchema)]
pub(crate) struct IssuedObject {
    #[serde(flatten)]
    view: TokenObject,
    /// `cvg_…`, shown this once.
    token: String,
}

fn object(view: TokenView) -> TokenObject {
    let TokenView { id, name, scopes, created_at, expires_at, last_used_at, revoked_at } = view;
    TokenObject {
        id: id.to_string(),
        name,
        scopes: scopes.iter().map(Scope::as_str).collect(),
        created_at,
        expires_at,
        last_used_at,
        revoked_at,
    }
}

/// The caller's tokens, oldest first, revoked ones included.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "control",
    security(("session" = []), ("token" = [])),
    responses((status = 200, description = "The caller's tokens", body = TokenList), Reading))]
pub(crate) async fn list(State(api): State<Api>, who: Who) -> ApiResult<Json<TokenList>> {
    let tokens = api.control.tokens(who.by()).await?;
    Ok(Json(TokenList { data: tokens.into_iter().map(object).collect() }))
}

/// Issues a token. It is shown this once; only a session can ask for one.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "control", request_body = NewTokenBody,
    security(("session" = [], "csrf" = [])),
    responses((status = 201, description = "Issued", body = IssuedObject), Changing))]
pub(crate) async fn issue(
    State(api): State<Api>,
    who: Who,
    Body(body): Body<NewTokenBody>,
) -> ApiResult<(StatusCode, Json<IssuedObject>)> {
    let NewTokenBody { name, scopes, expires_at } = body;
    let scopes: Result<Scopes, _> = scopes.iter().map(|word| word.parse::<Scope>()).collect();
    let scopes = scopes.map_err(|unknown| Failure::invalid("scopes", unknown.to_string()))?;
    let new = NewToken { name: &name, scopes: &scopes, expires_at };
    let Issued { view, token } = api.control.issue_token(who.by(), new).await?;
    let token = token.expose_secret().to_owned();
    Ok((StatusCode::CREATED, Json(IssuedObject { view: object(view), token })))
}

/// Revokes a token: from now on it lets nobody in.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "control",
    params(("id" = String, Path, description = "The token's id")),
    security(("session" = [], "csrf" = [])),
    responses((status = 204, description = "Revoked"), Changing))]
pub(crate) async fn revoke(
    State(api): State<Api>,
    who: Who,
    Id(id): Id<TokenId>,
) -> ApiResult<StatusCode> {
    api.control.revoke_token(who.by(), &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
