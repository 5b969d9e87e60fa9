//! `/api/v1/settings` and `/api/v1/vault`: what a tenant decides, and the master key.
use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use convergio_control::{Rewrap, Settings, SettingsChange, VaultView};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::api::Api;
use crate::api::body::Body;
use crate::api::refusals::{Changing, Reading};
use crate::auth::Who;
use crate::error::ApiResult;

/// The settings of a tenant.
#[derive(Serialize, ToSchema)]
pub(crate) struct SettingsObject {
    /// When keys fall due, in days after they were added; 0 is never.
    keys_max_age_days: u32,
    /// The most requests a minute of each person; null is no limit.
    #[schema(required)]
    requests_per_minute: Option<u32>,
}

impl From<Settings> for SettingsObject {
    fn from(settings: Settings) -> Self {
        let Settings { keys_max_age_days, requests_per_minute } = settings;
        Self { keys_max_age_days, requests_per_minute }
    }
}

/// What is to be changed; the rest stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingsBody {
    /// 0 is never.
    #[schema(minimum = 0, maximum = 3650)]
    keys_max_age_days: Option<u32>,
    /// Null is no limit.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000)]
    requests_per_minute: Option<Option<u32>>,
}

/// Tells null, which means something, from absence.
pub(super) fn said<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    value: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(value).map(Some)
}

/// Which master keys seal how much.
#[derive(Serialize, ToSchema)]
pub(crate) struct VaultObject {
    /// The version that seals from now on.
    primary: u32,
    /// How many secrets each version seals; one that is not here may be forgotten.
    in_use: BTreeMap<String, i64>,
}

/// What wrapping anew did.
#[derive(Serialize, ToSchema)]
pub(crate) struct RewrapObject {
    /// The version everything is under now, but for what failed.
    to: u32,
    moved: u64,
    /// They are as they were; the log says why.
    failed: usize,
}

/// The settings of the caller's tenant.
#[utoipa::path(get, path = "/api/v1/settings", tag = "control",
    security(("session" = []), ("token" = [])),
    responses((status = 200, description = "The settings", body = SettingsObject), Reading))]
pub(crate) async fn show(State(api): State<Api>, who: Who) -> ApiResult<Json<SettingsObject>> {
    Ok(Json(api.control.settings(who.by()).await?.into()))
}

/// Changes what is named and leaves the rest.
#[utoipa::path(put, path = "/api/v1/settings", tag = "control", request_body = SettingsBody,
    security(("session" = [], "csrf" = []), ("token" = [])),
    responses((status = 200, description = "The settings", body = SettingsObject), Changing))]
pub(crate) async fn change(
    State(api): State<Api>,
    who: Who,
    Body(body): Body<SettingsBody>,
) -> ApiResult<Json<SettingsObject>> {
    let SettingsBody { keys_max_age_days, requests_per_minute } = body;
    let change = SettingsChange { keys_max_age_days, requests_per_minute };
    Ok(Json(api.control.change_settings(who.by(), change).await?.into()))
}

/// Which master keys are in use.
#[utoipa::path(get, path = "/api/v1/vault", tag = "control",
    security(("session" = []), ("token" = [])),
    responses((status = 200, description = "Master keys in use", body = VaultObject), Reading))]
pub(crate) async fn vault(State(api): State<Api>, who: Who) -> ApiResult<Json<VaultObject>> {
    let VaultView { primary, in_use } = api.control.vault_view(who.by()).await?;
    let in_use = in_use.into_iter().map(|(version, count)| (version.to_string(), count));
    Ok(Json(VaultObject { primary, in_use: in_use.collect() }))
}

/// Reads the master keys again, and wraps everything anew under the newest. Nothing stops meanwhile.
#[utoipa::path(post, path = "/api/v1/vault/rewrap", tag = "control",
    security(("session" = [], "csrf" = []), ("token" = [])),
    responses((status = 200, description = "What was done", body = RewrapObject), Changing))]
pub(crate) async fn rewrap(State(api): State<Api>, who: Who) -> ApiResult<Json<RewrapObject>> {
    let Rewrap { to, moved, failed } = api.control.rewrap(who.by()).await?;
    Ok(Json(RewrapObject { to, moved, failed }))
}
