//! Plain answers, and the shape that events of a stream share with them.
use serde_json::Value;

use super::finish;
use crate::chat::Usage;
use crate::conversation::{Choice, Finish, Reply, ToolCall};
use crate::dialect::{count_at, list_at, no_end, text_at};
use crate::error::Failure;

/// Why the prompt was refused, when it was.
pub(super) fn blocked(answer: &Value) -> Option<&str> {
    answer.pointer("/promptFeedback/blockReason").and_then(Value::as_str)
}

/// Whether every candidate has ended.
pub fn is_complete(answer: &Value) -> bool {
    let candidates = list_at(answer, "candidates");
    let ended = |candidate: &Value| candidate.get("finishReason").is_some_and(Value::is_string);
    if candidates.is_empty() { blocked(answer).is_some() } else { candidates.iter().all(ended) }
}

/// Which answer a candidate is.
pub(super) fn index(candidate: &Value) -> u64 {
    candidate.get("index").and_then(Value::as_u64).unwrap_or(0)
}

/// The parts of a candidate that are not thoughts.
pub(super) fn parts(candidate: &Value) -> impl Iterator<Item = &Value> {
    candidate
        .get("content")
        .map_or(&[][..], |content| list_at(content, "parts"))
        .iter()
        .filter(|part| part.get("thought").and_then(Value::as_bool) != Some(true))
}

/// The call in a part: number `count` of candidate `choice` of `answer`.
pub(super) fn call(part: &Value, answer: &str, choice: u64, count: u64) -> Option<ToolCall> {
    let made = part.get("functionCall")?;
    let id = match text_at(made, "/id") {
        // Google needs none; everybody else does.
        "" => format!("call_{answer}_{choice}_{count}"),
        id => id.to_owned(),
    };
    Some(ToolCall {
        id,
        name: text_at(made, "/name").to_owned(),
        arguments: made.get("args").and_then(Value::as_object).cloned().unwrap_or_default(),
        signature: part.get("thoughtSignature").and_then(Value::as_str).map(str::to_owned),
    })
}

/// Reads an answer. Thoughts are not passed on: no other dialect has a place for them.
///
/// # Errors
/// `provider.truncated` when a candidate did not end.
pub fn read(answer: &Value) -> Result<Reply, Failure> {
    let id = text_at(answer, "/responseId");
    let mut choices = list_at(answer, "candidates")
        .iter()
        .map(|candidate| {
            let reason = text_at(candidate, "/finishReason");
            let mut text = String::new();
            let mut calls = Vec::new();
            for part in parts(candidate) {
                text.push_str(text_at(part, "/text"));
                calls.extend(call(part, id, index(candidate), calls.len() as u64));
            }
            Ok(Choice { text, calls, finish: finish(reason).ok_or_else(|| no_end(reason))? })
        })
        .collect::<Result<Vec<_>, Failure>>()?;
    if choices.is_empty() && blocked(answer).is_some() {
        choices.push(Choice { text: String::new(), calls: Vec::new(), finish: Finish::Filtered });
    }
    Ok(Reply {
        id: id.to_owned(),
        model: text_at(answer, "/modelVersion").to_owned(),
        choices,
        usage: usage(answer),
    })
}

/// Reads `usageMetadata`: Google counts thoughts, and what tools brought, beside the rest.
pub fn usage(answer: &Value) -> Option<Usage> {
    let usage = answer.get("usageMetadata")?;
    let count = |name| count_at(usage, name);
    let beside = count("toolUsePromptTokenCount").unwrap_or(0);
    let prompt_tokens = count("promptTokenCount")?.saturating_add(beside);
    let thoughts = count("thoughtsTokenCount").unwrap_or(0);
    let completion_tokens = count("candidatesTokenCount").unwrap_or(0).saturating_add(thoughts);
    Some(Usage {
        prompt_tokens,
        completion_tokens,
        total_tokens: prompt_tokens.saturating_add(completion_tokens),
        cached_tokens: count("cachedContentTokenCount").unwrap_or(0),
        cache_write_tokens: 0,
        cache_write_long_tokens: 0,
        reasoning_tokens: thoughts,
        estimated: false,
    })
}
