//! The pure vocabulary of the gateway: what travels on the wire and what is written in files.
//!
//! No I/O, no FFI, no clock: every item takes data and returns data, so all of it runs under Miri.
//!
//! - [`chat`] a chat request as far as the gateway reads it, in the dialect it came in;
//! - [`conversation`] the internal chat model, between dialects;
//! - [`dialect`] what OpenAI, Anthropic and Google call the same things;
//! - [`embeddings`] vectors for texts;
//! - [`sse`] event streams, bounded, from any byte stream;
//! - [`stream`] what makes a streamed answer complete;
//! - [`error`] the stable error codes;
//! - [`catalog`] models and their prices;
//! - [`config`] what an engine is configured with;
//! - [`redact`] removing a key from text that must be passed on.
#![forbid(unsafe_code)]

pub mod catalog;
pub mod chat;
pub mod config;
pub mod conversation;
pub mod dialect;
pub mod embeddings;
pub mod error;
pub mod redact;
pub mod sse;
pub mod stream;

pub use catalog::{Locality, Model};
pub use chat::{ChatRequest, Usage};
pub use config::EngineConfig;
pub use dialect::Dialect;
pub use error::{ErrorCode, Failure, ProviderFailure};
