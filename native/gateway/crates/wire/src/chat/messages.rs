//! Requests in Anthropic's dialect, `POST /v1/messages`, as far as the gateway reads them.
use std::sync::OnceLock;

use serde_json::{Map, Value};

use super::{ChatRequest, Prompt, count, flag};
use crate::catalog::Feature;
use crate::dialect::{Dialect, text_at};
use crate::error::Failure;

impl ChatRequest {
    /// Checks a body in Anthropic's dialect.
    ///
    /// # Errors
    /// `request.invalid`, naming the field at fault.
    pub fn parse_messages(body: Value) -> Result<Self, Failure> {
        let request = Self::parse_unbounded(body)?;
        if request.max_output_tokens.is_none() {
            return Err(Failure::invalid("max_tokens", "`max_tokens` is required"));
        }
        Ok(request)
    }

    /// The same for a request whose tokens are only counted, so that it needs no ceiling.
    ///
    /// # Errors
    /// `request.invalid`, naming the field at fault.
    pub fn parse_unbounded(body: Value) -> Result<Self, Failure> {
        let Value::Object(body) = body else {
            return Err(Failure::invalid("", "the body must be a JSON object"));
        };
        let model = match body.get("model") {
            Some(Value::String(model)) if !model.is_empty() => model.clone(),
            _ => return Err(Failure::invalid("model", "`model` must be a name, or \"auto\"")),
        };
        let prompt = read_prompt(&body)?;
        let tools = body.get("tools").and_then(Value::as_array).is_some_and(|t| !t.is_empty());
        let features = if tools { Feature::Tools.bit() } else { 0 }
            | if prompt.images { Feature::Vision.bit() } else { 0 };
        Ok(Self {
            dialect: Dialect::Anthropic,
            headers: Vec::new(),
            conversation: OnceLock::new(),
            model,
            stream: flag(&body, "stream")?,
            // Every one of its streams reports usage.
            include_usage: true,
            newest_user_text: prompt.newest_user_text,
            text: prompt.text,
            max_output_tokens: count(&body, "max_tokens")?,
            answers: 1,
            features,
            body,
        })
    }

    /// The body for a provider that counts the tokens of a request in Anthropic's dialect.
    pub fn counting_body(&self, model: &str) -> Value {
        let mut body = self.body.clone();
        body.insert("model".to_owned(), Value::from(model));
        // Counting knows neither.
        for field in ["max_tokens", "stream"] {
            body.shift_remove(field);
        }
        Value::Object(body)
    }

    pub(super) fn messages_body(&self, model: &str) -> Value {
        let mut body = self.body.clone();
        body.insert("model".to_owned(), Value::from(model));
        Value::Object(body)
    }
}

fn read_prompt(body: &Map<String, Value>) -> Result<Prompt, Failure> {
    let messages = match body.get("messages").and_then(Value::as_array) {
        Some(messages) if !messages.is_empty() => messages,
        _ => return Err(Failure::invalid("messages", "`messages` must be a list, not empty")),
    };
    let mut prompt = Prompt::default();
    prompt.read_blocks(body.get("system").unwrap_or(&Value::Null));
    for (index, message) in messages.iter().enumerate() {
        let wrong = |problem: &str| {
            let at = format!("messages[{index}]");
            let problem = format!("{at}: {problem}");
            Failure::invalid(at, problem)
        };
        let role = text_at(message, "/role");
        if role.is_empty() {
            return Err(wrong("needs a `role`"));
        }
        let content = message.get("content").unwrap_or(&Value::Null);
        if !content.is_string() && !content.is_array() {
            return Err(wrong("`content` must be text or a list of blocks"));
        }
        let start = prompt.text.len();
        prompt.read_blocks(content);
        if role == "user" && !only_results(content) {
            prompt.newest_user_text = prompt.text[start..].to_owned();
        }
    }
    Ok(prompt)
}

/// Whether a turn only brings what tools answered: it says nothing about what was asked.
fn only_results(content: &Value) -> bool {
    content
        .as_array()
        .is_some_and(|blocks| blocks.iter().all(|block| text_at(block, "/type") == "tool_result"))
}

impl Prompt {
    fn read_blocks(&mut self, content: &Value) {
        match content {
            Value::String(text) => self.add(text),
            Value::Array(blocks) => {
                for block in blocks {
                    match text_at(block, "/type") {
                        "text" => self.add(text_at(block, "/text")),
                        "image" => self.images = true,
                        "tool_result" => {
                            self.read_blocks(block.get("content").unwrap_or(&Value::Null));
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_wrong_is_named_by_its_field() {
        let user = json!([{"role": "user", "content": "hi"}]);
        for (body, param) in [
            (json!(3), ""),
            (json!({"messages": user}), "model"),
            (json!({"model": "m", "max_tokens": 1}), "messages"),
            (json!({"model": "m", "max_tokens": 1, "messages": []}), "messages"),
            (json!({"model": "m", "max_tokens": 1, "messages": [{"content": "x"}]}), "messages[0]"),
            (json!({"model": "m", "max_tokens": 1, "messages": [{"role": "user"}]}), "messages[0]"),
            (json!({"model": "m", "messages": user}), "max_tokens"),
            (json!({"model": "m", "max_tokens": 0, "messages": user}), "max_tokens"),
        ] {
            let failure = ChatRequest::parse_messages(body.clone()).unwrap_err();
            assert_eq!(failure.param.as_deref(), Some(param), "{body}");
        }
    }

    #[test]
    fn what_a_tool_answered_is_not_what_was_asked() {
        let request = ChatRequest::parse_messages(json!({
            "model": "auto", "max_tokens": 9, "system": [{"type": "text", "text": "be brief"}],
            "tools": [{"name": "t", "input_schema": {}}],
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "what is it?"},
                    {"type": "image", "source": {"type": "url", "url": "https://example.org/x.png"}}]},
                {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "t", "input": {}}]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "a cat"}]},
            ],
        }))
        .unwrap();
        assert_eq!(request.newest_user_text().trim(), "what is it?");
        assert!(request.text().contains("be brief") && request.text().contains("a cat"));
        assert_eq!(request.features(), Feature::Tools.bit() | Feature::Vision.bit());
        assert_eq!((request.model(), request.max_output_tokens()), (None, Some(9)));
    }
}
