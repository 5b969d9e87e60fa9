//! The catalogue, in OpenAI's shape.
use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use convergio_wire::catalog::{self, PROVIDERS};
use convergio_wire::chat::AUTO;
use convergio_wire::{ErrorCode, Failure, Model};
use serde::Serialize;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::app::App;
use crate::auth;
use crate::error::{ApiError, ApiResult};

/// One model.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelObject {
    /// What to write as `model`.
    id: String,
    /// `model`.
    object: &'static str,
    /// Always 0: the catalogue does not say when a model was made.
    created: u64,
    /// The provider; `convergio` for the one that chooses.
    owned_by: String,
    /// What routing knows about it; absent for `auto`.
    #[serde(skip_serializing_if = "Option::is_none")]
    convergio: Option<Known>,
}

/// What routing knows about a model.
#[derive(Debug, Serialize)]
pub(crate) struct Known {
    #[serde(flatten)]
    model: Model,
    /// Whether the caller keeps a key for its provider; absent when nobody said who asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    usable: Option<bool>,
}

/// By hand: a model admits no fields but its own, so that one more cannot be put beside it.
impl PartialSchema for Known {
    fn schema() -> RefOr<Schema> {
        match Model::schema() {
            RefOr::T(Schema::Object(mut known)) => {
                known.additional_properties = None;
                known.properties.insert("usable".to_owned(), Option::<bool>::schema());
                RefOr::T(Schema::Object(known))
            }
            other => other,
        }
    }
}

impl ToSchema for Known {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Model::schemas(schemas);
    }
}

/// The providers that the caller's keys reach; nothing when nobody said who asks.
pub(crate) struct Reach(Option<Vec<String>>);

impl FromRequestParts<App> for Reach {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> ApiResult<Self> {
        let Some((control, who)) = auth::somebody(app, parts).await? else { return Ok(Self(None)) };
        let mut providers = control.providers_of(&who.caller).await?;
        if app.is_reserved(&who.caller.tenant) {
            let housed = PROVIDERS.into_iter().filter(|name| app.engine.pays_for(name));
            providers.extend(housed.map(str::to_owned));
        }
        Ok(Self(Some(providers)))
    }
}

impl Reach {
    fn of(&self, model: &Model) -> Option<bool> {
        Some(self.0.as_ref()?.contains(&model.provider))
    }
}

/// The catalogue.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelList {
    /// `list`.
    object: &'static str,
    data: Vec<ModelObject>,
}

fn auto() -> ModelObject {
    ModelObject {
        id: AUTO.to_owned(),
        object: "model",
        created: 0,
        owned_by: "convergio".to_owned(),
        convergio: None,
    }
}

fn object(models: &[Model], model: &Model, reach: &Reach) -> ModelObject {
    ModelObject {
        id: catalog::address(models, model),
        object: "model",
        created: 0,
        owned_by: model.provider.clone(),
        convergio: Some(Known { model: model.clone(), usable: reach.of(model) }),
    }
}

/// The models that can be asked, and `auto`, which lets the gateway choose.
#[utoipa::path(get, path = "/v1/models", tag = "inference",
    responses((status = 200, description = "The catalogue; with accounts, for somebody who says who \
                  asks, what their keys reach", body = ModelList),
              (status = 401, description = "`auth.invalid`", body = crate::openapi::ErrorBody),
              (status = 403, description = "`auth.forbidden`", body = crate::openapi::ErrorBody)))]
pub(crate) async fn list(State(app): State<App>, reach: Reach) -> Json<ModelList> {
    let models = app.engine.models();
    let listed = models.iter().map(|model| object(models, model, &reach));
    let data = std::iter::once(auto()).chain(listed).collect();
    Json(ModelList { object: "list", data })
}

/// One model of the catalogue.
#[utoipa::path(get, path = "/v1/models/{id}", tag = "inference",
    params(("id" = String, Path, description = "A name from the catalogue")),
    responses((status = 200, description = "The model", body = ModelObject),
              (status = 401, description = "`auth.invalid`", body = crate::openapi::ErrorBody),
              (status = 403, description = "`auth.forbidden`", body = crate::openapi::ErrorBody),
              (status = 404, description = "No such model", body = crate::openapi::ErrorBody)))]
pub(crate) async fn one(
    State(app): State<App>,
    reach: Reach,
    Path(id): Path<String>,
) -> ApiResult<Json<ModelObject>> {
    if id == AUTO {
        return Ok(Json(auto()));
    }
    let models = app.engine.models();
    let model = catalog::find(models, &id, PROVIDERS[0]).ok_or_else(|| {
        let message = "no such model; /v1/models lists them";
        Failure {
            param: Some("id".to_owned()),
            ..Failure::new(ErrorCode::RequestNotFound, message)
        }
    })?;
    Ok(Json(object(models, model, &reach)))
}
