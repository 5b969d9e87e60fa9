//! A chat request and the parts of the answer that the gateway reads.
//!
//! Everything the gateway does not need to understand passes through untouched: the request keeps
//! its JSON, so a field that the provider learned yesterday works today. Only for a provider that
//! speaks another dialect is it read whole, once, into the internal model.
//! Source of the shapes: the OpenAI API reference, `POST /chat/completions`; for Anthropic's
//! requests see [`crate::dialect::anthropic`].
mod messages;

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::catalog::Feature;
use crate::conversation::Conversation;
use crate::dialect::Dialect;
use crate::error::Failure;

/// The model name that asks the gateway to choose.
pub const AUTO: &str = "auto";

/// A checked chat request.
#[derive(Clone, Debug)]
pub struct ChatRequest {
    body: Map<String, Value>,
    dialect: Dialect,
    headers: Vec<(&'static str, String)>,
    conversation: OnceLock<Result<Conversation, Failure>>,
    model: String,
    stream: bool,
    include_usage: bool,
    newest_user_text: String,
    text: String,
    max_output_tokens: Option<u64>,
    answers: u64,
    features: u32,
}

impl ChatRequest {
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
            _ => return Err(Failure::invalid("model", "`model` must be a name, or \"auto\"")),
        };
        let Some(messages) = body.get("messages").and_then(Value::as_array) else {
            return Err(Failure::invalid("messages", "`messages` must be an array"));
        };
        let mut prompt = Prompt::default();
        for (index, message) in messages.iter().enumerate() {
            prompt.read(message).map_err(|problem| {
                Failure::invalid(
                    format!("messages[{index}]"),
                    format!("messages[{index}]: {problem}"),
                )
            })?;
        }
        if messages.is_empty() {
            return Err(Failure::invalid("messages", "`messages` must not be empty"));
        }
        let stream = flag(&body, "stream")?;
        let include_usage = match body.get("stream_options") {
            None | Some(Value::Null) => false,
            Some(Value::Object(options)) => flag(options, "include_usage")?,
            Some(_) => {
                return Err(Failure::invalid(
                    "stream_options",
                    "`stream_options` must be an object",
                ));
            }
        };
        // Which of the two a provider obeys is its business: the larger is what may be spent.
        let max_output_tokens =
            count(&body, "max_completion_tokens")?.max(count(&body, "max_tokens")?);
        let answers = count(&body, "n")?.unwrap_or(1);
        let tools = body.get("tools").and_then(Value::as_array).is_some_and(|t| !t.is_empty());
        let features = if tools { Feature::Tools.bit() } else { 0 }
            | if prompt.images { Feature::Vision.bit() } else { 0 };
        Ok(Self {
            dialect: Dialect::OpenAi,
            headers: Vec::new(),
            conversation: OnceLock::new(),
            model,
            stream,
            include_usage,
            newest_user_text: prompt.newest_user_text,
            text: prompt.text,
            max_output_tokens,
            answers,
            features,
            body,
        })
    }

    /// One user message, answered by the model that the router chooses.
    pub fn from_prompt(prompt: &str) -> Self {
        let body = json!({"model": AUTO, "messages": [{"role": "user", "content": prompt}]});
        Self::parse(body).expect("a valid request by construction")
    }

    /// What the caller speaks.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Adds a header for a provider of the same dialect.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Headers for a provider of the same dialect.
    pub fn headers(&self) -> &[(&'static str, String)] {
        &self.headers
    }

    /// The model asked for; `None` leaves the choice to the router.
    pub fn model(&self) -> Option<&str> {
        (self.model != AUTO).then_some(self.model.as_str())
    }

    /// Whether the answer is to be streamed.
    pub fn stream(&self) -> bool {
        self.stream
    }

    /// Whether the caller wants the usage chunk of a stream.
    pub fn include_usage(&self) -> bool {
        self.include_usage
    }

    /// What a routing decision scores.
    pub fn newest_user_text(&self) -> &str {
        &self.newest_user_text
    }

    /// All text of the prompt, for a token estimate.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The caller's ceiling for one answer.
    pub fn max_output_tokens(&self) -> Option<u64> {
        self.max_output_tokens
    }

    /// How many answers are asked for (`n`).
    pub fn answers(&self) -> u64 {
        self.answers
    }

    /// Feature bits a model needs to answer this.
    pub fn features(&self) -> u32 {
        self.features
    }

    /// Whether a provider that speaks `dialect` can be asked this.
    ///
    /// # Errors
    /// `request.invalid`, naming what it cannot carry.
    pub fn check_for(&self, dialect: Dialect) -> Result<(), Failure> {
        if dialect == self.dialect {
            return Ok(());
        }
        crate::dialect::table::fit(self.conversation()?, dialect).map(|_| ())
    }

    /// The body for a provider that speaks `dialect`, where `model` gives answers of at most `most`
    /// tokens; with `ceiling` as the longest answer where the caller set none.
    ///
    /// # Errors
    /// `request.invalid`, naming what the dialect cannot carry.
    pub fn body_for(
        &self,
        dialect: Dialect,
        model: &str,
        most: u64,
        ceiling: Option<u64>,
    ) -> Result<Value, Failure> {
        if dialect == self.dialect {
            return Ok(self.upstream_body(model, ceiling));
        }
        let conversation = self.conversation()?;
        if let (None, Some(ceiling)) = (conversation.max_output_tokens, ceiling) {
            let bounded = Conversation { max_output_tokens: Some(ceiling), ..conversation.clone() };
            return dialect.write(&bounded, model, most, self.stream);
        }
        dialect.write(conversation, model, most, self.stream)
    }

    fn conversation(&self) -> Result<&Conversation, Failure> {
        self.conversation
            .get_or_init(|| self.dialect.read(&self.body))
            .as_ref()
            .map_err(Clone::clone)
    }

    /// The body for a provider of the same dialect: the chosen model, usage always reported, and
    /// `ceiling` as the longest answer where the caller set none.
    pub fn upstream_body(&self, model: &str, ceiling: Option<u64>) -> Value {
        if self.dialect == Dialect::Anthropic {
            return self.messages_body(model);
        }
        let mut body = self.body.clone();
        body.insert("model".to_owned(), Value::from(model));
        if let (Some(ceiling), None) = (ceiling, self.max_output_tokens) {
            body.insert("max_completion_tokens".to_owned(), Value::from(ceiling));
        }
        if self.stream {
            let options = body.entry("stream_options").or_insert_with(|| json!({}));
            match options {
                Value::Object(options) => {
                    options.insert("include_usage".to_owned(), Value::Bool(true));
                }
                other => *other = json!({"include_usage": true}),
            }
        }
        Value::Object(body)
    }
}

/// What is gathered while reading the messages.
#[derive(Default)]
struct Prompt {
    text: String,
    newest_user_text: String,
    images: bool,
}

impl Prompt {
    fn read(&mut self, message: &Value) -> Result<(), &'static str> {
        let message = message.as_object().ok_or("must be an object")?;
        let role = message.get("role").and_then(Value::as_str).ok_or("needs a `role`")?;
        let start = self.text.len();
        match message.get("content") {
            Some(Value::String(text)) => self.add(text),
            Some(Value::Array(parts)) => {
                for part in parts {
                    match part.get("type").and_then(Value::as_str) {
                        Some("text") => {
                            let text = part.get("text").and_then(Value::as_str);
                            self.add(text.ok_or("a text part needs `text`")?);
                        }
                        Some("image_url") => self.images = true,
                        Some(_) => {}
                        None => return Err("each content part needs a `type`"),
                    }
                }
            }
            None | Some(Value::Null) => {}
            Some(_) => return Err("`content` must be text, a list of parts, or null"),
        }
        if role == "user" {
            self.newest_user_text = self.text[start..].to_owned();
        }
        Ok(())
    }

    fn add(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }
}

fn flag(body: &Map<String, Value>, name: &str) -> Result<bool, Failure> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(Failure::invalid(name, format!("`{name}` must be true or false"))),
    }
}

pub(crate) fn count(body: &Map<String, Value>, name: &str) -> Result<Option<u64>, Failure> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64() {
            Some(count) if count > 0 => Ok(Some(count)),
            _ => Err(Failure::invalid(name, format!("`{name}` must be a whole number above 0"))),
        },
    }
}

/// Tokens as OpenAI reports them: totals that include their parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Usage {
    /// Prompt tokens, cached ones included.
    pub prompt_tokens: i64,
    /// Answer tokens, reasoning included.
    pub completion_tokens: i64,
    /// Both.
    pub total_tokens: i64,
    /// Prompt tokens from the provider's cache.
    #[serde(default)]
    pub cached_tokens: i64,
    /// Prompt tokens written to the provider's cache, where it charges for that.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cache_write_tokens: i64,
    /// Of those, the ones to be kept longer, at a price of their own.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cache_write_long_tokens: i64,
    /// Hidden reasoning tokens.
    #[serde(default)]
    pub reasoning_tokens: i64,
    /// The provider reported nothing; these are our own estimates.
    #[serde(default)]
    pub estimated: bool,
}

fn is_zero(count: &i64) -> bool {
    *count == 0
}

impl Usage {
    /// Reads the `usage` object of an answer or chunk; `None` when it holds no counts, or none that
    /// can be.
    pub fn read(answer: &Value) -> Option<Self> {
        let usage = answer.get("usage")?;
        let at = |pointer: &str| {
            usage.pointer(pointer).and_then(Value::as_i64).filter(|&count| count >= 0)
        };
        let prompt_tokens = at("/prompt_tokens")?;
        let completion_tokens = at("/completion_tokens")?;
        Some(Self {
            prompt_tokens,
            completion_tokens,
            total_tokens: at("/total_tokens")
                .unwrap_or(prompt_tokens.saturating_add(completion_tokens)),
            cached_tokens: at("/prompt_tokens_details/cached_tokens").unwrap_or(0),
            cache_write_tokens: 0,
            cache_write_long_tokens: 0,
            reasoning_tokens: at("/completion_tokens_details/reasoning_tokens").unwrap_or(0),
            estimated: false,
        })
    }
}

/// The text of the first answer, empty when it has none (a tool call, for example).
pub fn answer_text(answer: &Value) -> &str {
    answer.pointer("/choices/0/message/content").and_then(Value::as_str).unwrap_or_default()
}

/// The text that a chunk adds to the answers.
pub fn delta_texts(chunk: &Value) -> impl Iterator<Item = &str> {
    let choices = chunk.get("choices").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    choices.iter().filter_map(|choice| choice.pointer("/delta/content").and_then(Value::as_str))
}

/// Whether a plain answer is complete: at least one choice, each with a finish reason.
pub fn is_complete(answer: &Value) -> bool {
    answer.get("choices").and_then(Value::as_array).is_some_and(|choices| {
        let finished = |choice: &Value| choice.get("finish_reason").is_some_and(Value::is_string);
        !choices.is_empty() && choices.iter().all(finished)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn request(extra: Value) -> Result<ChatRequest, Failure> {
        let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        ChatRequest::parse(body)
    }

    #[test]
    fn what_is_wrong_is_named_by_its_field() {
        for (body, param) in [
            (json!([]), ""),
            (json!({"messages": []}), "model"),
            (json!({"model": "", "messages": []}), "model"),
            (json!({"model": "m"}), "messages"),
            (json!({"model": "m", "messages": []}), "messages"),
            (json!({"model": "m", "messages": ["x"]}), "messages[0]"),
            (json!({"model": "m", "messages": [{"content": "x"}]}), "messages[0]"),
            (json!({"model": "m", "messages": [{"role": "user", "content": 3}]}), "messages[0]"),
        ] {
            let failure = ChatRequest::parse(body.clone()).unwrap_err();
            assert_eq!(failure.param.as_deref(), Some(param), "{body}");
        }
        for (extra, param) in [
            (json!({"stream": "yes"}), "stream"),
            (json!({"stream_options": 1}), "stream_options"),
            (json!({"max_tokens": 0}), "max_tokens"),
            (json!({"max_completion_tokens": -1}), "max_completion_tokens"),
            (json!({"n": 1.5}), "n"),
        ] {
            assert_eq!(request(extra).unwrap_err().param.as_deref(), Some(param));
        }
    }

    #[test]
    fn fields_we_do_not_know_pass_through() {
        let request = request(json!({"novelty": {"depth": [1, 2]}, "temperature": 0.5})).unwrap();
        let body = request.upstream_body("chosen", None);
        assert_eq!(body["novelty"], json!({"depth": [1, 2]}));
        assert_eq!(body["model"], "chosen");
        assert!(body.get("stream_options").is_none());
    }

    #[test]
    fn a_stream_always_asks_the_provider_for_usage() {
        for extra in [json!({"stream": true}), json!({"stream": true, "stream_options": null})] {
            let request = request(extra).unwrap();
            assert!(!request.include_usage());
            assert_eq!(request.upstream_body("m", None)["stream_options"]["include_usage"], true);
        }
    }

    #[test]
    fn a_ceiling_is_sent_where_the_caller_set_none() {
        let sent = |extra: Value| {
            let body = request(extra).unwrap().upstream_body("m", Some(7));
            (body.get("max_tokens").cloned(), body.get("max_completion_tokens").cloned())
        };
        assert_eq!(sent(json!({})), (None, Some(json!(7))));
        assert_eq!(sent(json!({"max_tokens": 3})), (Some(json!(3)), None));
        let both = json!({"max_tokens": 9, "max_completion_tokens": 3});
        assert_eq!(request(both).unwrap().max_output_tokens(), Some(9));
    }

    #[test]
    fn the_newest_user_message_is_what_is_scored() {
        let request = ChatRequest::parse(json!({"model": "auto", "tools": [{}], "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "first"},
            {"role": "assistant", "content": null, "tool_calls": []},
            {"role": "user", "content": [{"type": "text", "text": "second"},
                                         {"type": "image_url", "image_url": {"url": "data:"}}]},
            {"role": "assistant", "content": "thinking"},
        ]}))
        .unwrap();
        assert_eq!(request.newest_user_text().trim(), "second");
        assert_eq!(request.model(), None);
        assert_eq!(request.features(), Feature::Tools.bit() | Feature::Vision.bit());
        assert!(request.text().contains("be brief"));
    }

    #[test]
    fn counts_below_zero_are_no_counts() {
        let read = |usage: Value| Usage::read(&json!({ "usage": usage }));
        assert_eq!(read(json!({"prompt_tokens": -1, "completion_tokens": 2})), None);
        assert_eq!(read(json!({"prompt_tokens": 1, "completion_tokens": -2})), None);
        assert_eq!(
            read(json!({"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": -3}))
                .unwrap()
                .total_tokens,
            3
        );
    }

    #[test]
    fn an_answer_without_a_finish_reason_is_not_complete() {
        assert!(is_complete(&json!({"choices": [{"finish_reason": "stop"}]})));
        for answer in [
            json!({}),
            json!({"choices": []}),
            json!({"choices": [{"finish_reason": null}]}),
            json!({"choices": [{"finish_reason": "stop"}, {}]}),
        ] {
            assert!(!is_complete(&answer), "{answer}");
        }
    }

    proptest! {
        #[test]
        fn any_prompt_makes_a_valid_request(prompt in "\\PC{0,200}") {
            let request = ChatRequest::from_prompt(&prompt);
            prop_assert_eq!(request.newest_user_text().strip_suffix('\n'), Some(prompt.as_str()));
        }
    }
}
