//! Anthropic.
use convergio_wire::config::Place;
use convergio_wire::{Dialect, Failure};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use crate::adapter::Wire;
use crate::exchange::secret;
use crate::openai::names;

/// The version our codec is written for; a caller who speaks Anthropic's dialect names its own.
const VERSION: &str = "2023-06-01";

#[derive(Debug)]
pub(crate) struct Anthropic;

impl Wire for Anthropic {
    fn name(&self) -> &'static str {
        "anthropic"
    }

    fn dialect(&self) -> Dialect {
        Dialect::Anthropic
    }

    fn chat(&self, place: &Place, _model: &str, _stream: bool) -> String {
        format!("{}/messages", place.base_url)
    }

    fn count_tokens(&self, place: &Place) -> Option<String> {
        Some(format!("{}/messages/count_tokens", place.base_url))
    }

    fn models(&self, place: &Place) -> String {
        // All of them: the default page holds twenty.
        format!("{}/models?limit=1000", place.base_url)
    }

    fn model_names(&self, list: &Value) -> Vec<String> {
        names(list, "data", "id")
    }

    fn sign(&self, headers: &mut HeaderMap, key: &str) -> Result<(), Failure> {
        headers.insert(HeaderName::from_static("x-api-key"), secret("", key)?);
        headers
            .entry(HeaderName::from_static("anthropic-version"))
            .or_insert(HeaderValue::from_static(VERSION));
        Ok(())
    }
}
