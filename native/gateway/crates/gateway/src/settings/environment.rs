//! What the environment says. Empty counts as absent, and no value is ever shown.
use std::path::PathBuf;

use convergio_wire::config;
use secrecy::SecretString;

/// What is said of one provider.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) base_url: Option<String>,
    pub(super) api_key: Option<SecretString>,
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
    pub(super) openai: Said,
    pub(super) anthropic: Said,
    pub(super) google: Said,
    pub(super) azure: Said,
    pub(super) azure_api_version: Option<String>,
    /// Master keys themselves, for platforms that deliver secrets that way.
    pub(super) master_key: Option<SecretString>,
    pub(super) master_key_file: Option<PathBuf>,
    /// Where data and configuration of a person belong, by the XDG base directories.
    pub(super) data_home: Option<PathBuf>,
    pub(super) config_home: Option<PathBuf>,
}

impl Environment {
    /// Reads `CONVERGIO_<PROVIDER>_BASE_URL` and `CONVERGIO_<PROVIDER>_API_KEY`; of Azure, whose
    /// customers each have an address of their own, `_ENDPOINT` and `_API_VERSION`; and where the
    /// master key is and things are kept.
    pub(crate) fn read() -> Result<Self, String> {
        Ok(Self {
            openai: Said::read("CONVERGIO_OPENAI_BASE_URL", "CONVERGIO_OPENAI_API_KEY")?,
            anthropic: Said::read("CONVERGIO_ANTHROPIC_BASE_URL", "CONVERGIO_ANTHROPIC_API_KEY")?,
            google: Said::read("CONVERGIO_GOOGLE_BASE_URL", "CONVERGIO_GOOGLE_API_KEY")?,
            azure: Said::read("CONVERGIO_AZURE_ENDPOINT", "CONVERGIO_AZURE_API_KEY")?,
            azure_api_version: variable("CONVERGIO_AZURE_API_VERSION")?,
            master_key: variable("CONVERGIO_MASTER_KEY")?.map(SecretString::from),
            master_key_file: variable("CONVERGIO_MASTER_KEY_FILE")?.map(PathBuf::from),
            data_home: home("XDG_DATA_HOME", ".local/share")?,
            config_home: home("XDG_CONFIG_HOME", ".config")?,
        })
    }

    /// Lets what is said of providers override what the file says.
    pub(super) fn apply(self, providers: &mut config::Providers) {
        let Self { openai, anthropic, google, azure, azure_api_version, .. } = self;
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

/// A base directory: what the variable says when that is absolute, else `below` the home.
fn home(name: &str, below: &str) -> Result<Option<PathBuf>, String> {
    let said = variable(name)?.map(PathBuf::from).filter(|path| path.is_absolute());
    let usual = variable("HOME")?.map(|home| PathBuf::from(home).join(below));
    Ok(said.or(usual))
}

fn variable(name: &str) -> Result<Option<String>, String> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        // The value itself may be a key: it is not shown.
        Err(std::env::VarError::NotUnicode(_)) => Err(format!("{name} is not UTF-8")),
    }
}
