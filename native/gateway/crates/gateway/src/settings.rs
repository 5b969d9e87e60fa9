//! Settings: defaults, then the file, then the environment, then the command line.
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use convergio_wire::redact::without_value;
use convergio_wire::{EngineConfig, Model, config};
use secrecy::SecretString;
use serde::Deserialize;

/// Everything the gateway is told from outside.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) server: Server,
    pub(crate) engine: EngineConfig,
}

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
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            max_body_bytes: 16 * 1024 * 1024,
            body_timeout_ms: 30_000,
            shutdown_grace_ms: 10_000,
        }
    }
}

/// What the environment says. Empty counts as absent.
#[derive(Debug, Default)]
pub(crate) struct Environment {
    base_url: Option<String>,
    api_key: Option<SecretString>,
}

impl Environment {
    /// Reads `CONVERGIO_OPENAI_BASE_URL` and `CONVERGIO_OPENAI_API_KEY`.
    pub(crate) fn read() -> Result<Self, String> {
        Ok(Self {
            base_url: variable("CONVERGIO_OPENAI_BASE_URL")?,
            api_key: variable("CONVERGIO_OPENAI_API_KEY")?.map(SecretString::from),
        })
    }
}

fn variable(name: &str) -> Result<Option<String>, String> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        // The value itself may be a key: it is not shown.
        Err(std::env::VarError::NotUnicode(_)) => Err(format!("{name} is not UTF-8")),
    }
}

impl Settings {
    /// Reads `file`, if one is given, and lets the environment override it.
    ///
    /// # Errors
    /// `file:line: what is wrong`, never showing a value that may be a key.
    pub(crate) fn load(file: Option<&Path>, environment: Environment) -> Result<Self, String> {
        let mut settings = match file {
            None => Self { server: Server::default(), engine: EngineConfig::default() },
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|error| format!("{}: {error}", path.display()))?;
                Self::parse(&text).map_err(|problem| format!("{}:{problem}", path.display()))?
            }
        };
        let openai = &mut settings.engine.providers.openai;
        if let Some(base_url) = environment.base_url {
            openai.base_url = base_url;
        }
        if environment.api_key.is_some() {
            openai.api_key = environment.api_key;
        }
        if settings.server.max_body_bytes == 0 || settings.server.body_timeout_ms == 0 {
            return Err("server: max_body_bytes and body_timeout_ms must be above 0".to_owned());
        }
        Ok(settings)
    }

    /// The error is `line:column: message`, without the excerpt or the value that could show a key.
    fn parse(text: &str) -> Result<Self, String> {
        // The gateway's own section, and the engine's one by one: flattened they would lose their
        // positions.
        #[derive(Default, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        struct File {
            server: Server,
            providers: config::Providers,
            routing: config::Routing,
            retry: config::Retry,
            timeouts: config::Timeouts,
            budget: Option<config::Budget>,
            models: Option<Vec<Model>>,
        }
        let at = |error: &toml::de::Error| {
            let before = &text[..error.span().map_or(0, |span| span.start.min(text.len()))];
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            format!("{line}:{column}: {}", without_value(error.message()))
        };
        let File { server, providers, routing, retry, timeouts, budget, models } =
            toml::from_str(text).map_err(|error| at(&error))?;
        let engine = EngineConfig { providers, routing, retry, timeouts, budget, models };
        Ok(Self { server, engine })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn file_and_environment_add_up() {
        let settings = Settings::parse(
            "[server]\nlisten = '127.0.0.1:0'\n[providers.openai]\nbase_url = 'http://localhost'\n",
        )
        .unwrap();
        assert_eq!(settings.server.listen.port(), 0);
        assert_eq!(settings.engine.providers.openai.base_url, "http://localhost");

        let environment =
            Environment { base_url: None, api_key: Some(SecretString::from("sk-house")) };
        let settings = Settings::load(None, environment).unwrap();
        let key = settings.engine.providers.openai.api_key.unwrap();
        assert_eq!(key.expose_secret(), "sk-house");
    }

    #[test]
    fn mistakes_are_named_and_keys_are_not_shown() {
        let problem = Settings::parse("[server]\nlisten = '127.0.0.1:0'\nbody = 3\n").unwrap_err();
        assert!(problem.contains("body"), "{problem}");
        let problem = Settings::parse("[routing]\nofline = true\n").unwrap_err();
        assert!(problem.starts_with("2:1: ") && problem.contains("ofline"), "{problem}");
        for text in ["providers = 'sk-canary'", "[providers]\nopenai = 'sk-canary'"] {
            let problem = Settings::parse(text).unwrap_err();
            assert!(!problem.contains("canary"), "{problem}");
        }
        let problem =
            Settings::parse("[providers.openai]\napi_key = 'sk-canary' 'x'\n").unwrap_err();
        assert!(problem.starts_with("2:") && !problem.contains("canary"), "{problem}");
    }
}
