//! `POST /v1/embeddings`: OpenAI's API, whichever provider serves.
use axum::body::Body;
use axum::extract::State;
use convergio_wire::embeddings::EmbeddingsRequest;

use crate::app::App;
use crate::asking::Asker;
use crate::error::ApiResult;
use crate::incoming::read_json;
use crate::reply;

/// Makes vectors of texts with the model asked for.
#[utoipa::path(post, path = "/v1/embeddings", tag = "inference",
    request_body(content = crate::openapi::EmbeddingsBody,
        description = "OpenAI's request; fields that are not listed pass through to the provider"),
    security(("provider_key" = []), ()),
    responses(
        (status = 200, description = "OpenAI's list of embeddings, with a `convergio` object",
            body = Object),
        (status = 400, description = "`request.invalid`", body = crate::openapi::ErrorBody),
        (status = 401, description = "`byok.missing_key`, `auth.invalid`", body = crate::openapi::ErrorBody),
        (status = 402, description = "`budget.exceeded`", body = crate::openapi::ErrorBody),
        (status = 403, description = "`privacy.blocked`, `auth.forbidden`", body = crate::openapi::ErrorBody),
        (status = 404, description = "`request.not_found`", body = crate::openapi::ErrorBody),
        (status = 429, description = "`provider.rate_limited`, `rate.limited`", body = crate::openapi::ErrorBody),
        (status = 502, description = "`provider.truncated`", body = crate::openapi::ErrorBody),
        (status = 503, description = "`provider.unavailable`", body = crate::openapi::ErrorBody),
        (status = 504, description = "`provider.timeout`", body = crate::openapi::ErrorBody)))]
pub(crate) async fn embeddings(State(app): State<App>, asker: Asker, body: Body) -> ApiResult {
    let request = EmbeddingsRequest::parse(read_json(&app, body).await?)?;
    let asking = asker.asks(&app, Some(request.model())).await?;
    reply::whole(&app, &asking, app.engine.embed(&request, &asking.keys).await).await
}
