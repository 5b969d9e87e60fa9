//! Settings: defaults, then the file, then the environment, then the command line.
mod demo;
mod environment;
mod file;

use std::path::{Path, PathBuf};

use convergio_control::MasterKeyPlace;
use convergio_wire::EngineConfig;

use crate::webui::Choice;

pub(crate) use environment::Environment;
pub(crate) use file::{Accounts, Mode, Server};
use file::{Kept, Said, Vault};

/// Everything the gateway is told from outside.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) server: Server,
    pub(crate) accounts: Accounts,
    /// What is kept and where; nothing when accounts are off.
    pub(crate) kept: Option<Places>,
    pub(crate) engine: EngineConfig,
}

/// Where an installation is kept.
#[derive(Debug)]
pub(crate) struct Places {
    /// The folder of the database.
    pub(crate) data: PathBuf,
    /// What opens the secrets in it.
    pub(crate) master_key: MasterKeyPlace,
}

/// What the command line says; it goes before everything else.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overrides {
    pub(crate) accounts: Option<Mode>,
    pub(crate) data: Option<PathBuf>,
    pub(crate) webui: Option<Choice>,
    pub(crate) demo: bool,
}

impl Settings {
    /// Reads `file`, if one is given, and lets the environment override it.
    ///
    /// # Errors
    /// `file:line: what is wrong`, never showing a value that may be a key.
    pub(crate) fn load(
        file: Option<&Path>,
        environment: Environment,
        overrides: Overrides,
    ) -> Result<Self, String> {
        let said = match file {
            None => Said::default(),
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|error| format!("{}: {error}", path.display()))?;
                file::parse(&text).map_err(|problem| format!("{}:{problem}", path.display()))?
            }
        };
        let Said { mut server, mut accounts, data, vault, mut engine } = said;
        accounts.mode = overrides.accounts.unwrap_or(accounts.mode);
        server.webui = overrides.webui.unwrap_or(server.webui);
        if accounts.mode == Mode::Off {
            server.webui = without_accounts(server.webui)?;
        }
        let kept = match accounts.mode {
            Mode::Required => {
                let data = overrides.data.or(data.folder);
                Some(places(data, vault, &environment)?)
            }
            Mode::Off => None,
        };
        environment.apply(&mut engine.providers);
        server.demo |= overrides.demo;
        if server.demo {
            demo::confine(&mut engine)?;
        }
        if server.max_body_bytes == 0 || server.body_timeout_ms == 0 {
            return Err("server: max_body_bytes and body_timeout_ms must be above 0".to_owned());
        }
        Ok(Self { server, accounts, kept, engine })
    }
}

/// The web UI is for people who have an account.
fn without_accounts(webui: Choice) -> Result<Choice, String> {
    match webui {
        Choice::Usual | Choice::Off => Ok(Choice::Off),
        Choice::Folder(folder) => Err(format!(
            "--webui {}: the web UI needs accounts, and they are off; say --accounts required or \
             --webui off",
            folder.display()
        )),
    }
}

fn places(
    data: Option<PathBuf>,
    vault: Vault,
    environment: &Environment,
) -> Result<Places, String> {
    let below = |home: &Option<PathBuf>, name: &str| home.as_ref().map(|home| home.join(name));
    let data = data
        .or_else(|| below(&environment.data_home, "convergio"))
        .ok_or("there is no HOME to keep data in; name a folder with --data")?;
    let usual = if environment.master_key.is_some() { Kept::Environment } else { Kept::File };
    let master_key = match vault.master_key.unwrap_or(usual) {
        Kept::Environment => MasterKeyPlace::Environment(environment.master_key.clone()),
        Kept::Keyring => MasterKeyPlace::Keyring,
        Kept::File => {
            let said = environment.master_key_file.clone().or(vault.file);
            let usual = || below(&environment.config_home, "convergio/master.key");
            MasterKeyPlace::File(said.or_else(usual).ok_or(
                "there is no HOME to keep the master key in; set CONVERGIO_MASTER_KEY_FILE",
            )?)
        }
    };
    Ok(Places { data, master_key })
}

#[cfg(test)]
mod tests {
    use secrecy::{ExposeSecret, SecretString};

    use super::environment::Said as Told;
    use super::*;

    #[test]
    fn file_and_environment_add_up() {
        let said = file::parse(
            "[server]\nlisten = '127.0.0.1:0'\n[providers.openai]\nbase_url = 'http://localhost'\n",
        )
        .unwrap();
        assert_eq!(said.server.listen.port(), 0);
        assert_eq!(said.engine.providers.openai.base_url, "http://localhost");

        let house = || Some(SecretString::from("sk-house"));
        let environment = Environment {
            openai: Told { base_url: None, api_key: house() },
            azure: Told { base_url: Some("https://a.example.org".to_owned()), api_key: None },
            ..Environment::default()
        };
        let off = Overrides { accounts: Some(Mode::Off), ..Overrides::default() };
        let settings = Settings::load(None, environment, off).unwrap();
        let providers = settings.engine.providers;
        assert_eq!(providers.openai.api_key.unwrap().expose_secret(), "sk-house");
        assert_eq!(providers.azure.endpoint.as_deref(), Some("https://a.example.org"));
        assert!(providers.azure.api_key.is_none() && providers.google.api_key.is_none());
        assert!(settings.kept.is_none(), "nothing is kept when accounts are off");
    }

    #[test]
    fn without_accounts_there_is_no_web_ui_and_a_folder_for_it_is_a_mistake() {
        let load = |webui: &str| {
            let webui = Some(webui.parse().unwrap());
            let overrides = Overrides { accounts: Some(Mode::Off), webui, ..Overrides::default() };
            Settings::load(None, Environment::default(), overrides)
        };
        for choice in ["", "off"] {
            assert_eq!(load(choice).unwrap().server.webui, Choice::Off);
        }
        assert!(load("/my/build").unwrap_err().contains("--accounts required"));
        let settings = Settings::load(None, at_home(), Overrides::default()).unwrap();
        assert_eq!(settings.server.webui, Choice::Usual);
    }

    fn at_home() -> Environment {
        Environment {
            data_home: Some("/home/a/.local/share".into()),
            config_home: Some("/home/a/.config".into()),
            ..Environment::default()
        }
    }

    fn master_key(vault: Vault, environment: &Environment) -> MasterKeyPlace {
        places(None, vault, environment).unwrap().master_key
    }

    #[test]
    fn without_a_word_things_are_kept_where_they_belong_and_the_key_not_beside_the_data() {
        let settings = Settings::load(None, at_home(), Overrides::default()).unwrap();
        let Places { data, master_key } = settings.kept.unwrap();
        assert_eq!(data, Path::new("/home/a/.local/share/convergio"));
        let MasterKeyPlace::File(file) = master_key else { panic!("{master_key:?}") };
        assert_eq!(file, Path::new("/home/a/.config/convergio/master.key"));
    }

    #[test]
    fn a_master_key_in_the_environment_is_used_unless_the_file_says_otherwise() {
        let key = Some(SecretString::from("1:00"));
        let environment = Environment { master_key: key, ..at_home() };
        let place = master_key(Vault::default(), &environment);
        assert!(matches!(place, MasterKeyPlace::Environment(Some(_))), "{place:?}");
        let vault = Vault { master_key: Some(Kept::Keyring), file: None };
        assert!(matches!(master_key(vault, &environment), MasterKeyPlace::Keyring));
    }

    #[test]
    fn without_a_home_it_says_what_to_set() {
        let nowhere = Environment::default();
        let problem = places(None, Vault::default(), &nowhere).unwrap_err();
        assert!(problem.contains("--data"), "{problem}");
        let problem = places(Some("/d".into()), Vault::default(), &nowhere).unwrap_err();
        assert!(problem.contains("CONVERGIO_MASTER_KEY_FILE"), "{problem}");
    }
}
