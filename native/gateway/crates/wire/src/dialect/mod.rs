//! The dialects of chat: OpenAI's (Azure's too), Anthropic's, Google's.
//!
//! Each module reads its requests, answers and streams into the internal model and writes them from
//! it. [`table`] says what each can carry.
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::chat::{self, Usage};
use crate::conversation::{Conversation, Delta, Reply};
use crate::error::{ErrorCode, Failure};
use crate::stream::{Progress, Step};

pub mod anthropic;
pub mod google;
pub mod openai;
pub mod table;

#[cfg(test)]
mod tests;

/// How a provider, or a caller, speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// `POST /chat/completions`.
    OpenAi,
    /// `POST /v1/messages`.
    Anthropic,
    /// `POST /models/{model}:generateContent`.
    Google,
}

impl Dialect {
    /// For people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "OpenAI's API",
            Self::Anthropic => "Anthropic's API",
            Self::Google => "Google's API",
        }
    }

    /// Reads a request.
    ///
    /// # Errors
    /// `request.invalid`, naming a field that is malformed, or that only this dialect knows.
    pub fn read(self, body: &Map<String, Value>) -> Result<Conversation, Failure> {
        match self {
            Self::OpenAi => openai::request::read(body),
            Self::Anthropic => anthropic::request::read(body),
            Self::Google => Err(Failure::new(
                ErrorCode::Internal,
                "requests in Google's dialect are written, never read",
            )),
        }
    }

    /// Writes a request for `model`, whose longest answer has `most` tokens.
    ///
    /// # Errors
    /// `request.invalid`, naming what this dialect cannot carry.
    pub fn write(
        self,
        conversation: &Conversation,
        model: &str,
        most: u64,
        stream: bool,
    ) -> Result<Value, Failure> {
        let said = table::fit(conversation, self)?;
        Ok(match self {
            Self::OpenAi => openai::request::write(&said, model, stream),
            Self::Anthropic => anthropic::request::write(&said, model, most, stream),
            Self::Google => google::request::write(&said),
        })
    }

    /// Whether a plain answer is complete.
    pub fn is_complete(self, answer: &Value) -> bool {
        match self {
            Self::OpenAi => chat::is_complete(answer),
            Self::Anthropic => answer.get("stop_reason").is_some_and(Value::is_string),
            Self::Google => google::reply::is_complete(answer),
        }
    }

    /// The usage of a plain answer.
    pub fn usage(self, answer: &Value) -> Option<Usage> {
        match self {
            Self::OpenAi => Usage::read(answer),
            Self::Anthropic => anthropic::reply::usage(answer.get("usage")?),
            Self::Google => google::reply::usage(answer),
        }
    }

    /// Reads a plain answer.
    ///
    /// # Errors
    /// `provider.truncated` when it ended for no reason that counts as an end.
    pub fn read_reply(self, answer: &Value) -> Result<Reply, Failure> {
        match self {
            Self::OpenAi => openai::reply::read(answer),
            Self::Anthropic => anthropic::reply::read(answer),
            Self::Google => google::reply::read(answer),
        }
    }

    /// Writes a plain answer, given at `created`, seconds since 1970.
    pub fn write_reply(self, reply: &Reply, created: u64) -> Value {
        match self {
            Self::OpenAi => openai::reply::write(reply, created),
            Self::Anthropic => anthropic::reply::write(reply),
            Self::Google => Value::Null,
        }
    }
}

/// Follows a stream in its dialect and tells when it is complete.
#[derive(Debug)]
pub enum Follower {
    /// Ends with `[DONE]`.
    OpenAi(Progress),
    /// Ends with `message_stop`.
    Anthropic(anthropic::stream::Progress),
    /// Ends when it ends: the finish reason is all there is.
    Google(google::stream::Progress),
}

impl Follower {
    /// For a stream that begins.
    pub fn new(dialect: Dialect) -> Self {
        match dialect {
            Dialect::OpenAi => Self::OpenAi(Progress::default()),
            Dialect::Anthropic => Self::Anthropic(anthropic::stream::Progress::default()),
            Dialect::Google => Self::Google(google::stream::Progress::default()),
        }
    }

    /// Takes the data of the next event.
    pub fn take(&mut self, data: &str) -> Step {
        match self {
            Self::OpenAi(progress) => progress.take(data),
            Self::Anthropic(progress) => progress.take(data),
            Self::Google(progress) => progress.take(data),
        }
    }

    /// Whether the answer may be called complete.
    pub fn is_complete(&self) -> bool {
        match self {
            Self::OpenAi(progress) => progress.is_complete(),
            Self::Anthropic(progress) => progress.is_complete(),
            Self::Google(progress) => progress.is_complete(),
        }
    }

    /// Whether the dialect has no terminator, so that the end of the connection must do.
    pub fn ends_with_the_connection(&self) -> bool {
        matches!(self, Self::Google(_))
    }

    /// The usage reported so far.
    pub fn usage(&self) -> Option<Usage> {
        match self {
            Self::OpenAi(progress) => progress.usage(),
            Self::Anthropic(progress) => progress.usage(),
            Self::Google(progress) => progress.usage(),
        }
    }
}

/// Understands the events of a stream.
#[derive(Debug)]
pub enum Listener {
    /// Knows whether the answer has begun.
    OpenAi(openai::stream::Listener),
    /// Knows which block is which call.
    Anthropic(anthropic::stream::Listener),
    /// Counts calls.
    Google(google::stream::Listener),
}

impl Listener {
    /// For a stream that begins.
    pub fn new(dialect: Dialect) -> Self {
        match dialect {
            Dialect::OpenAi => Self::OpenAi(openai::stream::Listener::default()),
            Dialect::Anthropic => Self::Anthropic(anthropic::stream::Listener::default()),
            Dialect::Google => Self::Google(google::stream::Listener::default()),
        }
    }

    /// What an event adds.
    ///
    /// # Errors
    /// `provider.truncated` when an answer ends for no reason that counts as an end.
    pub fn hear(&mut self, event: &Value) -> Result<Vec<Delta>, Failure> {
        match self {
            Self::OpenAi(listener) => listener.hear(event),
            Self::Anthropic(listener) => listener.hear(event),
            Self::Google(listener) => listener.hear(event),
        }
    }
}

/// Writes a stream in a caller's dialect.
#[derive(Debug)]
pub enum Teller {
    /// Chunks.
    OpenAi(openai::stream::Teller),
    /// Named events.
    Anthropic(anthropic::stream::Teller),
}

impl Teller {
    /// For a stream that begins at `created`, seconds since 1970. Nobody calls us in Google's
    /// dialect, so that OpenAI's stands for it.
    pub fn new(dialect: Dialect, created: u64) -> Self {
        match dialect {
            Dialect::Anthropic => Self::Anthropic(anthropic::stream::Teller::default()),
            Dialect::OpenAi | Dialect::Google => Self::OpenAi(openai::stream::Teller::new(created)),
        }
    }

    /// The events that say `delta`.
    pub fn tell(&mut self, delta: Delta) -> Vec<Value> {
        match self {
            Self::OpenAi(teller) => teller.tell(delta),
            Self::Anthropic(teller) => teller.tell(delta),
        }
    }

    /// The last events: what was used.
    pub fn finish(&mut self, usage: Option<Usage>) -> Vec<Value> {
        match self {
            Self::OpenAi(teller) => teller.finish(usage),
            Self::Anthropic(teller) => teller.finish(usage),
        }
    }
}

/// The end of an answer that is none.
pub(crate) fn no_end(reason: &str) -> Failure {
    let reason: String = reason.chars().take(80).collect();
    Failure::new(
        ErrorCode::ProviderTruncated,
        format!("the provider's answer is incomplete: it ended with `{reason}`; ask again"),
    )
}

/// Text at a pointer, empty when there is none.
pub(crate) fn text_at<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// A count at a key, when it can be one.
pub(crate) fn count_at(value: &Value, key: &str) -> Option<i64> {
    value.get(key).and_then(Value::as_i64).filter(|&count| count >= 0)
}

/// The pieces of a list at a key.
pub(crate) fn list_at<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice)
}

/// A number of a request.
pub(crate) fn number_at(body: &Map<String, Value>, name: &str) -> Result<Option<f64>, Failure> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value
            .as_f64()
            .map(Some)
            .ok_or_else(|| Failure::invalid(name, format!("`{name}` must be a number"))),
    }
}

/// Entries that have a value.
pub(crate) fn object<const N: usize>(entries: [(&str, Option<Value>); N]) -> Map<String, Value> {
    entries.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// Whether each of several answers has ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ends(BTreeMap<u64, bool>);

impl Ends {
    pub(crate) fn note(&mut self, answer: u64, ended: bool) {
        *self.0.entry(answer).or_insert(false) |= ended;
    }

    pub(crate) fn all(&self) -> bool {
        !self.0.is_empty() && self.0.values().all(|&ended| ended)
    }
}
