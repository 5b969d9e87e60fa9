//! Provider adapters: one trait, one module per provider's wire.
//!
//! An adapter owns everything that is particular to its provider: the address, the headers, what an
//! error means, when to try again, and how to tell a complete answer from half of one. It returns
//! our stable codes and keeps the provider's own beside them. A key enters as a [`Credential`] and
//! leaves only in the one header that needs it.
#![forbid(unsafe_code)]

use std::fmt;

use convergio_wire::{Failure, Usage};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use secrecy::SecretString;
use serde_json::Value;

mod openai;

pub use openai::OpenAi;

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

    /// Builds what the first call would otherwise have to build.
    ///
    /// # Errors
    /// `provider.unavailable` when no call could succeed, for example without root certificates.
    fn warm_up(&self) -> Result<(), Failure>;

    /// Asks for a whole answer. Retries are the adapter's business.
    fn complete<'a>(
        &'a self,
        body: &'a Value,
        credential: &'a Credential,
    ) -> BoxFuture<'a, Result<Answer, Failure>>;

    /// Asks for a streamed answer. Retries end when the stream begins.
    fn stream<'a>(
        &'a self,
        body: &'a Value,
        credential: &'a Credential,
    ) -> BoxFuture<'a, Result<Pieces, Failure>>;
}
