//! What is recorded of one attempt to reach a provider.
use serde::{Deserialize, Serialize};

/// Tokens by kind; the kinds are disjoint: a cached token is not also an input token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    /// Prompt tokens neither read from nor written to a cache.
    pub input: i64,
    /// Prompt tokens read from the provider's cache.
    #[serde(default)]
    pub cached_input: i64,
    /// Prompt tokens written to the provider's cache, short-lived.
    #[serde(default)]
    pub cache_write: i64,
    /// Prompt tokens written to the provider's cache to be kept longer.
    #[serde(default)]
    pub cache_write_long: i64,
    /// Answer tokens that were shown.
    pub output: i64,
    /// Answer tokens that were reasoning and not shown.
    #[serde(default)]
    pub reasoning: i64,
}

impl Tokens {
    /// All prompt tokens, which is what price tiers go by.
    pub fn prompt(&self) -> i64 {
        [self.input, self.cached_input, self.cache_write, self.cache_write_long]
            .into_iter()
            .fold(0, i64::saturating_add)
    }

    /// Tokens of all kinds.
    pub fn total(&self) -> i64 {
        self.prompt().saturating_add(self.answer())
    }

    /// All answer tokens.
    pub fn answer(&self) -> i64 {
        self.output.saturating_add(self.reasoning)
    }
}

/// Whose key paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialSource {
    /// The caller's own, from the vault or sent along.
    User,
    /// The operator's.
    House,
    /// None was needed: a model on this machine.
    None,
}

impl CredentialSource {
    /// `user`, `house` or `none`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::House => "house",
            Self::None => "none",
        }
    }
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "result", content = "code")]
pub enum Outcome {
    /// A whole answer arrived.
    Answered,
    /// The client went away before the end.
    Cancelled,
    /// It failed with this stable code, `provider.truncated` for example.
    Failed(String),
}

impl Outcome {
    /// One word for it: `ok`, `cancelled`, or the stable code.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Answered => "ok",
            Self::Cancelled => "cancelled",
            Self::Failed(code) => code,
        }
    }
}

/// The key that an attempt used: what it is called, never the key itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyUsed {
    /// Its id.
    pub id: String,
    /// Which version of it.
    pub version: i64,
}

/// One attempt to reach a provider: one call upstream. A request that is tried three times has three,
/// numbered from 1; whoever keeps them adds whose request it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// 1 for the first of a request.
    pub number: u32,
    /// When it began, milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// The provider that was asked.
    pub provider: String,
    /// The model that was asked for, as the catalogue names it.
    pub model: String,
    /// Where it is deployed, when the provider prices by region.
    pub region: Option<String>,
    /// The kept key that was used; none for one that was brought along, for the house's, and where
    /// none is needed.
    pub key: Option<KeyUsed>,
    /// Whose key paid.
    pub credential_source: CredentialSource,
    /// Tokens by kind.
    pub tokens: Tokens,
    /// The provider reported nothing, or not all; the tokens are our own estimate.
    pub estimated: bool,
    /// What it cost, nano-dollars; 0 where the provider charges nothing.
    pub cost_nano_usd: i64,
    /// The digest of the price table that says so.
    pub price_table: String,
    /// From sending to the last byte, milliseconds.
    pub latency_ms: u64,
    /// From sending to the first token, milliseconds; none when none came, or all at once.
    pub first_token_ms: Option<u64>,
    /// How it ended.
    pub outcome: Outcome,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_of_all_kinds_and_never_wrap() {
        let tokens = Tokens {
            input: 1,
            cached_input: 2,
            cache_write: 3,
            cache_write_long: 4,
            output: 5,
            reasoning: 6,
        };
        assert_eq!((tokens.prompt(), tokens.answer(), tokens.total()), (10, 11, 21));
        let huge = Tokens { input: i64::MAX, cached_input: 1, ..Tokens::default() };
        assert_eq!(huge.prompt(), i64::MAX);
    }

    #[test]
    fn an_outcome_is_readable_for_machines() {
        let json = |outcome| serde_json::to_string(&outcome).unwrap();
        assert_eq!(json(Outcome::Answered), r#"{"result":"answered"}"#);
        let failed = Outcome::Failed("provider.truncated".to_owned());
        assert_eq!((Outcome::Answered.as_str(), failed.as_str()), ("ok", "provider.truncated"));
        assert_eq!(json(failed), r#"{"result":"failed","code":"provider.truncated"}"#);
    }
}
