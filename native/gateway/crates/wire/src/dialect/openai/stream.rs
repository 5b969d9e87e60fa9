//! Streams.
use serde_json::{Map, Value, json};

use super::{SIGNATURE, finish, finish_word, reply, signature};
use crate::chat::Usage;
use crate::conversation::{Delta, Finish};
use crate::dialect::{list_at, no_end, text_at};
use crate::error::Failure;

/// Understands chunks.
#[derive(Debug, Default)]
pub struct Listener {
    begun: bool,
}

impl Listener {
    /// What a chunk adds.
    ///
    /// # Errors
    /// `provider.truncated` when a choice ends for an unknown reason.
    pub fn hear(&mut self, chunk: &Value) -> Result<Vec<Delta>, Failure> {
        let mut deltas = Vec::new();
        let (id, model) = (text_at(chunk, "/id"), text_at(chunk, "/model"));
        // Azure opens with a chunk that names nothing.
        if !self.begun && !id.is_empty() {
            self.begun = true;
            deltas.push(Delta::Begin { id: id.to_owned(), model: model.to_owned() });
        }
        for said in list_at(chunk, "choices") {
            let choice = said.get("index").and_then(Value::as_u64).unwrap_or(0);
            for pointer in ["/delta/content", "/delta/refusal"] {
                let text = text_at(said, pointer);
                if !text.is_empty() {
                    deltas.push(Delta::Text { choice, text: text.to_owned() });
                }
            }
            for part in said.get("delta").map_or(&[][..], |delta| list_at(delta, "tool_calls")) {
                hear_call(part, choice, &mut deltas);
            }
            if let Some(word) = said.get("finish_reason").and_then(Value::as_str) {
                let finish = finish(word).ok_or_else(|| no_end(word))?;
                deltas.push(Delta::End { choice, finish });
            }
        }
        Ok(deltas)
    }
}

fn hear_call(part: &Value, choice: u64, deltas: &mut Vec<Delta>) {
    let call = part.get("index").and_then(Value::as_u64).unwrap_or(0);
    let name = text_at(part, "/function/name");
    if !name.is_empty() {
        deltas.push(Delta::Call {
            choice,
            call,
            id: text_at(part, "/id").to_owned(),
            name: name.to_owned(),
            signature: part.pointer(SIGNATURE).and_then(Value::as_str).map(str::to_owned),
        });
    }
    let json = text_at(part, "/function/arguments");
    if !json.is_empty() {
        deltas.push(Delta::Arguments { choice, call, json: json.to_owned() });
    }
}

/// Writes chunks.
#[derive(Debug)]
pub struct Teller {
    created: u64,
    id: String,
    model: String,
    called: bool,
}

impl Teller {
    /// For a stream that begins at `created`, seconds since 1970.
    pub fn new(created: u64) -> Self {
        Self { created, id: String::new(), model: String::new(), called: false }
    }

    /// The chunks that say `delta`.
    pub fn tell(&mut self, delta: Delta) -> Vec<Value> {
        let (choice, said, finish) = match delta {
            Delta::Begin { id, model } => {
                (self.id, self.model) = (id, model);
                (0, json!({"role": "assistant", "content": ""}), None)
            }
            Delta::Text { choice, text } => (choice, json!({"content": text}), None),
            Delta::Call { choice, call, id, name, signature: signed } => {
                self.called = true;
                let mut said = json!({"index": call, "id": id, "type": "function",
                    "function": {"name": name, "arguments": ""}});
                if let Some(signed) = signed {
                    said["extra_content"] = signature(&signed);
                }
                (choice, json!({"tool_calls": [said]}), None)
            }
            Delta::Arguments { choice, call, json } => {
                let said = json!({"index": call, "function": {"arguments": json}});
                (choice, json!({"tool_calls": [said]}), None)
            }
            Delta::End { choice, finish } => {
                let word = match finish {
                    Finish::Stop(_) if self.called => "tool_calls",
                    other => finish_word(&other),
                };
                (choice, Value::Object(Map::new()), Some(word))
            }
        };
        let choice =
            json!({"index": choice, "delta": said, "logprobs": null, "finish_reason": finish});
        vec![self.chunk(json!([choice]))]
    }

    /// The usage chunk.
    pub fn finish(&mut self, usage: Option<Usage>) -> Vec<Value> {
        let Some(usage) = usage else { return Vec::new() };
        let mut chunk = self.chunk(json!([]));
        chunk["usage"] = reply::write_usage(&usage);
        vec![chunk]
    }

    fn chunk(&self, choices: Value) -> Value {
        json!({
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "choices": choices,
        })
    }
}
