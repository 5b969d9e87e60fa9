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

/// What the environment says of one provider. Empty counts as absent.
#[derive(Debug, Default)]
struct Said {
    base_url: Option<String>,
    api_key: Option<SecretString>,
}

impl Said {
    fn read(address: &str, key: &str) -> Result<Self, String> {
        let api_key = variable(key)?.map(SecretString::from);
        Ok(Self { base_url: variable(address)?, api_key })
    }
}

/// What the environment says.
#[derive(Debug, Default)]
pub(crate) struct Environment {
    openai: Said,
    anthropic: Said,
    google: Said,
    azure: Said,
    azure_api_version: Option<String>,
}

impl Environment {
    /// Reads `CONVERGIO_<PROVIDER>_BASE_URL` and `CONVERGIO_<PROVIDER>_API_KEY`; of Azure, whose
    /// customers each have an address of their own, `_ENDPOINT` and `_API_VERSION`.
    pub(crate) fn read() -> Result<Self, String> {
        Ok(Self {
            openai: Said::read("CONVERGIO_OPENAI_BASE_URL", "CONVERGIO_OPENAI_API_KEY")?,
            anthropic: Said::read("CONVERGIO_ANTHROPIC_BASE_URL", "CONVERGIO_ANTHROPIC_API_KEY")?,
            google: Said::read("CONVERGIO_GOOGLE_BASE_URL", "CONVERGIO_GOOGLE_API_KEY")?,
            azure: Said::read("CONVERGIO_AZURE_ENDPOINT", "CONVERGIO_AZURE_API_KEY")?,
            azure_api_version: variable("CONVERGIO_AZURE_API_VERSION")?,
        })
    }

    /// Lets what is said override what the file says.
    fn apply(self, providers: &mut config::Providers) {
        let Self { openai, anthropic, google, azure, azure_api_version } = self;
        let servers = [
            (openai, &mut providers.openai),
            (anthropic, &mut providers.anthropic),
            (google, &mut providers.google),
        ];
        for (said, server) in servers {
            if let Some(base_url) = said.base_url {
                server.base_url = base_url;
            }
            server.api_key = said.api_key.or(server.api_key.take());
        }
        let own = &mut providers.azure;
        own.endpoint = azure.base_url.or(own.endpoint.take());
        own.api_key = azure.api_key.or(own.api_key.take());
        own.api_version = azure_api_version.or(own.api_version.take());
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
        environment.apply(&mut settings.engine.providers);
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
        Ok(Self { server: file.server, engine })
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

        let house = || Some(SecretString::from("sk-house"));
        let environment = Environment {
            openai: Said { base_url: None, api_key: house() },
            azure: Said { base_url: Some("https://a.example.org".to_owned()), api_key: None },
            ..Environment::default()
        };
        let providers = Settings::load(None, environment).unwrap().engine.providers;
        assert_eq!(providers.openai.api_key.unwrap().expose_secret(), "sk-house");
        assert_eq!(providers.azure.endpoint.as_deref(), Some("https://a.example.org"));
        assert!(providers.azure.api_key.is_none() && providers.google.api_key.is_none());
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
