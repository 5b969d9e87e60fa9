//! What the file says: its sections, and an error that shows where and never what.
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::ValueEnum;
use convergio_wire::redact::without_value;
use convergio_wire::{EngineConfig, Model, config};
use serde::Deserialize;

use crate::webui::Choice;

/// The `[server]` section.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Server {
    /// Address to listen on; this machine only by default.
    pub(crate) listen: SocketAddr,
    /// Largest request body.
    pub(crate) max_body_bytes: usize,
    /// How long a client may take to send its body.
    pub(crate) body_timeout_ms: u64,
    /// How long running answers may take to end after a signal.
    pub(crate) shutdown_grace_ms: u64,
    /// Browsers reach the gateway over HTTPS, through a proxy: sessions are never sent without.
    pub(crate) secure_cookies: bool,
    /// The folder of the web UI, or `off`; looked for where it usually is unless said otherwise.
    pub(crate) webui: Choice,
    /// A demo: every provider is simulated on this machine, and everybody is told.
    pub(crate) demo: bool,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            max_body_bytes: 16 * 1024 * 1024,
            body_timeout_ms: 30_000,
            shutdown_grace_ms: 10_000,
            secure_cookies: false,
            webui: Choice::Usual,
            demo: false,
        }
    }
}

/// Whether the gateway knows people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// Only people of this installation get through; their keys, usage and deeds are kept.
    #[default]
    Required,
    /// Whoever reaches the gateway brings their own provider key along; nothing is kept.
    Off,
}

/// The `[accounts]` section.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Accounts {
    /// `required` unless said otherwise.
    pub(crate) mode: Mode,
    /// Ids of the tenants that house keys serve. Nobody else is served on the operator's money.
    pub(crate) reserved_capacity: Vec<String>,
}

/// The `[data]` section.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Data {
    /// `$XDG_DATA_HOME/convergio` unless said otherwise.
    pub(super) folder: Option<PathBuf>,
}

/// Where the master key is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kept {
    File,
    Environment,
    Keyring,
}

/// The `[vault]` section.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Vault {
    /// `environment` when `CONVERGIO_MASTER_KEY` is set, else `file`, unless said otherwise.
    pub(super) master_key: Option<Kept>,
    /// `$XDG_CONFIG_HOME/convergio/master.key` unless said otherwise.
    pub(super) file: Option<PathBuf>,
}

/// Everything a file can say.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) server: Server,
    pub(super) accounts: Accounts,
    pub(super) data: Data,
    pub(super) vault: Vault,
    pub(super) engine: EngineConfig,
}

/// Reads a file's text. The error is `line:column: message`, without the excerpt or the value that
/// could show a key.
pub(super) fn parse(text: &str) -> Result<Said, String> {
    // The gateway's own sections, and the engine's one by one: flattened they would lose their
    // positions.
    #[derive(Default, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct File {
        server: Server,
        accounts: Accounts,
        data: Data,
        vault: Vault,
        providers: config::Providers,
        routing: config::Routing,
        retry: config::Retry,
        timeouts: config::Timeouts,
        budget: Option<config::Budget>,
        egress: config::Egress,
        models: Option<Vec<Model>>,
        additional_models: Vec<Model>,
    }
    let at = |error: &toml::de::Error| {
        let before = &text[..error.span().map_or(0, |span| span.start.min(text.len()))];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!("{line}:{column}: {}", without_value(error.message()))
    };
    let file: File = toml::from_str(text).map_err(|error| at(&error))?;
    let engine = EngineConfig {
        providers: file.providers,
        routing: file.routing,
        retry: file.retry,
        timeouts: file.timeouts,
        budget: file.budget,
        egress: file.egress,
        models: file.models,
        additional_models: file.additional_models,
    };
    let File { server, accounts, data, vault, .. } = file;
    Ok(Said { server, accounts, data, vault, engine })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_named_and_keys_are_not_shown() {
        let problem = parse("[server]\nlisten = '127.0.0.1:0'\nbody = 3\n").unwrap_err();
        assert!(problem.contains("body"), "{problem}");
        let problem = parse("[routing]\nofline = true\n").unwrap_err();
        assert!(problem.starts_with("2:1: ") && problem.contains("ofline"), "{problem}");
        for text in ["providers = 'sk-canary'", "[providers]\nopenai = 'sk-canary'"] {
            let problem = parse(text).unwrap_err();
            assert!(!problem.contains("canary"), "{problem}");
        }
        let problem = parse("[providers.openai]\napi_key = 'sk-canary' 'x'\n").unwrap_err();
        assert!(problem.starts_with("2:") && !problem.contains("canary"), "{problem}");
        assert!(parse("[accounts]\nmode = 'on'\n").unwrap_err().starts_with("2:8: "));
        // Somebody who puts the key itself where its place belongs.
        let problem = parse("[vault]\nmaster_key = '1:00canary'\n").unwrap_err();
        assert!(problem.starts_with("2:14: ") && !problem.contains("canary"), "{problem}");
    }
}
