//! What makes a streamed answer complete.
//!
//! SDKs accept a stream that simply ends, and show half an answer as a whole one. Here a stream is
//! complete only when every choice that began has a finish reason **and** `[DONE]` was said.
use std::collections::BTreeMap;

use serde_json::Value;

use crate::chat::Usage;

/// The terminator of OpenAI's streams.
pub const DONE: &str = "[DONE]";

/// One event of an answer, understood as far as needed.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A chunk to pass on.
    Chunk(Value),
    /// The chunk that carries only usage.
    Usage(Value),
    /// The terminator.
    Done,
    /// The provider says that it failed; the value is its error object.
    Error(Value),
    /// Not JSON, or not an object.
    Malformed,
}

/// Follows one streamed answer.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    finished: BTreeMap<u64, bool>,
    usage: Option<Usage>,
    done: bool,
}

impl Progress {
    /// Takes the data of the next event.
    ///
    /// ```
    /// use convergio_wire::stream::{Progress, Step};
    ///
    /// let mut progress = Progress::default();
    /// progress.take(r#"{"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":null}]}"#);
    /// assert_eq!(progress.take("[DONE]"), Step::Done);
    /// assert!(!progress.is_complete()); // no finish reason: half an answer
    /// ```
    pub fn take(&mut self, data: &str) -> Step {
        if data.trim() == DONE {
            self.done = true;
            return Step::Done;
        }
        let Ok(Value::Object(chunk)) = serde_json::from_str::<Value>(data) else {
            return Step::Malformed;
        };
        if let Some(error) = chunk.get("error").filter(|error| !error.is_null()) {
            return Step::Error(error.clone());
        }
        let chunk = Value::Object(chunk);
        let usage = Usage::read(&chunk);
        self.usage = usage.or(self.usage);
        let choices = chunk.get("choices").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for choice in choices {
            self.take_choice(choice);
        }
        if choices.is_empty() && usage.is_some() { Step::Usage(chunk) } else { Step::Chunk(chunk) }
    }

    fn take_choice(&mut self, choice: &Value) {
        let index = choice.get("index").and_then(Value::as_u64).unwrap_or(0);
        let finished = self.finished.entry(index).or_insert(false);
        *finished |= choice.get("finish_reason").is_some_and(Value::is_string);
    }

    /// Whether the answer may be called complete.
    pub fn is_complete(&self) -> bool {
        self.done && !self.finished.is_empty() && self.finished.values().all(|&finished| finished)
    }

    /// The usage the provider reported.
    pub fn usage(&self) -> Option<Usage> {
        self.usage
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn chunk(index: u64, finish: Option<&str>) -> String {
        json!({"choices": [{"index": index, "delta": {"content": "x"}, "finish_reason": finish}]})
            .to_string()
    }

    #[test]
    fn complete_needs_every_finish_reason_and_the_terminator() {
        let cases: [(&[&str], bool); 6] = [
            (&["0", "0!", "D"], true),
            (&["0", "0!"], false),
            (&["0", "D"], false),
            (&["D"], false),
            (&["0!", "1", "D"], false),
            (&["0!", "1!", "D"], true),
        ];
        for (steps, complete) in cases {
            let mut progress = Progress::default();
            for step in steps {
                match *step {
                    "D" => progress.take(DONE),
                    "0" => progress.take(&chunk(0, None)),
                    "1" => progress.take(&chunk(1, None)),
                    "0!" => progress.take(&chunk(0, Some("stop"))),
                    _ => progress.take(&chunk(1, Some("length"))),
                };
            }
            assert_eq!(progress.is_complete(), complete, "{steps:?}");
        }
    }

    #[test]
    fn an_error_event_and_broken_json_are_told_apart() {
        let mut progress = Progress::default();
        assert_eq!(
            progress.take(r#"{"error":{"message":"overloaded"}}"#),
            Step::Error(json!({"message": "overloaded"}))
        );
        assert_eq!(progress.take("{\"choices\": ["), Step::Malformed);
        assert_eq!(progress.take("[]"), Step::Malformed);
    }

    #[test]
    fn the_usage_chunk_is_recognised() {
        let mut progress = Progress::default();
        let usage = json!({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2,
            "prompt_tokens_details": {"cached_tokens": 1}}});
        assert_eq!(progress.take(&usage.to_string()), Step::Usage(usage));
        let usage = progress.usage().unwrap();
        assert_eq!((usage.total_tokens, usage.cached_tokens, usage.estimated), (5, 1, false));
    }

    #[test]
    fn an_empty_chunk_after_the_usage_is_not_a_second_usage() {
        let mut progress = Progress::default();
        let last = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 3, "completion_tokens": 2}});
        assert!(matches!(progress.take(&last.to_string()), Step::Chunk(_)));
        let empty = json!({"choices": [], "usage": null});
        assert!(matches!(progress.take(&empty.to_string()), Step::Chunk(_)));
        assert_eq!(progress.usage().unwrap().total_tokens, 5);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(data in ".{0,100}") {
            Progress::default().take(&data);
        }
    }
}
