//! Putting an installation together from its folder and its master key.
use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use convergio_accounts::{Accounts, Cost, Passwords};
use convergio_audit::{Chain, Writer};
use convergio_store::Store;
use convergio_vault::source::{
    EnvironmentSource, FileSource, KeychainSource, MasterKeySource, SourceError,
};
use convergio_vault::{MasterKeyring, MasterKeys, Pending, Reload, Vault, VaultError};
use secrecy::SecretString;

use crate::budgets::{Budgets, month_of};
use crate::clock::{Clock, SystemClock};
use crate::control::Control;
use crate::error::{ControlError, Result};
use crate::recorder::{self, Recorder};
use crate::setup::SetupLink;

/// The database's name in its folder.
const DATABASE: &str = "convergio.db";

/// So many audit rows may wait for the disk before those who write them do.
const AUDIT_QUEUE: usize = 4096;

/// So many requests may be recorded and not yet in the database before the next ones wait for room.
const RECORD_QUEUE: usize = 4096;

/// Where the master key is kept. Never beside the database: a copy of that folder must be worth
/// nothing.
#[derive(Clone, Debug)]
pub enum MasterKeyPlace {
    /// In this file; made at the first start.
    File(PathBuf),
    /// In the environment variable, whose value this was.
    Environment(Option<SecretString>),
    /// In the system's keyring.
    Keyring,
}

impl MasterKeyPlace {
    fn source(&self) -> Box<dyn MasterKeySource + Send> {
        match self {
            Self::File(path) => Box::new(FileSource::new(path)),
            Self::Environment(value) => Box::new(EnvironmentSource::new(value.clone())),
            Self::Keyring => Box::new(KeychainSource::system()),
        }
    }

    /// Where that is, for messages.
    pub(crate) fn place(&self) -> String {
        self.source().place()
    }

    /// How a key comes to a place that this program does not write to.
    pub(crate) fn remedy(&self) -> &'static str {
        match self {
            Self::File(_) => "name a file",
            Self::Environment(_) => {
                "set it to what it holds, a comma, the next number, a colon and the output of \
                 openssl rand -hex 32 (the first number is 1), and start the gateway anew"
            }
            Self::Keyring if cfg!(target_os = "macos") => {
                "store what it holds, a comma, the next number, a colon and the output of openssl \
                 rand -hex 32 (the first number is 1): security add-generic-password -U \
                 -s convergio-gateway -a master-keys -w asks for it"
            }
            Self::Keyring => {
                "store what it holds, a comma, the next number, a colon and the output of openssl \
                 rand -hex 32 (the first number is 1): secret-tool store --label=Convergio \
                 service convergio-gateway name master-keys asks for it"
            }
        }
    }

    /// The keys as they are there now. Off the async threads: a keyring may ask a person first.
    pub(crate) async fn load(&self) -> Result<MasterKeyring, SourceError> {
        let (source, place) = (self.source(), self.clone());
        tokio::task::spawn_blocking(move || source.load()).await.unwrap_or_else(|_| {
            let place = place.source().place();
            Err(SourceError::Unreadable { place, reason: "reading it was cut short".to_owned() })
        })
    }

    /// Makes the first key where this is a file. Other places are filled by whoever keeps them.
    fn create(&self, missing: SourceError) -> Result<MasterKeyring> {
        let Self::File(path) = self else { return Err(missing.into()) };
        self.make_folder()?;
        let keys = FileSource::new(path).create()?;
        tracing::info!(
            file = %path.display(),
            "a master key was made; keep a copy in a safe place, apart from backups of the database"
        );
        Ok(keys)
    }

    /// Makes the folder of the file, where it is one.
    pub(crate) fn make_folder(&self) -> Result<()> {
        let Self::File(path) = self else { return Ok(()) };
        match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            Some(folder) => make_folder(folder),
            None => Ok(()),
        }
    }
}

impl Reload for MasterKeyPlace {
    fn masters(&self) -> Pending<'_, Arc<dyn MasterKeys>> {
        Box::pin(async { Ok(Arc::new(self.load().await?) as Arc<dyn MasterKeys>) })
    }
}

/// How to open an installation.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder of the database; made, for its owner alone, when missing.
    pub data: PathBuf,
    /// Where the master key is.
    pub master_key: MasterKeyPlace,
    /// What tells the time.
    pub clock: Arc<dyn Clock>,
    /// What guessing a password costs.
    pub passwords: Cost,
    /// How long sessions and the setup link last.
    pub lifetimes: convergio_accounts::Options,
}

impl Options {
    /// The usual settings.
    pub fn new(data: impl Into<PathBuf>, master_key: MasterKeyPlace) -> Self {
        Self {
            data: data.into(),
            master_key,
            clock: Arc::new(SystemClock),
            passwords: Cost::default(),
            lifetimes: convergio_accounts::Options::default(),
        }
    }

    /// The database in that folder.
    pub fn database(&self) -> PathBuf {
        self.data.join(DATABASE)
    }
}

impl Control {
    /// Opens an installation, and makes it the first time. While nobody administers it, a fresh link
    /// comes with it that lets the first administrator in; links given out before are void then.
    ///
    /// # Errors
    /// `Folder`, `MasterKeyLost` or another trouble with the master key, what the store says.
    pub async fn open(options: Options) -> Result<(Self, Option<SetupLink>)> {
        make_folder(&options.data)?;
        let store = Store::open(&convergio_store::Options::new(options.database())).await?;
        let keys = match options.master_key.load().await {
            Ok(keys) => keys,
            Err(missing @ SourceError::Missing { .. }) => {
                if !store.master_key_usage().await?.is_empty() {
                    let (database, missing) = (options.database(), Box::new(missing));
                    return Err(ControlError::MasterKeyLost { database, missing });
                }
                options.master_key.create(missing)?
            }
            Err(other) => return Err(other.into()),
        };
        let opened = Vault::open(store.clone(), Arc::new(keys)).await;
        let vault = opened.map_err(|error| wrong_master_key(error, &options))?;
        let vault = vault.reloading(Arc::new(options.master_key.clone()));
        let chain = || Chain::new(&vault.derive(Chain::PURPOSE));
        // The task ends with the last clone of the writer.
        let (audit, _task) = Writer::start(store.clone(), chain(), AUDIT_QUEUE);
        let spool = vault.derive(recorder::PURPOSE);
        let recorder =
            Recorder::start(store.clone(), chain(), &spool, &options.data, RECORD_QUEUE).await?;
        let passwords = Passwords::new(options.passwords, 2)
            .ok_or(ControlError::Internal("Argon2 does not allow these costs"))?;
        let accounts = Accounts::new(store.clone(), passwords, options.lifetimes);
        let now = options.clock.now();
        let budgets = Budgets::of(store.limited_keys(month_of(now)).await?, now)?;
        let control = Self::new(store, vault, accounts, audit, recorder, budgets, &options);
        let link = control.setup_link().await?;
        Ok((control, link))
    }
}

/// The vault's own secret does not open under the right version: that is another installation's key.
pub(crate) fn wrong_master_key(error: VaultError, options: &Options) -> ControlError {
    match error {
        VaultError::Tampered => {
            let (place, database) = (options.master_key.place(), options.database());
            ControlError::WrongMasterKey { place, database }
        }
        other => other.into(),
    }
}

/// Makes a folder for its owner alone. One that others can write to is refused: they could put
/// another database, or another key, in its place.
fn make_folder(path: &Path) -> Result<()> {
    let refused = |what: String| ControlError::Folder { path: path.to_path_buf(), what };
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder.create(path).map_err(|error| {
        refused(format!("cannot be made: {}; name another folder", error.kind()))
    })?;
    let mode = fs::metadata(path).map_err(|error| refused(error.kind().to_string()))?.mode();
    let (open, sticky) = (mode & 0o022 != 0, mode & 0o1000 != 0);
    if open && !sticky {
        let mode = mode & 0o7777;
        let path = path.display();
        return Err(refused(format!(
            "has mode {mode:04o}: others could replace what is in it; chmod 700 {path}"
        )));
    }
    Ok(())
}
