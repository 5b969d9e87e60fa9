//! Google. The key travels in a header, never in the address, where logs would keep it.
use convergio_wire::config::Place;
use convergio_wire::{Dialect, Failure};
use reqwest::header::{HeaderMap, HeaderName};
use serde_json::Value;

use crate::adapter::Wire;
use crate::exchange::{secret, segment};
use crate::openai::names;

#[derive(Debug)]
pub(crate) struct Google;

impl Wire for Google {
    fn name(&self) -> &'static str {
        "google"
    }

    fn dialect(&self) -> Dialect {
        Dialect::Google
    }

    fn chat(&self, place: &Place, model: &str, stream: bool) -> String {
        let method = if stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
        format!("{}/models/{}:{method}", place.base_url, segment(model))
    }

    fn embeddings(&self, place: &Place, model: &str) -> Option<String> {
        Some(format!("{}/models/{}:batchEmbedContents", place.base_url, segment(model)))
    }

    fn models(&self, place: &Place) -> String {
        format!("{}/models?pageSize=1000", place.base_url)
    }

    fn model_names(&self, list: &Value) -> Vec<String> {
        let short = |name: String| name.strip_prefix("models/").map(str::to_owned).unwrap_or(name);
        names(list, "models", "name").into_iter().map(short).collect()
    }

    fn sign(&self, headers: &mut HeaderMap, key: &str) -> Result<(), Failure> {
        headers.insert(HeaderName::from_static("x-goog-api-key"), secret("", key)?);
        Ok(())
    }
}
