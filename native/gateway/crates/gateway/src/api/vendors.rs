//! `/api/v1/providers`: whose keys can be brought; and asking them whether they take one.
use axum::Json;
use axum::extract::State;
use convergio_control::Providers;
use convergio_engine::{Credential, CredentialSource, Engine};
use convergio_providers::egress::Guard;
use convergio_wire::catalog::{self, PROVIDERS};
use convergio_wire::config::Place;
use convergio_wire::{EngineConfig, Failure};
use secrecy::SecretString;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::Api;
use crate::api::refusals::Reading;
use crate::auth::Who;

/// What the configuration says of addresses that callers supply.
#[derive(Debug)]
pub(crate) struct Vendors {
    guard: Guard,
    azure_is_placed: bool,
}

impl Vendors {
    pub(crate) fn new(config: &EngineConfig) -> Self {
        let azure_is_placed = config.providers.azure.endpoint.is_some();
        Self { guard: Guard::new(&config.egress), azure_is_placed }
    }

    fn needs_place(&self, provider: &str) -> bool {
        provider == "azure" && !self.azure_is_placed
    }
}

/// The providers, asked through the engine.
pub(crate) struct Asked<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) vendors: &'a Vendors,
}

impl Providers for Asked<'_> {
    async fn models(
        &self,
        provider: &str,
        secret: &SecretString,
        place: Option<&Place>,
    ) -> Result<Vec<String>, Failure> {
        let credential = Credential {
            place: place.cloned(),
            ..Credential::new(secret.clone(), CredentialSource::User)
        };
        self.engine.models_at(provider, &credential).await
    }

    fn needs_place(&self, provider: &str) -> bool {
        self.vendors.needs_place(provider)
    }

    fn permits(&self, place: &Place) -> Result<(), Failure> {
        self.vendors.guard.check(&place.base_url)
    }
}

/// What a form for a key has to ask for.
#[derive(Serialize, ToSchema)]
pub(crate) struct Field {
    /// Where it goes in the body of POST /api/v1/keys; a dot leads into an object.
    name: &'static str,
    title: &'static str,
    required: bool,
    /// It must not be shown while it is typed.
    secret: bool,
    example: &'static str,
}

/// A provider.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProviderObject {
    /// What to write as `provider`.
    name: &'static str,
    title: &'static str,
    /// A key must come with its `endpoint`.
    needs_endpoint: bool,
    fields: Vec<Field>,
    /// Its models in the catalogue.
    models: Vec<String>,
}

/// The providers.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProviderList {
    data: Vec<ProviderObject>,
}

fn words(provider: &str) -> (&'static str, &'static str) {
    match provider {
        "openai" => ("OpenAI", "sk-…"),
        "anthropic" => ("Anthropic", "sk-ant-…"),
        "google" => ("Google Gemini", "AIza…"),
        "azure" => ("Azure OpenAI", "32 or more letters and digits"),
        _ => ("another provider", ""),
    }
}

fn fields(provider: &str, needs_endpoint: bool) -> Vec<Field> {
    let (_, example) = words(provider);
    let plain =
        |name, title, required, example| Field { name, title, required, secret: false, example };
    let mut fields = vec![
        plain("name", "Name", true, "Work"),
        Field { name: "secret", title: "API key", required: true, secret: true, example },
    ];
    if provider == "azure" {
        let example = "https://name.openai.azure.com";
        fields.extend([
            plain("endpoint.endpoint", "Endpoint", needs_endpoint, example),
            plain("endpoint.api_version", "API version", false, "2024-10-21"),
            plain("endpoint.region", "Region", false, "westeurope"),
        ]);
    }
    fields
}

/// The providers whose keys can be brought, and what a key needs.
#[utoipa::path(get, path = "/api/v1/providers", tag = "control",
    security(("session" = []), ("token" = [])),
    responses((status = 200, description = "The providers", body = ProviderList), Reading))]
pub(crate) async fn list(State(api): State<Api>, _: Who) -> Json<ProviderList> {
    let models = api.app.engine.models();
    let object = |name: &'static str| {
        let needs_endpoint = api.app.vendors.needs_place(name);
        let own = models.iter().filter(|model| model.provider == name);
        ProviderObject {
            name,
            title: words(name).0,
            needs_endpoint,
            fields: fields(name, needs_endpoint),
            models: own.map(|model| catalog::address(models, model)).collect(),
        }
    };
    Json(ProviderList { data: PROVIDERS.into_iter().map(object).collect() })
}
