//! Plain answers.
use serde_json::{Value, json};

use super::{finish, finish_word, read_call, write_call};
use crate::chat::Usage;
use crate::conversation::{Choice, Finish, Reply};
use crate::dialect::{list_at, no_end, text_at};
use crate::error::Failure;

/// Reads an answer that must cross into another dialect.
///
/// # Errors
/// `provider.truncated` when a choice has no finish reason that is known.
pub fn read(answer: &Value) -> Result<Reply, Failure> {
    let choices = list_at(answer, "choices")
        .iter()
        .map(|choice| {
            let word = text_at(choice, "/finish_reason");
            let said = text_at(choice, "/message/content");
            let refused = text_at(choice, "/message/refusal");
            let calls = choice.get("message").map_or(&[][..], |said| list_at(said, "tool_calls"));
            Ok(Choice {
                text: format!("{said}{refused}"),
                calls: calls
                    .iter()
                    .map(|call| read_call(call).ok_or_else(|| no_end("a broken tool call")))
                    .collect::<Result<_, _>>()?,
                finish: finish(word).ok_or_else(|| no_end(word))?,
            })
        })
        .collect::<Result<_, Failure>>()?;
    Ok(Reply {
        id: text_at(answer, "/id").to_owned(),
        model: text_at(answer, "/model").to_owned(),
        choices,
        usage: Usage::read(answer),
    })
}

/// Writes an answer.
pub fn write(reply: &Reply, created: u64) -> Value {
    let choices: Vec<Value> = reply.choices.iter().enumerate().map(choice).collect();
    let mut answer = json!({
        "id": reply.id,
        "object": "chat.completion",
        "created": created,
        "model": reply.model,
        "choices": choices,
    });
    if let Some(usage) = &reply.usage {
        answer["usage"] = write_usage(usage);
    }
    answer
}

fn choice((index, choice): (usize, &Choice)) -> Value {
    let silent = choice.text.is_empty() && !choice.calls.is_empty();
    let content = (!silent).then_some(choice.text.as_str());
    let mut message = json!({"role": "assistant", "content": content, "refusal": null});
    if !choice.calls.is_empty() {
        message["tool_calls"] = choice.calls.iter().map(write_call).collect();
    }
    // A model that calls tools is not done, whatever its provider calls the end.
    let finish = match &choice.finish {
        Finish::Stop(_) if !choice.calls.is_empty() => "tool_calls",
        other => finish_word(other),
    };
    json!({"index": index, "message": message, "logprobs": null, "finish_reason": finish})
}

/// The `usage` object.
pub fn write_usage(usage: &Usage) -> Value {
    json!({
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    })
}
