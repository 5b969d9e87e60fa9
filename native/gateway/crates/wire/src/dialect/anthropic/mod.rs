//! Anthropic's dialect.
//!
//! Source: the types of the vendor's Python SDK, 2.12.0: `MessageCreateParams`, `Message`,
//! `RawMessageStreamEvent`, `StopReason`, `Usage`.
pub mod reply;
pub mod request;
pub mod stream;

use crate::conversation::Finish;

/// The end behind a `stop_reason`; `pause_turn` is none, the turn goes on.
fn finish(reason: &str, sequence: Option<&str>) -> Option<Finish> {
    match reason {
        "end_turn" => Some(Finish::Stop(None)),
        "stop_sequence" => Some(Finish::Stop(sequence.map(str::to_owned))),
        "max_tokens" | "model_context_window_exceeded" => Some(Finish::Length),
        "tool_use" => Some(Finish::ToolCalls),
        "refusal" => Some(Finish::Filtered),
        _ => None,
    }
}

/// `stop_reason` and `stop_sequence`.
fn finish_words(finish: &Finish, called: bool) -> (&'static str, Option<&str>) {
    match finish {
        Finish::Stop(_) if called => ("tool_use", None),
        Finish::Stop(None) => ("end_turn", None),
        Finish::Stop(Some(sequence)) => ("stop_sequence", Some(sequence)),
        Finish::Length => ("max_tokens", None),
        Finish::ToolCalls => ("tool_use", None),
        Finish::Filtered => ("refusal", None),
    }
}
