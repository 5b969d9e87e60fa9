//! `/api/v1/people`: who is there.
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use convergio_control::{Person, PersonView, Role, UserId};
use convergio_wire::Failure;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::Api;
use crate::api::body::{Body, Id};
use crate::api::refusals::{Changing, Reading};
use crate::api::words::RoleName;
use crate::auth::Who;
use crate::error::ApiResult;

/// Somebody new.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPerson {
    #[schema(min_length = 3, max_length = 254)]
    email: String,
    /// Their first one, 12 characters or more.
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 1024)]
    password: SecretString,
    #[schema(value_type = RoleName)]
    role: String,
}

/// A change to somebody.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PersonChange {
    #[schema(value_type = Option<RoleName>)]
    role: Option<String>,
    /// May they not log in?
    disabled: Option<bool>,
}

/// Somebody.
#[derive(Serialize, ToSchema)]
pub(crate) struct PersonObject {
    id: String,
    email: String,
    #[schema(value_type = RoleName)]
    role: &'static str,
    created_at: i64,
    /// Since when they may not log in.
    #[schema(required)]
    disabled_at: Option<i64>,
}

/// Everybody.
#[derive(Serialize, ToSchema)]
pub(crate) struct PersonList {
    data: Vec<PersonObject>,
}

fn object(person: PersonView) -> PersonObject {
    let PersonView { id, email, role, created_at, disabled_at } = person;
    PersonObject { id: id.to_string(), email, role: role.as_str(), created_at, disabled_at }
}

fn role(text: &str) -> Result<Role, Failure> {
    let unknown = || Failure::invalid("role", "`role` must be user, admin or auditor");
    text.parse().map_err(|()| unknown())
}

/// Everybody of the caller's tenant.
#[utoipa::path(get, path = "/api/v1/people", tag = "control",
    security(("session" = []), ("token" = [])),
    responses((status = 200, description = "In the order they came", body = PersonList), Reading))]
pub(crate) async fn list(State(api): State<Api>, who: Who) -> ApiResult<Json<PersonList>> {
    let people = api.control.people(who.by()).await?;
    Ok(Json(PersonList { data: people.into_iter().map(object).collect() }))
}

/// Adds somebody to the caller's tenant.
#[utoipa::path(post, path = "/api/v1/people", tag = "control", request_body = NewPerson,
    security(("session" = [], "csrf" = []), ("token" = [])),
    responses((status = 201, description = "Added", body = PersonObject), Changing))]
pub(crate) async fn add(
    State(api): State<Api>,
    who: Who,
    Body(body): Body<NewPerson>,
) -> ApiResult<(StatusCode, Json<PersonObject>)> {
    let new = Person { email: &body.email, password: &body.password, role: role(&body.role)? };
    let person = api.control.add_person(who.by(), new).await?;
    Ok((StatusCode::CREATED, Json(object(person))))
}

/// Gives somebody another role, or lets them in or out. Their sessions end.
#[utoipa::path(patch, path = "/api/v1/people/{id}", tag = "control", request_body = PersonChange,
    params(("id" = String, Path, description = "The person's id")),
    security(("session" = [], "csrf" = []), ("token" = [])),
    responses((status = 200, description = "Changed", body = PersonObject), Changing))]
pub(crate) async fn change(
    State(api): State<Api>,
    who: Who,
    Id(id): Id<UserId>,
    Body(body): Body<PersonChange>,
) -> ApiResult<Json<PersonObject>> {
    let role = body.role.as_deref().map(role).transpose()?;
    let person = api.control.change_person(who.by(), &id, role, body.disabled).await?;
    Ok(Json(object(person)))
}
