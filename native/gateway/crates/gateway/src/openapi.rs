//! The OpenAPI document, generated from the handlers.
use axum::Json;
use axum::extract::State;
use serde_json::Value;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi, ToSchema};

use crate::app::App;
use crate::{chat, embeddings, health, messages, metrics, models};

/// OpenAI's chat-completion request, as far as the gateway reads it.
#[derive(ToSchema)]
#[allow(dead_code, reason = "only its schema is used; the gateway keeps the request's own JSON")]
pub(crate) struct ChatBody {
    /// A name from `/v1/models`; `auto` lets the gateway choose.
    #[schema(example = "auto")]
    model: String,
    /// The conversation, oldest first.
    messages: Vec<ChatMessage>,
    /// Answer as an event stream.
    stream: Option<bool>,
    /// Ceiling of the answer in tokens.
    max_completion_tokens: Option<u64>,
}

/// One message.
#[derive(ToSchema)]
#[allow(dead_code, reason = "only its schema is used")]
pub(crate) struct ChatMessage {
    /// `system`, `developer`, `user`, `assistant` or `tool`.
    role: String,
    /// Text, a list of parts, or null.
    #[schema(value_type = Option<Object>)]
    content: Option<Value>,
}

/// OpenAI's chat completion, with who answered.
#[derive(ToSchema)]
#[allow(dead_code, reason = "only its schema is used; the provider's own JSON passes through")]
pub(crate) struct ChatAnswer {
    id: String,
    /// `chat.completion`.
    object: String,
    model: String,
    #[schema(value_type = Vec<Object>)]
    choices: Vec<Value>,
    #[schema(value_type = Object)]
    usage: Value,
    /// Who answered, on whose key, why, and what it cost.
    convergio: convergio_engine::Receipt,
}

/// Every error.
#[derive(ToSchema)]
#[allow(dead_code, reason = "only its schema is used")]
pub(crate) struct ErrorBody {
    error: ErrorObject,
}

/// OpenAI's error object, with our stable code.
#[derive(ToSchema)]
#[allow(dead_code, reason = "only its schema is used")]
pub(crate) struct ErrorObject {
    /// What happened and what to do next.
    message: String,
    /// The nearest of OpenAI's error types.
    r#type: String,
    /// The field at fault.
    param: Option<String>,
    /// Stable, such as `byok.missing_key`.
    code: String,
    /// What the provider itself said: `provider`, `status`, `code`, `type`, `message`.
    #[schema(value_type = Option<Object>)]
    provider: Option<Value>,
}

/// OpenAI's request for embeddings, as far as the gateway reads it.
#[derive(ToSchema)]
#[allow(dead_code, reason = "only its schema is used; the gateway keeps the request's own JSON")]
pub(crate) struct EmbeddingsBody {
    /// A name from `/v1/models` of one that `serves` embeddings.
    #[schema(example = "text-embedding-3-small")]
    model: String,
    /// Text, tokens, or a list of either.
    #[schema(value_type = Object)]
    input: Value,
    /// Length of the vectors, where the model lets one choose.
    dimensions: Option<u64>,
    /// `float` or `base64`.
    encoding_format: Option<String>,
}

/// Anthropic's request, as far as the gateway reads it.
#[derive(ToSchema)]
#[allow(dead_code, reason = "only its schema is used; the gateway keeps the request's own JSON")]
pub(crate) struct MessagesBody {
    /// A name from `/v1/models`; `auto` lets the gateway choose.
    #[schema(example = "auto")]
    model: String,
    /// Ceiling of the answer in tokens.
    max_tokens: u64,
    /// The conversation, oldest first; `content` is text or a list of blocks.
    #[schema(value_type = Vec<Object>)]
    messages: Vec<Value>,
    /// Answer as an event stream.
    stream: Option<bool>,
}

/// Anthropic's error, with our stable code.
#[derive(ToSchema)]
#[allow(dead_code, reason = "only its schema is used")]
pub(crate) struct MessagesError {
    /// `error`.
    r#type: String,
    /// `type` is the nearest of Anthropic's error types.
    error: ErrorObject,
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Convergio gateway", description = "OpenAI's and Anthropic's APIs for your own keys, whichever provider serves."),
    paths(
        health::healthz,
        health::readyz,
        metrics::metrics,
        openapi_json,
        models::list,
        models::one,
        chat::completions,
        embeddings::embeddings,
        messages::messages,
        messages::count_tokens
    ),
    modifiers(&Credentials),
    tags(
        (name = "inference", description = "OpenAI's and Anthropic's wires"),
        (name = "operations", description = "For whoever runs the gateway")
    )
)]
struct Document;

/// How callers say who they are.
struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = |what| {
            let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
            SecurityScheme::Http(scheme.description(Some(what)).build())
        };
        let components = document.components.get_or_insert_default();
        components.add_security_scheme(
            "token",
            bearer("A personal token of this gateway, `cvg_…`: POST /api/v1/tokens."),
        );
        components.add_security_scheme(
            "provider_key",
            bearer("Without accounts: your own provider key. It is passed on and never stored."),
        );
        let cookie = ApiKeyValue::with_description("convergio_session", "From logging in.");
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        let csrf = ApiKeyValue::with_description("x-csrf-token", "`csrf` of the session.");
        components.add_security_scheme("csrf", SecurityScheme::ApiKey(ApiKey::Header(csrf)));
        let header = ApiKeyValue::with_description("x-api-key", "The same, as Anthropic has it.");
        let scheme = SecurityScheme::ApiKey(ApiKey::Header(header));
        components.add_security_scheme("anthropic_key", scheme);
    }
}

/// The document of everything there can be.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    document.merge(crate::api::Document::openapi());
    named(document)
}

/// Gives each operation a name that no other has, which OpenAPI wants and client generators need:
/// `post_keys_by_id_rotate` for `POST /api/v1/keys/{id}/rotate`.
fn named(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    for (path, item) in &mut document.paths.paths {
        let operations = [
            ("get", &mut item.get),
            ("put", &mut item.put),
            ("post", &mut item.post),
            ("patch", &mut item.patch),
            ("delete", &mut item.delete),
        ];
        for (method, operation) in operations {
            if let Some(operation) = operation {
                operation.operation_id = Some(name_of(method, path));
            }
        }
    }
    document
}

fn name_of(method: &str, path: &str) -> String {
    let path = path.trim_start_matches("/api").trim_start_matches("/v1");
    let words = path.split(['/', '.']).filter(|word| !word.is_empty()).map(|word| {
        let parameter = word.strip_prefix('{').and_then(|word| word.strip_suffix('}'));
        parameter.map_or_else(|| word.to_owned(), |name| format!("by_{name}"))
    });
    std::iter::once(method.to_owned()).chain(words).collect::<Vec<_>>().join("_")
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "operations",
    responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
pub(crate) async fn openapi_json(State(app): State<App>) -> Json<utoipa::openapi::OpenApi> {
    // Without accounts there is no control plane, and nothing is said of it.
    Json(if app.control.is_some() { document() } else { named(Document::openapi()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_carries_the_version_and_every_route() {
        let document = document();
        assert_eq!(document.info.version, crate::about::VERSION);
        let paths: Vec<_> = document.paths.paths.keys().map(String::as_str).collect();
        for path in [
            "/healthz",
            "/readyz",
            "/metrics",
            "/openapi.json",
            "/v1/models",
            "/v1/models/{id}",
            "/v1/chat/completions",
            "/v1/embeddings",
            "/v1/messages",
            "/v1/messages/count_tokens",
        ] {
            assert!(paths.contains(&path), "{path} is missing from {paths:?}");
        }
    }

    #[test]
    fn each_operation_has_a_name_of_its_own() {
        let document = serde_json::to_value(document()).unwrap();
        let mut names = Vec::new();
        for item in document["paths"].as_object().unwrap().values() {
            for operation in item.as_object().unwrap().values() {
                names.push(operation["operationId"].as_str().unwrap());
            }
        }
        let count = names.len();
        assert!(names.contains(&"post_keys_by_id_rotate") && names.contains(&"get_models"));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "{names:?}");
        let letters =
            |name: &&str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        assert!(names.iter().all(letters), "{names:?}");
    }

    #[test]
    fn a_model_in_an_answer_may_say_more_than_one_in_a_configuration() {
        let document = serde_json::to_value(document()).unwrap();
        let model = &document["components"]["schemas"]["Known"];
        for field in ["capability", "usable"] {
            assert!(model["properties"][field].is_object(), "{field}: {model}");
        }
        assert!(model.get("additionalProperties").is_none(), "{model}");
    }
}
