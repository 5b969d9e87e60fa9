//! Streams: one answer after the other, each adding to the last.
use std::collections::BTreeMap;

use serde_json::Value;

use super::{finish, reply};
use crate::chat::Usage;
use crate::conversation::{Delta, Finish};
use crate::dialect::{Ends, list_at, no_end, text_at};
use crate::error::Failure;
use crate::stream::Step;

/// Follows one streamed answer.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    ends: Ends,
    usage: Option<Usage>,
}

impl Progress {
    /// Takes the data of the next event.
    pub fn take(&mut self, data: &str) -> Step {
        let Ok(event @ Value::Object(_)) = serde_json::from_str::<Value>(data) else {
            return Step::Malformed;
        };
        if let Some(error) = event.get("error").filter(|error| !error.is_null()) {
            return Step::Error(error.clone());
        }
        self.usage = reply::usage(&event).or(self.usage);
        for candidate in list_at(&event, "candidates") {
            let ended = candidate.get("finishReason").is_some_and(Value::is_string);
            self.ends.note(reply::index(candidate), ended);
        }
        if reply::blocked(&event).is_some() {
            self.ends.note(0, true);
        }
        Step::Chunk(event)
    }

    /// Whether the answer may be called complete.
    pub fn is_complete(&self) -> bool {
        self.ends.all()
    }

    /// The usage reported so far; each event brings the running total.
    pub fn usage(&self) -> Option<Usage> {
        let usage = self.usage?;
        Some(Usage { estimated: !self.is_complete(), ..usage })
    }
}

/// Understands events.
#[derive(Debug, Default)]
pub struct Listener {
    begun: bool,
    /// How many calls each answer has made.
    calls: BTreeMap<u64, u64>,
}

impl Listener {
    /// What an event adds.
    ///
    /// # Errors
    /// `provider.truncated` when a candidate ends for a reason that is a failure.
    pub fn hear(&mut self, event: &Value) -> Result<Vec<Delta>, Failure> {
        let mut deltas = Vec::new();
        let id = text_at(event, "/responseId");
        if !std::mem::replace(&mut self.begun, true) {
            let model = text_at(event, "/modelVersion").to_owned();
            deltas.push(Delta::Begin { id: id.to_owned(), model });
        }
        for candidate in list_at(event, "candidates") {
            let choice = reply::index(candidate);
            for part in reply::parts(candidate) {
                let text = text_at(part, "/text");
                if !text.is_empty() {
                    deltas.push(Delta::Text { choice, text: text.to_owned() });
                }
                let count = self.calls.entry(choice).or_insert(0);
                if let Some(made) = reply::call(part, id, choice, *count) {
                    let call = std::mem::replace(count, *count + 1);
                    let json = Value::Object(made.arguments).to_string();
                    let (id, name, signature) = (made.id, made.name, made.signature);
                    deltas.push(Delta::Call { choice, call, id, name, signature });
                    deltas.push(Delta::Arguments { choice, call, json });
                }
            }
            if let Some(reason) = candidate.get("finishReason").and_then(Value::as_str) {
                let finish = finish(reason).ok_or_else(|| no_end(reason))?;
                deltas.push(Delta::End { choice, finish });
            }
        }
        if reply::blocked(event).is_some() {
            deltas.push(Delta::End { choice: 0, finish: Finish::Filtered });
        }
        Ok(deltas)
    }
}
