//! OpenAI's dialect, which Azure and many others speak.
//!
//! Source: the OpenAI API reference, `POST /chat/completions`; Google's signatures of thoughts stand
//! where Google's own OpenAI-compatible API puts them, in `extra_content`.
pub mod reply;
pub mod request;
pub mod stream;

use serde_json::{Map, Value, json};

use crate::conversation::{Finish, ToolCall};

/// The word for an end.
pub(crate) fn finish_word(finish: &Finish) -> &'static str {
    match finish {
        Finish::Stop(_) => "stop",
        Finish::Length => "length",
        Finish::ToolCalls => "tool_calls",
        Finish::Filtered => "content_filter",
    }
}

/// The end behind a word.
pub(crate) fn finish(word: &str) -> Option<Finish> {
    match word {
        "stop" => Some(Finish::Stop(None)),
        "length" => Some(Finish::Length),
        "tool_calls" | "function_call" => Some(Finish::ToolCalls),
        "content_filter" => Some(Finish::Filtered),
        _ => None,
    }
}

/// Where Google's signature of a thought stands.
const SIGNATURE: &str = "/extra_content/google/thought_signature";

pub(crate) fn signature(signature: &str) -> Value {
    json!({"google": {"thought_signature": signature}})
}

fn read_call(call: &Value) -> Option<ToolCall> {
    let json = super::text_at(call, "/function/arguments");
    let arguments: Map<String, Value> =
        if json.trim().is_empty() { Map::new() } else { serde_json::from_str(json).ok()? };
    Some(ToolCall {
        id: call.get("id")?.as_str()?.to_owned(),
        name: call.pointer("/function/name")?.as_str()?.to_owned(),
        arguments,
        signature: call.pointer(SIGNATURE).and_then(Value::as_str).map(str::to_owned),
    })
}

fn write_call(call: &ToolCall) -> Value {
    let arguments = Value::Object(call.arguments.clone()).to_string();
    let mut written = json!({"id": call.id, "type": "function",
        "function": {"name": call.name, "arguments": arguments}});
    if let Some(signed) = &call.signature {
        written["extra_content"] = signature(signed);
    }
    written
}
