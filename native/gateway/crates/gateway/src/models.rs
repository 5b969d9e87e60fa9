//! The catalogue, in OpenAI's shape.
use axum::Json;
use axum::extract::{Path, State};
use convergio_wire::catalog::{self, PROVIDERS};
use convergio_wire::chat::AUTO;
use convergio_wire::{ErrorCode, Failure, Model};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::ApiResult;

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
    convergio: Option<Model>,
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

fn object(models: &[Model], model: &Model) -> ModelObject {
    ModelObject {
        id: catalog::address(models, model),
        object: "model",
        created: 0,
        owned_by: model.provider.clone(),
        convergio: Some(model.clone()),
    }
}

/// The models that can be asked, and `auto`, which lets the gateway choose.
#[utoipa::path(get, path = "/v1/models", tag = "inference",
    responses((status = 200, description = "The catalogue", body = ModelList)))]
pub(crate) async fn list(State(app): State<App>) -> Json<ModelList> {
    let models = app.engine.models();
    let listed = models.iter().map(|model| object(models, model));
    let data = std::iter::once(auto()).chain(listed).collect();
    Json(ModelList { object: "list", data })
}

/// One model of the catalogue.
#[utoipa::path(get, path = "/v1/models/{id}", tag = "inference",
    params(("id" = String, Path, description = "A name from the catalogue")),
    responses((status = 200, description = "The model", body = ModelObject),
              (status = 404, description = "No such model", body = crate::openapi::ErrorBody)))]
pub(crate) async fn one(
    State(app): State<App>,
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
    Ok(Json(object(models, model)))
}
