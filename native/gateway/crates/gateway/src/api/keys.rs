//! `/api/v1/keys`: provider keys that people bring.
use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use convergio_control::{
    KeyChange, KeyId, KeyReport, Month, NewKey, Reminder, Tested, VersionView,
};
use convergio_wire::config::Place;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::Api;
use crate::api::body::{Body, Id};
use crate::api::refusals::{Changing, Reading};
use crate::api::settings::said;
use crate::api::words::{LevelName, ProviderName, StageName, StateName};
use crate::auth::Who;
use crate::error::ApiResult;

/// Where a provider is, for those who give each customer an address (Azure).
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndpointObject {
    /// Such as `https://name.openai.azure.com`.
    endpoint: String,
    /// With it a deployment is called by its own address.
    api_version: Option<String>,
    /// Where the resource is; prices may depend on it.
    region: Option<String>,
    /// The deployment of each model, where it is not named like the model.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    deployments: BTreeMap<String, String>,
}

impl EndpointObject {
    fn place(self) -> Place {
        let Self { endpoint, api_version, region, deployments } = self;
        Place { api_version, region, deployments, ..Place::at(&endpoint) }
    }

    fn of(place: Place) -> Self {
        let Place { base_url, api_version, region, deployments } = place;
        Self { endpoint: base_url, api_version, region, deployments }
    }
}

/// A key that somebody brings.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKeyBody {
    #[schema(value_type = ProviderName)]
    provider: String,
    /// What it is called.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// The key itself. It is sealed, and nothing shows more of it than its last four characters.
    #[schema(value_type = String, format = Password, min_length = 16, max_length = 4096, pattern = "^[!-~]+$")]
    secret: SecretString,
    endpoint: Option<EndpointObject>,
    /// The most that may be spent with it in a month, in nano-dollars; null is no limit.
    #[schema(minimum = 0, maximum = 1_000_000_000_000_000_i64)]
    monthly_limit_nano_usd: Option<i64>,
}

/// A key to be tried and not kept.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckBody {
    #[schema(value_type = ProviderName)]
    provider: String,
    #[schema(value_type = String, format = Password, min_length = 16, max_length = 4096, pattern = "^[!-~]+$")]
    secret: SecretString,
    endpoint: Option<EndpointObject>,
}

/// What is to be changed; the rest stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyBody {
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    /// The most that may be spent with it in a month, in nano-dollars; null is no limit.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 1_000_000_000_000_000_i64)]
    monthly_limit_nano_usd: Option<Option<i64>>,
}

/// Another secret.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotateBody {
    #[schema(value_type = String, format = Password, min_length = 16, max_length = 4096, pattern = "^[!-~]+$")]
    secret: SecretString,
    /// For so long the one before works on; 0, and it is revoked at once.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 720)]
    overlap_hours: u32,
}

/// Which version to revoke.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevokeBody {
    /// All of them when absent.
    #[schema(minimum = 1)]
    version: Option<i64>,
}

/// One version of a key.
#[derive(Serialize, ToSchema)]
pub(crate) struct VersionObject {
    version: i64,
    #[schema(value_type = StateName)]
    state: &'static str,
    /// Tells secrets apart without telling them.
    fingerprint: String,
    last_four: String,
    created_at: i64,
    #[schema(required)]
    overlap_until: Option<i64>,
    #[schema(required)]
    revoked_at: Option<i64>,
    /// When it should be rotated.
    #[schema(required)]
    due_at: Option<i64>,
    /// How near that is, when it is near.
    #[schema(required, value_type = Option<StageName>)]
    stage: Option<&'static str>,
}

/// What a key was used for in the last 30 days.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeyUsage {
    requests: i64,
    cost_nano_usd: i64,
}

/// What was spent with a key this month, by UTC.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeyMonth {
    /// When it began, in milliseconds since 1970.
    since: i64,
    cost_nano_usd: i64,
    /// What the limit leaves, calls on their way counted with the most that they may cost; null
    /// without a limit.
    #[schema(required)]
    left_nano_usd: Option<i64>,
    /// How near that is to the limit; null without one.
    #[schema(required, value_type = Option<LevelName>)]
    level: Option<&'static str>,
}

/// A key, without the key.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeyObject {
    id: String,
    provider: String,
    name: String,
    /// The id of whoever brought it.
    user: String,
    #[schema(required)]
    endpoint: Option<EndpointObject>,
    created_at: i64,
    /// When the version in force was last tested.
    #[schema(required)]
    tested_at: Option<i64>,
    /// `ok`, or a stable code.
    #[schema(required)]
    test_outcome: Option<String>,
    /// The oldest first.
    versions: Vec<VersionObject>,
    usage_30d: KeyUsage,
    /// The most that may be spent with it in a month, in nano-dollars.
    #[schema(required)]
    monthly_limit_nano_usd: Option<i64>,
    month: KeyMonth,
}

/// Keys.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeyList {
    data: Vec<KeyObject>,
}

/// What a provider says of a key.
#[derive(Serialize, ToSchema)]
pub(crate) struct TestedObject {
    /// `ok`, or the stable code of what went wrong.
    outcome: &'static str,
    /// The same in words.
    message: String,
    /// The models that the key may ask.
    models: Vec<String>,
}

/// A key whose owner should rotate it.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReminderObject {
    /// The key's id.
    key: String,
    name: String,
    provider: String,
    version: i64,
    #[schema(value_type = StageName)]
    stage: &'static str,
    due_at: i64,
}

/// Keys that should be rotated.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReminderList {
    data: Vec<ReminderObject>,
}

fn version(view: VersionView) -> VersionObject {
    let VersionView { version, due_at, stage } = view;
    VersionObject {
        version: version.version,
        state: version.state.as_str(),
        fingerprint: version.fingerprint,
        last_four: version.last_four,
        created_at: version.created_at,
        overlap_until: version.overlap_until,
        revoked_at: version.revoked_at,
        due_at,
        stage: stage.map(|stage| stage.as_str()),
    }
}

fn object(report: KeyReport) -> KeyObject {
    let KeyReport { view, place, requests_30d, cost_nanos_30d, month } = report;
    let Month { since, cost_nanos, left_nanos, level } = month;
    let key = view.key;
    KeyObject {
        id: key.id.to_string(),
        provider: key.provider,
        name: key.name,
        user: key.user.to_string(),
        endpoint: place.map(EndpointObject::of),
        created_at: key.created_at,
        tested_at: key.tested_at,
        test_outcome: key.test_outcome,
        versions: view.versions.into_iter().map(version).collect(),
        usage_30d: KeyUsage { requests: requests_30d, cost_nano_usd: cost_nanos_30d },
        monthly_limit_nano_usd: key.monthly_limit_nanos,
        month: KeyMonth { since, cost_nano_usd: cost_nanos, left_nano_usd: left_nanos, level },
    }
}

fn tested(tested: Tested) -> Json<TestedObject> {
    let Tested { outcome, message, models } = tested;
    Json(TestedObject { outcome, message, models })
}

/// The caller's keys; everybody's in the tenant for whoever may see them.
#[utoipa::path(get, path = "/api/v1/keys", tag = "control",
    security(("session" = []), ("token" = [])),
    responses((status = 200, description = "The oldest first", body = KeyList), Reading))]
pub(crate) async fn list(State(api): State<Api>, who: Who) -> ApiResult<Json<KeyList>> {
    let keys = api.control.keys(who.by()).await?;
    Ok(Json(KeyList { data: keys.into_iter().map(object).collect() }))
}

/// Keeps a key. It is not tried: POST /api/v1/keys/check does that before, /test after.
#[utoipa::path(post, path = "/api/v1/keys", tag = "control", request_body = NewKeyBody,
    security(("session" = [], "csrf" = []), ("token" = [])),
    responses((status = 201, description = "Kept", body = KeyObject), Changing))]
pub(crate) async fn add(
    State(api): State<Api>,
    who: Who,
    Body(body): Body<NewKeyBody>,
) -> ApiResult<(StatusCode, Json<KeyObject>)> {
    let NewKeyBody { provider, name, secret, endpoint, monthly_limit_nano_usd } = body;
    let place = endpoint.map(EndpointObject::place);
    let new = NewKey {
        provider: &provider,
        name: &name,
        secret: &secret,
        place: place.as_ref(),
        monthly_limit: monthly_limit_nano_usd,
    };
    let report = api.control.add_key(who.by(), &api.asked(), &new).await?;
    Ok((StatusCode::CREATED, Json(object(report))))
}

/// Asks the provider whether it takes a key, and keeps nothing.
#[utoipa::path(post, path = "/api/v1/keys/check", tag = "control", request_body = CheckBody,
    security(("session" = [], "csrf" = []), ("token" = [])),
    responses((status = 200, description = "What the provider says", body = TestedObject), Changing))]
pub(crate) async fn check(
    State(api): State<Api>,
    who: Who,
    Body(body): Body<CheckBody>,
) -> ApiResult<Json<TestedObject>> {
    let CheckBody { provider, secret, endpoint } = body;
    let place = endpoint.map(EndpointObject::place);
    let asked = api.asked();
    let said = api.control.check_key(who.by(), &asked, &provider, &secret, place.as_ref()).await?;
    Ok(tested(said))
}

/// One key.
#[utoipa::path(get, path = "/api/v1/keys/{id}", tag = "control",
    params(("id" = String, Path, description = "The key's id")),
    security(("session" = []), ("token" = [])),
    responses((status = 200, description = "The key", body = KeyObject), Reading))]
pub(crate) async fn show(
    State(api): State<Api>,
    who: Who,
    Id(id): Id<KeyId>,
) -> ApiResult<Json<KeyObject>> {
    Ok(Json(object(api.control.key(who.by(), &id).await?)))
}

/// Calls a key something else, or limits what may be spent with it in a month.
#[utoipa::path(patch, path = "/api/v1/keys/{id}", tag = "control", request_body = KeyBody,
    params(("id" = String, Path, description = "The key's id")),
    security(("session" = [], "csrf" = []), ("token" = [])),
    responses((status = 200, description = "The key", body = KeyObject), Changing))]
pub(crate) async fn change(
    State(api): State<Api>,
    who: Who,
    Id(id): Id<KeyId>,
    Body(body): Body<KeyBody>,
) -> ApiResult<Json<KeyObject>> {
    let KeyBody { name, monthly_limit_nano_usd } = body;
    let change = KeyChange { name: name.as_deref(), monthly_limit: monthly_limit_nano_usd };
    Ok(Json(object(api.control.change_key(who.by(), &id, change).await?)))
}

/// Removes a key with all its versions. What it was used for stays known.
#[utoipa::path(delete, path = "/api/v1/keys/{id}", tag = "control",
    params(("id" = String, Path, description = "The key's id")),
    security(("session" = [], "csrf" = []), ("token" = [])),
    responses((status = 204, description = "Removed"), Changing))]
pub(crate) async fn remove(
    State(api): State<Api>,
    who: Who,
    Id(id): Id<KeyId>,
) -> ApiResult<StatusCode> {
    api.control.remove_key(who.by(), &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Asks the provider whether the version in force works, and notes the answer.
#[utoipa::path(post, path = "/api/v1/keys/{id}/test", tag = "control",
    params(("id" = String, Path, description = "The key's id")),
    security(("session" = [], "csrf" = []), ("token" = [])),
    responses((status = 200, description = "What the provider says", body = TestedObject), Changing))]
pub(crate) async fn test(
    State(api): State<Api>,
    who: Who,
    Id(id): Id<KeyId>,
) -> ApiResult<Json<TestedObject>> {
    Ok(tested(api.control.test_key(who.by(), &api.asked(), &id).await?))
}

/// Puts another secret in force; the one before may work on for a while.
#[utoipa::path(post, path = "/api/v1/keys/{id}/rotate", tag = "control", request_body = RotateBody,
    params(("id" = String, Path, description = "The key's id")),
    security(("session" = [], "csrf" = []), ("token" = [])),
    responses((status = 200, description = "The key", body = KeyObject), Changing))]
pub(crate) async fn rotate(
    State(api): State<Api>,
    who: Who,
    Id(id): Id<KeyId>,
    Body(body): Body<RotateBody>,
) -> ApiResult<Json<KeyObject>> {
    let RotateBody { secret, overlap_hours } = body;
    Ok(Json(object(api.control.rotate_key(who.by(), &id, &secret, overlap_hours).await?)))
}

/// Revokes one version, or all, and forgets the secrets.
#[utoipa::path(post, path = "/api/v1/keys/{id}/revoke", tag = "control", request_body = RevokeBody,
    params(("id" = String, Path, description = "The key's id")),
    security(("session" = [], "csrf" = []), ("token" = [])),
    responses((status = 200, description = "The key", body = KeyObject), Changing))]
pub(crate) async fn revoke(
    State(api): State<Api>,
    who: Who,
    Id(id): Id<KeyId>,
    Body(body): Body<RevokeBody>,
) -> ApiResult<Json<KeyObject>> {
    Ok(Json(object(api.control.revoke_key(who.by(), &id, body.version).await?)))
}

/// The keys that should be rotated now.
#[utoipa::path(get, path = "/api/v1/reminders", tag = "control",
    security(("session" = []), ("token" = [])),
    responses((status = 200, description = "What is due", body = ReminderList), Reading))]
pub(crate) async fn reminders(State(api): State<Api>, who: Who) -> ApiResult<Json<ReminderList>> {
    let object = |due: Reminder| ReminderObject {
        key: due.key.to_string(),
        name: due.name,
        provider: due.provider,
        version: due.version,
        stage: due.stage.as_str(),
        due_at: due.due_at,
    };
    let due = api.control.reminders(who.by()).await?;
    Ok(Json(ReminderList { data: due.into_iter().map(object).collect() }))
}
