//! What the operator of an installation does from the command line: with the gateway stopped, or
//! beside it while it runs.
//!
//! Nobody logs in here: whoever can read the data folder, and where a master key is needed that too,
//! is the operator. Nothing is made or brought up to date on the way, so a mistyped folder stays as
//! it is; that is for the gateway's own start.
mod audit;
mod masters;
mod setup;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use convergio_audit::Chain;
use convergio_store::{Backup, Store, StoreError};
use convergio_vault::source::SourceError;
use convergio_vault::{MasterKeyring, Vault};

use crate::error::{ControlError, Result};
use crate::open::{Options, wrong_master_key};

pub use audit::{Anchor, Found, Judgement, LogCheck, SealCheck, Verification};
pub use masters::{MasterKeyStatus, Moved, Stuck};

/// Who did it, in audit rows: nobody of the tenant.
const ACTOR: &str = "operator";

/// In which request, in audit rows: in none.
const REQUEST: &str = "command line";

/// An installation as its operator finds it: a folder, and a place for the master key.
#[derive(Debug)]
pub struct Installation {
    options: Options,
}

impl Installation {
    /// The one that [`Control::open`](crate::Control::open) would open with the same options.
    pub fn new(options: Options) -> Self {
        Self { options }
    }

    /// Its database.
    pub fn database(&self) -> PathBuf {
        self.options.database()
    }

    /// Copies the database to a file that must not exist yet. The master key does not go along.
    ///
    /// # Errors
    /// What the store says; nothing is left there then.
    pub async fn backup(&self, to: &Path) -> Result<Backup> {
        let options = convergio_store::Options::new(self.database());
        Ok(Store::backup_of(&options, to).await?)
    }

    /// For reading.
    async fn look(&self) -> Result<Store> {
        Ok(look_at(&self.database()).await?)
    }

    /// For writing. What is missing is not made, and an older schema is left as it is: the gateway
    /// that runs on it may be an older one.
    async fn change(&self) -> Result<Store> {
        self.look().await?.close().await;
        Ok(Store::open(&convergio_store::Options::new(self.database())).await?)
    }

    /// The master keys, which must be there.
    async fn masters(&self) -> Result<MasterKeyring> {
        self.options.master_key.load().await.map_err(|error| match error {
            missing @ SourceError::Missing { .. } => {
                let (database, missing) = (self.database(), Box::new(missing));
                ControlError::MasterKeyLost { database, missing }
            }
            other => other.into(),
        })
    }

    /// The vault of a store that has one; none is begun here.
    async fn vault(&self, store: &Store, masters: MasterKeyring) -> Result<Vault> {
        if store.master_key_usage().await?.is_empty() {
            return Err(ControlError::NothingSealed { database: store.path().to_path_buf() });
        }
        let opened = Vault::open(store.clone(), Arc::new(masters)).await;
        opened.map_err(|error| wrong_master_key(error, &self.options))
    }
}

async fn look_at(database: &Path) -> Result<Store, StoreError> {
    Store::open_read_only(&convergio_store::Options::new(database)).await
}

fn chain_of(vault: &Vault) -> Chain {
    Chain::new(&vault.derive(Chain::PURPOSE))
}
