//! Provider adapters: one trait, one adapter, one small module per provider.
//!
//! A provider's module holds what is particular to it: addresses, headers, names. What an error
//! means, when to try again and how to tell a complete answer from half of one is the same code for
//! all. It returns our stable codes and keeps the provider's own beside them. A key enters as a
//! [`Credential`] and leaves only in the one header that needs it. Bodies are in the provider's own
//! dialect, both ways.
#![forbid(unsafe_code)]

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use convergio_wire::config::{EngineConfig, Place};
use convergio_wire::{Dialect, Failure, Usage};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use secrecy::SecretString;
use serde_json::Value;

mod adapter;
mod anthropic;
mod azure;
mod client;
pub mod egress;
mod exchange;
mod failure;
mod google;
mod openai;
mod reading;

pub use adapter::Adapter;

use client::Clients;
use egress::Guard;

/// An adapter for every provider, each where the configuration says.
pub fn all(config: &EngineConfig) -> Vec<Adapter> {
    let wires: [Box<dyn adapter::Wire>; 4] = [
        Box::new(openai::OpenAi),
        Box::new(anthropic::Anthropic),
        Box::new(google::Google),
        Box::new(azure::Azure),
    ];
    let connect_timeout = Duration::from_millis(config.timeouts.connect_ms);
    let clients = Arc::new(Clients::new(connect_timeout, Guard::new(&config.egress)));
    let adapter = |wire| Adapter::new(wire, config, Arc::clone(&clients));
    wires.into_iter().map(adapter).collect()
}

/// Whose key pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CredentialSource {
    /// The caller's own.
    User,
    /// Ours.
    House,
}

impl CredentialSource {
    /// `user` or `house`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::House => "house",
        }
    }
}

/// A key and whose it is. `Debug` never shows the key; its memory is zeroed when dropped.
#[derive(Clone, Debug)]
pub struct Credential {
    /// The key.
    pub key: SecretString,
    /// Whose it is.
    pub source: CredentialSource,
    /// Where it is for, when that came with it (a resource of Azure's): checked against the egress
    /// rule before every call. The operator's choice when absent.
    pub place: Option<Place>,
    /// What it is called where it is kept; none for one that is not kept.
    pub kept: Option<KeptAs>,
}

/// What a kept key is called: for usage and audit, never for a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAs {
    /// Its id.
    pub id: String,
    /// Which version of it.
    pub version: i64,
}

impl Credential {
    /// A key for wherever the operator says.
    pub fn new(key: SecretString, source: CredentialSource) -> Self {
        Self { key, source, place: None, kept: None }
    }
}

/// One question.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The model, as the catalogue names it.
    pub model: &'a str,
    /// In the provider's dialect.
    pub body: &'a Value,
    /// More headers for the provider, such as a caller's own `anthropic-version`.
    pub headers: &'a [(&'static str, String)],
    /// Who pays.
    pub credential: &'a Credential,
    /// Who follows the calls that this takes; nobody when absent.
    pub watch: Option<&'a dyn Watch>,
}

/// Follows the calls upstream that one question takes: an adapter may try more than once.
pub trait Watch: Send + Sync + fmt::Debug {
    /// A call goes out now.
    fn sent(&self);

    /// The call that went out last gave no answer. Another one may follow.
    fn failed(&self, failure: &Failure);
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The provider's JSON, untouched.
    pub body: Value,
    /// The usage it reports.
    pub usage: Option<Usage>,
}

/// One piece of a streamed answer.
#[derive(Clone, Debug)]
pub enum Piece {
    /// A chunk to pass on.
    Chunk(Value),
    /// The chunk that only carries usage.
    Usage(Value),
    /// The answer is complete, with the usage the provider reported. Always the last piece, and
    /// never missing from a success.
    End(Option<Usage>),
}

/// Why a stream broke off.
#[derive(Clone, Debug)]
pub struct Broken {
    /// Why.
    pub failure: Failure,
    /// The usage the provider reported before: what was delivered is paid for all the same.
    pub usage: Option<Usage>,
}

/// The pieces of an answer: any number of chunks, then one `End` or one error.
pub type Pieces = BoxStream<'static, Result<Piece, Broken>>;

/// Something that answers chat completions.
pub trait Provider: Send + Sync + fmt::Debug {
    /// Its name in answers, metrics and the catalogue.
    fn name(&self) -> &'static str;

    /// How it speaks.
    fn dialect(&self) -> Dialect;

    /// Builds what the first call would otherwise have to build.
    ///
    /// # Errors
    /// `provider.unavailable` when no call could succeed, for example without root certificates.
    fn warm_up(&self) -> Result<(), Failure>;

    /// Asks for a whole answer. Retries are the adapter's business.
    fn complete<'a>(&'a self, ask: Ask<'a>) -> BoxFuture<'a, Result<Answer, Failure>>;

    /// Asks for a streamed answer. Retries end when the stream begins.
    fn stream<'a>(&'a self, ask: Ask<'a>) -> BoxFuture<'a, Result<Pieces, Failure>>;

    /// Asks for vectors; the provider's JSON.
    fn embed<'a>(&'a self, ask: Ask<'a>) -> BoxFuture<'a, Result<Value, Failure>>;

    /// Asks how many tokens a request has; the provider's JSON.
    fn count_tokens<'a>(&'a self, ask: Ask<'a>) -> BoxFuture<'a, Result<Value, Failure>>;

    /// The models that a key may ask. It costs nothing, so it is also how a key is tried.
    fn models<'a>(
        &'a self,
        credential: &'a Credential,
    ) -> BoxFuture<'a, Result<Vec<String>, Failure>>;
}
