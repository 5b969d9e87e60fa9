//! What an engine is configured with, the same for the gateway's file and the library's JSON.
//!
//! Strict: an unknown key is an error. Secrets are [`secrecy::SecretString`]: they never show in
//! `Debug`.
mod providers;

use serde::Deserialize;

use crate::catalog::{self, Model};

pub use providers::{Azure, Egress, Place, Providers, Server};

/// Everything an engine needs to know.
///
/// ```
/// use convergio_wire::EngineConfig;
///
/// let config: EngineConfig = toml::from_str(r#"
///     [providers.openai]
///     base_url = "http://127.0.0.1:9000/v1"
///     [routing]
///     min_capability = 300
/// "#)?;
/// assert!(config.problems().is_empty());
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EngineConfig {
    /// Where providers are and how to talk to them.
    pub providers: Providers,
    /// Rules every routing decision obeys.
    pub routing: Routing,
    /// When to try again.
    pub retry: Retry,
    /// How long to wait.
    pub timeouts: Timeouts,
    /// A spending limit; none when absent.
    pub budget: Option<Budget>,
    /// Where addresses that callers supply may point.
    pub egress: Egress,
    /// Replaces the built-in catalogue.
    pub models: Option<Vec<Model>>,
    /// Added to the catalogue, whichever it is.
    pub additional_models: Vec<Model>,
}

/// How strictly queries must stay on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Privacy {
    /// Cloud and local alike.
    Any,
    /// A local model that is good enough goes first.
    PreferLocal,
    /// Nothing leaves the machine.
    LocalOnly,
}

/// Rules of every routing decision.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Routing {
    /// How strictly queries stay local; the edition's default when absent.
    pub privacy: Option<Privacy>,
    /// No network: only local models.
    pub offline: bool,
    /// Hard floor of capability, 0..=1000.
    pub min_capability: u16,
    /// Points that a local model's capability must have above the complexity of a question,
    /// -1000..=1000: more sends more to the cloud, below 0 keeps more here.
    pub local_margin: i16,
    /// Ceiling of one answer in tokens: a request for more is refused, one that does not say is
    /// sent with it. When absent, the edition's default is what a request that does not say counts
    /// as; it is sent only where money is limited.
    pub max_output_tokens: Option<u64>,
    /// What one query may cost, nano-dollars; the edition's cap when absent.
    pub max_query_cost_nano_usd: Option<i64>,
}

/// When to try again.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retry {
    /// Retries after the first try; 0 never retries.
    pub max_retries: u32,
    /// Upper bound of the first delay.
    pub base_ms: u32,
    /// Upper bound of each delay we choose ourselves.
    pub cap_ms: u32,
    /// Longest `retry-after` to obey before giving the failure to the caller.
    pub max_retry_after_ms: u32,
}

impl Default for Retry {
    fn default() -> Self {
        // A caller waits on the other end, and its SDK retries too: stay short.
        Self { max_retries: 2, base_ms: 250, cap_ms: 4_000, max_retry_after_ms: 5_000 }
    }
}

/// How long to wait for a provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timeouts {
    /// For a connection.
    pub connect_ms: u64,
    /// For a whole plain answer, and for the head of a streamed one.
    pub request_ms: u64,
    /// For the next bytes of a stream.
    pub stream_idle_ms: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect_ms: 5_000, request_ms: 120_000, stream_idle_ms: 30_000 }
    }
}

/// A spending limit.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Nano-dollars for the life of the engine.
    pub limit_nano_usd: i64,
    /// Nano-dollars already spent.
    #[serde(default)]
    pub spent_nano_usd: i64,
}

impl EngineConfig {
    /// The catalogue in force.
    pub fn catalog(&self) -> Vec<Model> {
        let mut models = self.models.clone().unwrap_or_else(catalog::builtin);
        models.extend(self.additional_models.iter().cloned());
        models
    }

    /// All that is wrong, one sentence each: `path: what is wrong; what to do`.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = match (&self.models, self.additional_models.is_empty()) {
            // The built-in catalogue is checked by a test.
            (None, true) => Vec::new(),
            (Some(models), true) => catalog::problems(models),
            (_, false) => catalog::problems(&self.catalog()),
        };
        self.provider_problems(&mut problems);
        if self.routing.min_capability > 1_000 {
            problems.push("routing.min_capability: must be 0 to 1000".to_owned());
        }
        if !(-1_000..=1_000).contains(&self.routing.local_margin) {
            problems.push("routing.local_margin: must be -1000 to 1000".to_owned());
        }
        if self.routing.max_output_tokens == Some(0) {
            problems.push("routing.max_output_tokens: must be above 0".to_owned());
        }
        if self.routing.max_query_cost_nano_usd.is_some_and(|cost| cost < 0) {
            problems.push("routing.max_query_cost_nano_usd: cannot be negative".to_owned());
        }
        if self.retry.base_ms == 0 || self.retry.cap_ms < self.retry.base_ms {
            problems.push("retry: needs 0 < base_ms <= cap_ms".to_owned());
        }
        let Timeouts { connect_ms, request_ms, stream_idle_ms } = self.timeouts;
        if [connect_ms, request_ms, stream_idle_ms].contains(&0) {
            problems.push("timeouts: every one must be above 0".to_owned());
        }
        if let Some(budget) = &self.budget
            && (budget.limit_nano_usd < 0 || budget.spent_nano_usd < 0)
        {
            problems.push("budget: amounts cannot be negative".to_owned());
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::SecretString;

    #[test]
    fn the_default_is_sound() {
        assert_eq!(EngineConfig::default().problems(), Vec::<String>::new());
    }

    #[test]
    fn an_unknown_key_is_refused_and_named() {
        let error = toml::from_str::<EngineConfig>("[routing]\nmin_capabilty = 3").unwrap_err();
        assert!(error.to_string().contains("min_capabilty"), "{error}");
    }

    #[test]
    fn a_house_key_that_no_header_can_carry_is_refused() {
        for key in ["", "sk-1\n", "sk 1", "sk-\u{e9}"] {
            let mut config = EngineConfig::default();
            config.providers.openai.api_key = Some(SecretString::from(key));
            let problems = config.problems();
            assert!(problems.len() == 1 && problems[0].contains("api_key"), "{problems:?}");
        }
    }

    #[test]
    fn a_key_never_shows_in_debug() {
        let config: EngineConfig =
            toml::from_str("[providers.openai]\napi_key = 'sk-canary-0123456789'").unwrap();
        assert!(!format!("{config:?}").contains("canary"));
    }
}
