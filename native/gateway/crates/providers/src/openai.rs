//! OpenAI, and whoever speaks its wire.
use convergio_wire::config::Place;
use convergio_wire::{Dialect, Failure};
use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde_json::Value;

use crate::adapter::Wire;
use crate::exchange::secret;

#[derive(Debug)]
pub(crate) struct OpenAi;

impl Wire for OpenAi {
    fn name(&self) -> &'static str {
        "openai"
    }

    fn dialect(&self) -> Dialect {
        Dialect::OpenAi
    }

    fn chat(&self, place: &Place, _model: &str, _stream: bool) -> String {
        format!("{}/chat/completions", place.base_url)
    }

    fn embeddings(&self, place: &Place, _model: &str) -> Option<String> {
        Some(format!("{}/embeddings", place.base_url))
    }

    fn models(&self, place: &Place) -> String {
        format!("{}/models", place.base_url)
    }

    fn model_names(&self, list: &Value) -> Vec<String> {
        names(list, "data", "id")
    }

    fn sign(&self, headers: &mut HeaderMap, key: &str) -> Result<(), Failure> {
        headers.insert(AUTHORIZATION, secret("Bearer ", key)?);
        Ok(())
    }
}

/// The text at `field` of every entry of a list.
pub(crate) fn names(list: &Value, entries: &str, field: &str) -> Vec<String> {
    let entries = list.get(entries).and_then(Value::as_array).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.get(field)?.as_str()?.to_owned())).collect()
}
