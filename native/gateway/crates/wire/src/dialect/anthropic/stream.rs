//! Streams: named events, of which `message_stop` is the last.
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{finish, finish_words, reply};
use crate::chat::Usage;
use crate::conversation::{Delta, Finish};
use crate::dialect::{no_end, text_at};
use crate::error::Failure;
use crate::stream::Step;

/// Follows one streamed answer.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    usage: Map<String, Value>,
    ended: bool,
    done: bool,
}

impl Progress {
    /// Takes the data of the next event.
    pub fn take(&mut self, data: &str) -> Step {
        let Ok(event @ Value::Object(_)) = serde_json::from_str::<Value>(data) else {
            return Step::Malformed;
        };
        match text_at(&event, "/type") {
            "error" => return Step::Error(event.get("error").cloned().unwrap_or_default()),
            "message_stop" => {
                self.done = true;
                return Step::Done;
            }
            "message_start" => self.count(event.pointer("/message/usage")),
            "message_delta" => {
                self.count(event.get("usage"));
                self.ended |= event.pointer("/delta/stop_reason").is_some_and(Value::is_string);
            }
            "" => return Step::Malformed,
            _ => {}
        }
        Step::Chunk(event)
    }

    /// Counts are running totals; a later one replaces an earlier one.
    fn count(&mut self, usage: Option<&Value>) {
        if let Some(Value::Object(usage)) = usage {
            let counts = usage.iter().filter(|(_, count)| !count.is_null());
            self.usage.extend(counts.map(|(name, count)| (name.clone(), count.clone())));
        }
    }

    /// Whether the answer may be called complete.
    pub fn is_complete(&self) -> bool {
        self.done && self.ended
    }

    /// The usage reported so far. Before the end the answer's share is only what its first event
    /// said, and is marked as an estimate.
    pub fn usage(&self) -> Option<Usage> {
        let usage = reply::usage(&Value::Object(self.usage.clone()))?;
        Some(Usage { estimated: !self.ended, ..usage })
    }
}

/// Understands events.
#[derive(Debug, Default)]
pub struct Listener {
    /// Which call each block is, and whether arguments have come.
    calls: BTreeMap<u64, (u64, bool)>,
}

impl Listener {
    /// What an event adds.
    ///
    /// # Errors
    /// `provider.truncated` when the answer ends for an unknown reason.
    pub fn hear(&mut self, event: &Value) -> Result<Vec<Delta>, Failure> {
        let block = event.get("index").and_then(Value::as_u64).unwrap_or(0);
        let owned = |pointer: &str| text_at(event, pointer).to_owned();
        Ok(match text_at(event, "/type") {
            "message_start" => {
                vec![Delta::Begin { id: owned("/message/id"), model: owned("/message/model") }]
            }
            "content_block_start" => match text_at(event, "/content_block/type") {
                "tool_use" => {
                    let call = self.calls.len() as u64;
                    self.calls.insert(block, (call, false));
                    vec![Delta::Call {
                        choice: 0,
                        call,
                        id: owned("/content_block/id"),
                        name: owned("/content_block/name"),
                        signature: None,
                    }]
                }
                "text" => said(owned("/content_block/text")),
                _ => Vec::new(),
            },
            "content_block_delta" => match text_at(event, "/delta/type") {
                "text_delta" => said(owned("/delta/text")),
                "input_json_delta" => self.argue(block, owned("/delta/partial_json")),
                _ => Vec::new(),
            },
            // A call without arguments sends none; others expect an object.
            "content_block_stop" if self.calls.get(&block).is_some_and(|call| !call.1) => {
                self.argue(block, "{}".to_owned())
            }
            "message_delta" => match event.pointer("/delta/stop_reason").and_then(Value::as_str) {
                None => Vec::new(),
                Some(reason) => {
                    let sequence = event.pointer("/delta/stop_sequence").and_then(Value::as_str);
                    let finish = finish(reason, sequence).ok_or_else(|| no_end(reason))?;
                    vec![Delta::End { choice: 0, finish }]
                }
            },
            _ => Vec::new(),
        })
    }

    fn argue(&mut self, block: u64, json: String) -> Vec<Delta> {
        match self.calls.get_mut(&block) {
            Some((call, begun)) if !json.is_empty() => {
                *begun = true;
                vec![Delta::Arguments { choice: 0, call: *call, json }]
            }
            _ => Vec::new(),
        }
    }
}

fn said(text: String) -> Vec<Delta> {
    if text.is_empty() { Vec::new() } else { vec![Delta::Text { choice: 0, text }] }
}

/// Writes events, all but the last, `message_stop`.
#[derive(Debug, Default)]
pub struct Teller {
    begun: bool,
    /// The block that is open, and whether it holds words.
    open: Option<(u64, bool)>,
    blocks: u64,
    /// The block of each call.
    calls: BTreeMap<u64, u64>,
    end: Option<Finish>,
}

impl Teller {
    /// The events that say `delta`. This dialect knows one answer only.
    pub fn tell(&mut self, delta: Delta) -> Vec<Value> {
        let mut events = Vec::new();
        match delta {
            Delta::Begin { id, model } => self.begin(&id, &model, &mut events),
            Delta::Text { choice: 0, text } => {
                self.begin("", "", &mut events);
                let index = match self.open {
                    Some((index, true)) => index,
                    _ => self.start(json!({"type": "text", "text": ""}), true, &mut events),
                };
                events.push(delta_of(index, json!({"type": "text_delta", "text": text})));
            }
            Delta::Call { choice: 0, call, id, name, .. } => {
                self.begin("", "", &mut events);
                let block = json!({"type": "tool_use", "id": id, "name": name, "input": {}});
                let index = self.start(block, false, &mut events);
                self.calls.insert(call, index);
            }
            Delta::Arguments { choice: 0, call, json } => {
                if let Some(&index) = self.calls.get(&call) {
                    let delta = json!({"type": "input_json_delta", "partial_json": json});
                    events.push(delta_of(index, delta));
                }
            }
            Delta::End { choice: 0, finish } => self.end = Some(finish),
            _ => {}
        }
        events
    }

    /// The events before the last: why it ended, and what was used.
    pub fn finish(&mut self, usage: Option<Usage>) -> Vec<Value> {
        let mut events = Vec::new();
        self.begin("", "", &mut events);
        self.stop(&mut events);
        let end = self.end.take().unwrap_or(Finish::Stop(None));
        let (reason, sequence) = finish_words(&end, !self.calls.is_empty());
        events.push(json!({
            "type": "message_delta",
            "delta": {"stop_reason": reason, "stop_sequence": sequence},
            "usage": reply::write_usage(&usage.unwrap_or_default()),
        }));
        events
    }

    fn begin(&mut self, id: &str, model: &str, events: &mut Vec<Value>) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        // Others report the prompt's tokens at the end, and so does `message_delta`.
        events.push(json!({"type": "message_start", "message": {
            "id": id, "type": "message", "role": "assistant", "model": model, "content": [],
            "stop_reason": null, "stop_sequence": null,
            "usage": reply::write_usage(&Usage::default()),
        }}));
    }

    fn start(&mut self, block: Value, words: bool, events: &mut Vec<Value>) -> u64 {
        self.stop(events);
        let index = self.blocks;
        self.blocks += 1;
        self.open = Some((index, words));
        let start = json!({"type": "content_block_start", "index": index, "content_block": block});
        events.push(start);
        index
    }

    fn stop(&mut self, events: &mut Vec<Value>) {
        if let Some((index, _)) = self.open.take() {
            events.push(json!({"type": "content_block_stop", "index": index}));
        }
    }
}

fn delta_of(index: u64, delta: Value) -> Value {
    json!({"type": "content_block_delta", "index": index, "delta": delta})
}
