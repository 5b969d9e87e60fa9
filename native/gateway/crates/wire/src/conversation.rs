//! The internal chat model: what every dialect says in words of its own.
//!
//! A request that stays within its dialect never passes through here: its JSON goes on untouched.
//! Only a request that crosses from one dialect to another becomes a [`Conversation`], and what the
//! other dialect cannot say is refused or left out as [`crate::dialect::table`] decides.
use serde_json::{Map, Value};

use crate::chat::Usage;

/// A request, in no dialect.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Conversation {
    /// What the operator of the conversation says, in order; from wherever it stood.
    pub system: Vec<String>,
    /// Turns, oldest first, never two of one speaker in a row.
    pub messages: Vec<Message>,
    /// What the model may call.
    pub tools: Vec<Tool>,
    /// Whether it must.
    pub tool_choice: Option<ToolChoice>,
    /// Whether it may call several at once; the provider's default when absent.
    pub parallel_tool_calls: Option<bool>,
    /// How to choose words.
    pub sampling: Sampling,
    /// Ceiling of one answer in tokens.
    pub max_output_tokens: Option<u64>,
    /// How many answers.
    pub answers: Option<u64>,
    /// The shape of the answer, when it must have one.
    pub format: Option<Format>,
    /// How much to think: the dialect's own word.
    pub effort: Option<String>,
    /// The caller's own name for the person who asks.
    pub end_user: Option<String>,
}

/// How to choose words. Absent leaves it to the provider.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs, reason = "the fields have the same names in every dialect")]
pub struct Sampling {
    pub temperature: Option<f64>,
    pub top_p: Option<f64>,
    pub top_k: Option<u64>,
    pub stop: Vec<String>,
    pub seed: Option<i64>,
    pub presence_penalty: Option<f64>,
    pub frequency_penalty: Option<f64>,
}

/// Who speaks. What tools answered is brought by the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Role {
    User,
    Assistant,
}

/// One turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said; results of tools before anything else.
    pub parts: Vec<Part>,
}

/// A piece of a turn.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Words.
    Text(String),
    /// An image.
    Image(Image),
    /// The model calls a tool.
    ToolCall(ToolCall),
    /// What the tool answered.
    ToolResult {
        /// Of the call.
        id: String,
        /// Words; the only thing every dialect takes from a tool.
        text: String,
        /// The tool failed.
        failed: bool,
    },
}

/// An image, brought along or to be fetched by the provider. The gateway fetches none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Image {
    /// Brought along.
    Inline {
        /// Such as `image/png`.
        media_type: String,
        /// Base64.
        data: String,
    },
    /// Where the provider finds it.
    Url(String),
}

/// One call of a tool.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolCall {
    /// Unique in the conversation.
    pub id: String,
    /// Of the tool.
    pub name: String,
    /// What it is called with.
    pub arguments: Map<String, Value>,
    /// Google's signature of the thought behind it, which must come back with the result.
    pub signature: Option<String>,
}

/// Something the model may call.
#[derive(Clone, Debug, PartialEq)]
pub struct Tool {
    /// Unique in the request.
    pub name: String,
    /// What it does, for the model.
    pub description: Option<String>,
    /// JSON Schema of its arguments.
    pub schema: Value,
    /// The arguments must satisfy the schema.
    pub strict: bool,
}

/// Whether a tool must be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolChoice {
    /// As the model likes.
    Auto,
    /// No call.
    Never,
    /// Some call.
    Any,
    /// This one.
    Named(String),
}

/// The shape of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Format {
    /// Some JSON.
    Json,
    /// JSON that satisfies a schema.
    Schema {
        /// What the caller calls it.
        name: String,
        /// JSON Schema.
        schema: Value,
    },
}

/// A whole answer, in no dialect.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The provider's name for it.
    pub id: String,
    /// The model that gave it, as the provider names it.
    pub model: String,
    /// The answers, at least one.
    pub choices: Vec<Choice>,
    /// Tokens, when reported.
    pub usage: Option<Usage>,
}

/// One answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Words.
    pub text: String,
    /// Calls.
    pub calls: Vec<ToolCall>,
    /// Why it ended.
    pub finish: Finish,
}

/// Why an answer ended. An end that is none of these is no end: the answer is incomplete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finish {
    /// All is said; with the stop sequence that ended it, where the provider names it.
    Stop(Option<String>),
    /// The ceiling, or the context window.
    Length,
    /// To call tools.
    ToolCalls,
    /// The provider keeps the rest back.
    Filtered,
}

/// What an event of a stream adds to an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Delta {
    /// The answer has begun.
    Begin {
        /// The provider's name for it.
        id: String,
        /// As the provider names it.
        model: String,
    },
    /// Words of an answer.
    Text {
        /// Which answer.
        choice: u64,
        /// The words.
        text: String,
    },
    /// A call begins.
    Call {
        /// Which answer.
        choice: u64,
        /// Which call of it, from 0.
        call: u64,
        /// Unique.
        id: String,
        /// Of the tool.
        name: String,
        /// See [`ToolCall::signature`].
        signature: Option<String>,
    },
    /// A piece of the arguments' JSON.
    Arguments {
        /// Which answer.
        choice: u64,
        /// Which call of it.
        call: u64,
        /// The piece.
        json: String,
    },
    /// An answer ends.
    End {
        /// Which answer.
        choice: u64,
        /// Why.
        finish: Finish,
    },
}

impl Conversation {
    /// Adds a turn; one by the speaker of the last turn continues it.
    pub fn say(&mut self, role: Role, parts: Vec<Part>) {
        match self.messages.last_mut() {
            Some(last) if last.role == role => last.parts.extend(parts),
            _ => self.messages.push(Message { role, parts }),
        }
    }

    /// The tool behind each call, by the call's id: some dialects name the tool in its result.
    pub fn tool_of(&self, call: &str) -> Option<&str> {
        self.parts().find_map(|part| match part {
            Part::ToolCall(made) if made.id == call => Some(made.name.as_str()),
            _ => None,
        })
    }

    /// Every piece of every turn.
    pub fn parts(&self) -> impl Iterator<Item = &Part> {
        self.messages.iter().flat_map(|message| &message.parts)
    }
}
