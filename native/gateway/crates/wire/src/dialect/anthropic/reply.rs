//! Plain answers.
use serde_json::{Value, json};

use super::{finish, finish_words};
use crate::chat::Usage;
use crate::conversation::{Choice, Reply, ToolCall};
use crate::dialect::{count_at, list_at, no_end, text_at};
use crate::error::Failure;

/// Reads an answer. Thoughts are not passed on: no other dialect has a place for them.
///
/// # Errors
/// `provider.truncated` when it did not end.
pub fn read(answer: &Value) -> Result<Reply, Failure> {
    let mut text = String::new();
    let mut calls = Vec::new();
    for block in list_at(answer, "content") {
        match text_at(block, "/type") {
            "text" => text.push_str(text_at(block, "/text")),
            "tool_use" => calls.push(ToolCall {
                id: text_at(block, "/id").to_owned(),
                name: text_at(block, "/name").to_owned(),
                arguments: block
                    .get("input")
                    .and_then(Value::as_object)
                    .cloned()
                    .unwrap_or_default(),
                signature: None,
            }),
            _ => {}
        }
    }
    let reason = text_at(answer, "/stop_reason");
    let sequence = answer.get("stop_sequence").and_then(Value::as_str);
    let finish = finish(reason, sequence).ok_or_else(|| no_end(reason))?;
    Ok(Reply {
        id: text_at(answer, "/id").to_owned(),
        model: text_at(answer, "/model").to_owned(),
        choices: vec![Choice { text, calls, finish }],
        usage: answer.get("usage").and_then(usage),
    })
}

/// Writes the first answer; this dialect knows no second.
pub fn write(reply: &Reply) -> Value {
    let mut content = Vec::new();
    let mut ended = ("end_turn", None);
    if let Some(choice) = reply.choices.first() {
        if !choice.text.is_empty() {
            content.push(json!({"type": "text", "text": choice.text}));
        }
        content.extend(choice.calls.iter().map(|call| {
            json!({"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments})
        }));
        ended = finish_words(&choice.finish, !choice.calls.is_empty());
    }
    json!({
        "id": reply.id,
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "content": content,
        "stop_reason": ended.0,
        "stop_sequence": ended.1,
        "usage": write_usage(&reply.usage.unwrap_or_default()),
    })
}

/// Reads a `usage` object: Anthropic counts cached tokens beside the prompt, not in it.
pub fn usage(usage: &Value) -> Option<Usage> {
    let count = |name| count_at(usage, name);
    let cached = count("cache_read_input_tokens").unwrap_or(0);
    let written = count("cache_creation_input_tokens").unwrap_or(0);
    let prompt_tokens = count("input_tokens")?.saturating_add(cached).saturating_add(written);
    let completion_tokens = count("output_tokens")?;
    let long = usage.pointer("/cache_creation/ephemeral_1h_input_tokens").and_then(Value::as_i64);
    let thoughts = usage.pointer("/output_tokens_details/thinking_tokens").and_then(Value::as_i64);
    Some(Usage {
        prompt_tokens,
        completion_tokens,
        total_tokens: prompt_tokens.saturating_add(completion_tokens),
        cached_tokens: cached,
        cache_write_tokens: written,
        cache_write_long_tokens: long.filter(|&count| count >= 0).unwrap_or(0),
        reasoning_tokens: thoughts.filter(|&count| count >= 0).unwrap_or(0),
        estimated: false,
    })
}

/// The `usage` object.
pub fn write_usage(usage: &Usage) -> Value {
    let beside = usage.cached_tokens.saturating_add(usage.cache_write_tokens);
    json!({
        "input_tokens": usage.prompt_tokens.saturating_sub(beside).max(0),
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "cache_read_input_tokens": usage.cached_tokens,
        "output_tokens": usage.completion_tokens,
    })
}
