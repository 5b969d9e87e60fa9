//! Embeddings: OpenAI's request and answer, and Google's counterpart.
//!
//! Sources: the OpenAI API reference, `POST /embeddings`; `batchEmbedContents` in the types of
//! Google's SDK. Anthropic has none.
use serde_json::{Map, Value, json};

use crate::chat::{self, Usage};
use crate::dialect::{Dialect, list_at};
use crate::error::{ErrorCode, Failure};

/// Most texts of one request, as at OpenAI.
pub const MAX_TEXTS: usize = 2_048;

/// A checked request.
#[derive(Clone, Debug)]
pub struct EmbeddingsRequest {
    body: Map<String, Value>,
    model: String,
    /// Nothing when the input is tokens, which only their own vendor understands.
    texts: Option<Vec<String>>,
    tokens: u64,
    dimensions: Option<u64>,
    base64: bool,
}

impl EmbeddingsRequest {
    /// Checks a body in OpenAI's dialect.
    ///
    /// # Errors
    /// `request.invalid`, naming the field at fault.
    pub fn parse(body: Value) -> Result<Self, Failure> {
        let Value::Object(body) = body else {
            return Err(Failure::invalid("", "the body must be a JSON object"));
        };
        let model = match body.get("model") {
            Some(Value::String(model)) if !model.is_empty() => model.clone(),
            _ => return Err(Failure::invalid("model", "`model` must be a name")),
        };
        let (texts, tokens) = input(body.get("input").unwrap_or(&Value::Null))?;
        let base64 = match body.get("encoding_format").and_then(Value::as_str) {
            None | Some("float") => false,
            Some("base64") => true,
            Some(_) => {
                let message = "`encoding_format` must be float or base64";
                return Err(Failure::invalid("encoding_format", message));
            }
        };
        let dimensions = chat::count(&body, "dimensions")?;
        Ok(Self { model, texts, tokens, dimensions, base64, body })
    }

    /// The model asked for.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The texts, joined, for a token estimate; empty when they came as tokens.
    pub fn text(&self) -> String {
        self.texts.as_deref().unwrap_or_default().join("\n")
    }

    /// Tokens that came as such.
    pub fn tokens(&self) -> u64 {
        self.tokens
    }

    /// The body for a provider that speaks `dialect`.
    ///
    /// # Errors
    /// `request.invalid` when the dialect cannot carry it.
    pub fn body_for(&self, dialect: Dialect, model: &str) -> Result<Value, Failure> {
        match dialect {
            Dialect::OpenAi => {
                let mut body = self.body.clone();
                body.insert("model".to_owned(), Value::from(model));
                Ok(Value::Object(body))
            }
            Dialect::Google => {
                let Some(texts) = &self.texts else {
                    let message = "tokens mean something to their own vendor only; send text";
                    return Err(Failure::invalid("input", message));
                };
                let one = |text: &String| {
                    let mut one = json!({"model": format!("models/{model}"),
                        "content": {"parts": [{"text": text}]}});
                    if let Some(dimensions) = self.dimensions {
                        one["outputDimensionality"] = Value::from(dimensions);
                    }
                    one
                };
                Ok(json!({"requests": texts.iter().map(one).collect::<Vec<_>>()}))
            }
            Dialect::Anthropic => Err(Failure::invalid(
                "model",
                "Anthropic's API has no embeddings; ask a model of another provider",
            )),
        }
    }

    /// An answer of a provider that speaks `dialect`, in OpenAI's; `usage` is what it is booked with.
    ///
    /// # Errors
    /// `provider.truncated` when there are not as many vectors as there were texts.
    pub fn answer(
        &self,
        dialect: Dialect,
        answer: Value,
        model: &str,
        usage: &Usage,
    ) -> Result<Value, Failure> {
        let vectors =
            list_at(&answer, if dialect == Dialect::Google { "embeddings" } else { "data" });
        if self.texts.as_ref().is_some_and(|texts| texts.len() != vectors.len())
            || vectors.is_empty()
        {
            return Err(Failure::new(
                ErrorCode::ProviderTruncated,
                "the provider's answer is incomplete: vectors are missing; ask again",
            ));
        }
        if dialect != Dialect::Google {
            return Ok(answer);
        }
        let data: Vec<Value> = vectors
            .iter()
            .enumerate()
            .map(|(index, vector)| {
                let values = list_at(vector, "values");
                let shown = if self.base64 { packed(values) } else { json!(values) };
                json!({"object": "embedding", "index": index, "embedding": shown})
            })
            .collect();
        Ok(json!({"object": "list", "data": data, "model": model,
            "usage": {"prompt_tokens": usage.prompt_tokens, "total_tokens": usage.prompt_tokens}}))
    }
}

/// The usage that OpenAI reports for embeddings.
pub fn usage(answer: &Value) -> Option<Usage> {
    let counted = answer.pointer("/usage/prompt_tokens")?.as_i64().filter(|&count| count >= 0)?;
    Some(Usage { prompt_tokens: counted, total_tokens: counted, ..Usage::default() })
}

type Input = (Option<Vec<String>>, u64);

fn input(input: &Value) -> Result<Input, Failure> {
    let wrong = || {
        Failure::invalid(
            "input",
            format!("`input` must be text, tokens, or a list of at most {MAX_TEXTS} of either"),
        )
    };
    let is_tokens = |list: &[Value]| !list.is_empty() && list.iter().all(Value::is_u64);
    match input {
        Value::String(text) if !text.is_empty() => Ok((Some(vec![text.clone()]), 0)),
        Value::Array(list) if is_tokens(list) => Ok((None, list.len() as u64)),
        Value::Array(list) if !list.is_empty() && list.len() <= MAX_TEXTS => {
            if list.iter().all(|item| item.as_array().is_some_and(|inner| is_tokens(inner))) {
                let tokens = list.iter().filter_map(Value::as_array).map(Vec::len).sum::<usize>();
                return Ok((None, tokens as u64));
            }
            let text =
                |item: &Value| item.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
            let texts: Option<Vec<String>> = list.iter().map(text).collect();
            Ok((Some(texts.ok_or_else(wrong)?), 0))
        }
        _ => Err(wrong()),
    }
}

/// Little-endian 32-bit floats in base64, as OpenAI's SDKs ask for by themselves.
fn packed(values: &[Value]) -> Value {
    #[allow(clippy::cast_possible_truncation, reason = "the format holds 32 bits")]
    let bytes: Vec<u8> = values
        .iter()
        .flat_map(|value| (value.as_f64().unwrap_or_default() as f32).to_le_bytes())
        .collect();
    Value::from(base64(&bytes))
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, &byte| bits << 8 | u32::from(byte))
            << (8 * (3 - group.len()));
        for place in 0..4 {
            let index = usize::from((bits >> (18 - 6 * place)) as u8 & 63);
            text.push(if place <= group.len() { char::from(ALPHABET[index]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(extra: Value) -> Result<EmbeddingsRequest, Failure> {
        let mut body = json!({"model": "m", "input": ["one", "two"]});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        EmbeddingsRequest::parse(body)
    }

    #[test]
    fn what_is_wrong_is_named_by_its_field() {
        for (extra, param) in [
            (json!({"model": ""}), "model"),
            (json!({"input": ""}), "input"),
            (json!({"input": []}), "input"),
            (json!({"input": [""]}), "input"),
            (json!({"input": ["a", 1]}), "input"),
            (json!({"input": vec!["a"; MAX_TEXTS + 1]}), "input"),
            (json!({"encoding_format": "hex"}), "encoding_format"),
            (json!({"dimensions": 0}), "dimensions"),
        ] {
            assert_eq!(
                request(extra.clone()).unwrap_err().param.as_deref(),
                Some(param),
                "{extra}"
            );
        }
    }

    #[test]
    fn tokens_reach_their_own_vendor_only() {
        let tokens = request(json!({"input": [[1, 2], [3]]})).unwrap();
        assert_eq!((tokens.tokens(), tokens.text()), (3, String::new()));
        assert_eq!(tokens.body_for(Dialect::OpenAi, "x").unwrap()["input"], json!([[1, 2], [3]]));
        let refused = tokens.body_for(Dialect::Google, "x").unwrap_err();
        assert_eq!(refused.param.as_deref(), Some("input"));
        assert!(tokens.body_for(Dialect::Anthropic, "x").is_err());
    }

    #[test]
    fn googles_vectors_become_openais() {
        let usage = Usage { prompt_tokens: 4, ..Usage::default() };
        let request = request(json!({"dimensions": 2})).unwrap();
        let body = request.body_for(Dialect::Google, "e").unwrap();
        assert_eq!(body["requests"][1]["content"]["parts"][0]["text"], "two");
        assert_eq!(body["requests"][0]["outputDimensionality"], 2);
        let answer = json!({"embeddings": [{"values": [0.5, 1.0]}, {"values": [0.25, -1.0]}]});
        let told = request.answer(Dialect::Google, answer.clone(), "e", &usage).unwrap();
        assert_eq!(told["data"][1]["embedding"], json!([0.25, -1.0]));
        assert_eq!(
            (&told["data"][1]["index"], &told["usage"]["total_tokens"]),
            (&json!(1), &json!(4))
        );

        let packed = super::tests::request(json!({"encoding_format": "base64"})).unwrap();
        let told = packed.answer(Dialect::Google, answer, "e", &usage).unwrap();
        assert_eq!(told["data"][0]["embedding"], "AAAAPwAAgD8=");
        let missing = json!({"embeddings": [{"values": [0.5]}]});
        let failure = packed.answer(Dialect::Google, missing, "e", &usage).unwrap_err();
        assert_eq!(failure.code, ErrorCode::ProviderTruncated);
    }

    #[test]
    fn base64_follows_the_vectors_of_its_rfc() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
