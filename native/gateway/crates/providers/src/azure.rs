//! Azure OpenAI: OpenAI's wire behind deployments of the customer's own resource.
use bytes::Bytes;
use convergio_wire::config::Place;
use convergio_wire::{Dialect, Failure};
use reqwest::header::{HeaderMap, HeaderName};
use serde_json::Value;

use crate::adapter::Wire;
use crate::exchange::{secret, segment};
use crate::openai::names;

#[derive(Debug)]
pub(crate) struct Azure;

impl Wire for Azure {
    fn name(&self) -> &'static str {
        "azure"
    }

    fn dialect(&self) -> Dialect {
        Dialect::OpenAi
    }

    fn chat(&self, place: &Place, model: &str, _stream: bool) -> String {
        address(place, model, "chat/completions")
    }

    fn embeddings(&self, place: &Place, model: &str) -> Option<String> {
        Some(address(place, model, "embeddings"))
    }

    fn models(&self, place: &Place) -> String {
        match &place.api_version {
            None => format!("{}/openai/v1/models", place.base_url),
            Some(version) => {
                format!("{}/openai/models?api-version={}", place.base_url, segment(version))
            }
        }
    }

    fn model_names(&self, list: &Value) -> Vec<String> {
        names(list, "data", "id")
    }

    fn sign(&self, headers: &mut HeaderMap, key: &str) -> Result<(), Failure> {
        headers.insert(HeaderName::from_static("api-key"), secret("", key)?);
        Ok(())
    }

    /// Azure knows deployments only; without a version the body names them.
    fn body(&self, place: &Place, model: &str, body: &Value) -> Bytes {
        let mut body = body.clone();
        body["model"] = Value::from(place.deployment(model));
        Bytes::from(body.to_string())
    }
}

/// An operation of a deployment.
fn address(place: &Place, model: &str, operation: &str) -> String {
    match &place.api_version {
        None => format!("{}/openai/v1/{operation}", place.base_url),
        Some(version) => format!(
            "{}/openai/deployments/{}/{operation}?api-version={}",
            place.base_url,
            segment(place.deployment(model)),
            segment(version)
        ),
    }
}
