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
use convergio_vault::{MasterKeyring, Vault};
use secrecy::SecretString;

use crate::clock::{Clock, SystemClock};
use crate::control::Control;
use crate::error::{ControlError, Result};
use crate::recorder::Recorder;
use crate::setup::SetupLink;

/// The database's name in its folder.
const DATABASE: &str = "convergio.db";

/// So many audit rows may wait for the disk before those who write them do.
const AUDIT_QUEUE: usize = 4096;

/// So many requests may wait to be recorded before the next ones wait for room.
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
        Self::create_file(path)
    }

    /// Makes a file with a first key. It never replaces one.
    ///
    /// # Errors
    /// `Folder`; what the file says, also that it is there.
    pub fn create_file(path: &Path) -> Result<MasterKeyring> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            make_folder(folder)?;
        }
        let keys = FileSource::new(path).create()?;
        tracing::info!(
            file = %path.display(),
            "a master key was made; keep a copy in a safe place, apart from backups of the database"
        );
        Ok(keys)
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
        let control = Self::attach(options).await?;
        let link = control.setup_link().await?;
        Ok((control, link))
    }

    /// [`open`](Self::open) without giving out a link: those given out before stay good.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn attach(options: Options) -> Result<Self> {
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
        let vault = Vault::open(store.clone(), Arc::new(keys)).await?;
        let chain = || Chain::new(&vault.derive(Chain::PURPOSE));
        // The task ends with the last clone of the writer.
        let (audit, _task) = Writer::start(store.clone(), chain(), AUDIT_QUEUE);
        let recorder = Recorder::start(store.clone(), chain(), RECORD_QUEUE);
        let passwords = Passwords::new(options.passwords, 2)
            .ok_or(ControlError::Internal("Argon2 does not allow these costs"))?;
        let accounts = Accounts::new(store.clone(), passwords, options.lifetimes);
        Ok(Self::new(store, vault, accounts, audit, recorder, &options))
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
