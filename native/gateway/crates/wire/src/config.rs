//! What an engine is configured with, the same for the gateway's file and the library's JSON.
//!
//! Strict: an unknown key is an error. Secrets are [`SecretString`]: they never show in `Debug`.
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::catalog::{self, Model};

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
    /// Replaces the built-in catalogue.
    pub models: Option<Vec<Model>>,
}

/// One section per provider.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Providers {
    /// Anything that speaks OpenAI's wire.
    pub openai: OpenAi,
}

/// A server that speaks OpenAI's wire.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OpenAi {
    /// Up to and including the version, without a trailing slash.
    pub base_url: String,
    /// The house key, used only when the caller brings none.
    pub api_key: Option<SecretString>,
    /// Allows `http://` to a host that is not this machine: keys then travel in the clear.
    pub allow_plaintext_http: bool,
}

impl Default for OpenAi {
    fn default() -> Self {
        Self {
            base_url: "https://api.openai.com/v1".to_owned(),
            api_key: None,
            allow_plaintext_http: false,
        }
    }
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
        self.models.clone().unwrap_or_else(catalog::builtin)
    }

    /// All that is wrong, one sentence each: `path: what is wrong; what to do`.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = self.models.as_deref().map(catalog::problems).unwrap_or_default();
        let url = &self.providers.openai.base_url;
        if let Some(problem) = base_url_problem(url, self.providers.openai.allow_plaintext_http) {
            problems.push(format!("providers.openai.base_url: {problem}"));
        }
        if self.providers.openai.api_key.as_ref().is_some_and(|key| !fits_a_header(key)) {
            problems.push(
                "providers.openai.api_key: is empty, or holds white space or characters outside \
                 ASCII; copy the key again"
                    .to_owned(),
            );
        }
        if self.routing.min_capability > 1_000 {
            problems.push("routing.min_capability: must be 0 to 1000".to_owned());
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

/// Found here and not by the first caller, who could do nothing about it.
fn fits_a_header(key: &SecretString) -> bool {
    let key = key.expose_secret();
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Keys go to this address, so it is held to a strict shape.
fn base_url_problem(url: &str, allow_plaintext: bool) -> Option<&'static str> {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme @ ("http" | "https"), rest)) => (scheme, rest),
        _ => return Some("must start with https:// (or http:// for this machine)"),
    };
    let authority = rest.split('/').next().unwrap_or_default();
    if authority.is_empty() || rest.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Some("has no host, or holds white space");
    }
    if authority.contains('@') {
        return Some("must not hold credentials; use api_key");
    }
    if rest.contains(['?', '#']) {
        return Some("must not hold a query or a fragment");
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(v6) => v6.split_once(']').unwrap_or_default(),
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let port_is_sound = match port.strip_prefix(':') {
        Some(port) => port.parse::<u16>().is_ok_and(|port| port > 0),
        None => port.is_empty(),
    };
    if host.is_empty() || !port_is_sound {
        return Some("has no host, or a port that is not 1 to 65535");
    }
    let loopback = host == "localhost"
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    if scheme == "http" && !loopback && !allow_plaintext {
        return Some("would send keys in the clear; use https, or set allow_plaintext_http = true");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_sound() {
        assert_eq!(EngineConfig::default().problems(), Vec::<String>::new());
    }

    #[test]
    fn base_urls_that_would_leak_or_mislead_are_refused() {
        for url in [
            "ftp://api.example.org/v1",
            "api.example.org/v1",
            "https://",
            "https://user:secret@api.example.org/v1",
            "https://api.example.org/v1?key=1",
            "https://api.example.org/v1#x",
            "http://api.example.org/v1",
            "http://127.0.0.1.example.org/v1",
            "https://api.example .org/v1",
            "https://:443/v1",
            "https://api.example.org:443x/v1",
            "https://api.example.org:65536/v1",
            "https://api.example.org:0/v1",
            "https://[::1/v1",
            "https://[::1]x/v1",
        ] {
            assert!(base_url_problem(url, false).is_some(), "{url}");
        }
        for url in [
            "https://api.example.org/v1",
            "http://127.0.0.1:8000/v1",
            "http://[::1]:8000/v1",
            "http://localhost:8000",
        ] {
            assert_eq!(base_url_problem(url, false), None, "{url}");
        }
        assert_eq!(base_url_problem("http://simulator:8000/v1", true), None);
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
